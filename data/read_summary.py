"""A one-line summary of reading a file."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ReadingSummary:
    """What was read of one ratings file: ``kept + merged + skipped == rows``.

    Attributes:
        file: What messages call it.
        rows: Rows in the file; its header and blank lines are none.
        kept: Rows of the table that came of it.
        merged: Rows that repeat a pair of user and movie, of which one counts.
        skipped: Bad lines that were passed over on request.
        users: Distinct users of the rows kept.
        movies: Distinct movies of the rows kept.
        first: Earliest time, seconds since 1970; None without times.
        last: Latest time.
        unit: How times were written; empty without times.
        renamed: Our name of a column → the file's, where they differ.
        passed_over: Columns that were not read.
        notes: What else is worth knowing, such as how the file was packed.
        first_bad: The first bad line and what is wrong with it; empty if none was skipped.
    """

    file: str
    rows: int
    kept: int
    merged: int = 0
    skipped: int = 0
    users: int = 0
    movies: int = 0
    first: int | None = None
    last: int | None = None
    unit: str = ""
    renamed: Mapping[str, str] = field(default_factory=dict)
    passed_over: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    first_bad: str = ""

    @property
    def line(self) -> str:
        """All of it, for people."""
        which = "last line" if self.first is None else "latest"
        merged = f"{self.merged:,} merged" + (f" (repeated events: the {which} counts)" if self.merged else "")
        counts = f"{self.rows:,} rows: {self.kept:,} kept, {merged}, {self.skipped:,} skipped"
        parts = [counts, f"{self.users:,} users, {self.movies:,} items"]
        if self.first is not None and self.last is not None:
            parts.append(f"{self.unit}, {_day(self.first)} to {_day(self.last)}")
        else:
            parts.append("no times")
        if self.renamed:
            parts.append(", ".join(f"{ours} is {theirs}" for ours, theirs in self.renamed.items()))
        if self.passed_over:
            parts.append(f"passed over: {some(self.passed_over)}")
        return f"{self.file}: {'; '.join([*parts, *self.notes])}"

    @property
    def skipped_line(self) -> str:
        """What was skipped, and why the first."""
        return skipped_line(self.skipped, self.rows, self.first_bad, self.file)


def skipped_line(skipped: int, rows: int, first: str, file: str) -> str:
    """What was skipped of a file, and why the first.

    >>> skipped_line(12, 19, "line 3, column user_rating: expected a number, got 'n/a'", "r.csv")
    "r.csv: skipped 12 of 19 lines (63 %), the first: line 3, column user_rating: expected a number, got 'n/a'"
    """
    share = 100 * skipped / max(rows, 1)
    percent = f"{share:.0f}" if share >= 1 else f"{share:.1g}"
    return f"{file}: skipped {skipped:,} of {rows:,} lines ({percent} %), the first: {first}"


def some(names: tuple[str, ...], most: int = 12) -> str:
    """Some names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _day(seconds: int) -> str:
    return datetime.datetime.fromtimestamp(seconds, tz=datetime.timezone.utc).date().isoformat()
