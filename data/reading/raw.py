"""A file's columns as they come, before anything is made of their values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import polars as pl

from tfrs_lab.data.errors import DataError
from tfrs_lab.data.reading.column_names import Columns
from tfrs_lab.data.reading.values import Values

SKIP_HINT = "--skip-bad-lines drops such lines"
Lines: TypeAlias = "Sequence[int] | np.ndarray"


@dataclass(frozen=True)
class RawTable:
    """Some columns of a file.

    Attributes:
        file: What messages call it.
        table: [n] rows, under our names: text of a text file, else whatever type they have.
        lines: [n] line of each row (of Parquet and tables: its number, from 1).
        columns: Where they come from.
        malformed: How many records could not be cut into fields.
        first_malformed: The first of them, with its line; None if there is none.
        separator: Between the fields of a text file; None elsewhere.
        notes: What is worth knowing.
    """

    file: str
    table: pl.DataFrame
    lines: Lines
    columns: Columns
    malformed: int = 0
    first_malformed: DataError | None = None
    separator: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """All records of the file, good and bad."""
        return self.table.height + self.malformed


@dataclass(frozen=True)
class Sound:
    """Rows [m] that are not bad, their lines, how many were skipped, and what is wrong with the first of these."""

    table: pl.DataFrame
    lines: Lines
    skipped: int
    first_bad: str


def sound(raw: RawTable, read: Mapping[str, Values], bad: Mapping[str, pl.Series], *, skip_bad_lines: bool) -> Sound:
    """Leaves out bad lines.

    ``bad`` says for a column of ours where [n] rows are bad because of it.
    """
    table = pl.DataFrame({name: values.values for name, values in read.items()})
    wrong = {name: mask for name, mask in bad.items() if mask.any()}
    if not wrong and not raw.malformed:
        return Sound(table, raw.lines, 0, "")
    keep = np.ones(table.height, dtype=bool)
    for mask in wrong.values():
        keep &= ~mask.to_numpy()
    skipped = raw.malformed + int((~keep).sum())
    first = _first(raw, read, wrong)
    if not skip_bad_lines:
        several = f" ({skipped:,} of {raw.rows:,})" if skipped > 1 else ""
        reason = f"{first.reason}; {SKIP_HINT}{several}"
        raise DataError(reason, file=raw.file, line=first.line, column=first.column)
    said = str(DataError(first.reason, line=first.line, column=first.column)).removeprefix(": ")
    if skipped == raw.rows:
        raise DataError(f"all {skipped:,} lines are bad, the first: {said}", file=raw.file)
    lines: Any = np.asarray(raw.lines)[keep]
    return Sound(table.filter(keep), lines, skipped, said)


def _first(raw: RawTable, read: Mapping[str, Values], wrong: Mapping[str, pl.Series]) -> DataError:
    """The first bad line: the one that comes first in the file, and there the column that comes first."""
    found = [raw.first_malformed] if raw.first_malformed is not None else []
    places = {name: int(mask.arg_max() or 0) for name, mask in wrong.items()}
    if places:
        name = min(places, key=lambda name: (places[name], raw.columns.places.get(name, 0)))
        row = places[name]
        came = raw.table[name][row]
        came = "" if came is None and raw.separator is not None else came  # polars has nothing for an empty field
        error = read[name].fault(row, came, raw.columns.theirs(name))
        found.append(error.at(raw.file, int(raw.lines[row])))
    return min(found, key=lambda error: error.line or 0)
