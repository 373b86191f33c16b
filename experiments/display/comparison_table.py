"""What ``recs compare`` prints: a row per experiment, how to read it, and the paired differences."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from tfrs_lab.experiments.display.columns import Column, columns_of, over_draws
from tfrs_lab.experiments.display.differences import p_text, reliable
from tfrs_lab.experiments.display.display import seconds

if TYPE_CHECKING:
    from tfrs_lab.experiments.display.compared_runs import Comparison

GIVE_WAY = ("evaluate\ns", "nDCG\n@50", "factorized\ntop-100", "nDCG\n@100", "precision@10")
"""Columns that a narrow terminal goes without, the first ones first."""
REASON = 160
"""Most characters of why an experiment failed; ``comparison.json`` has all of it."""

RANKED = {
    "cold-items": "the new movies ranked among each other",
    "cold-users": "full catalogue, the first ratings of each user known to the model at prediction only",
}


class ComparisonTable:
    """One row per experiment: what matters on the split, and seconds; of one that failed, why.

    Args:
        comparison: With at least one result.
        width: Columns of the screen.

    Attributes:
        titles: Of the columns that there is room for.
    """

    def __init__(self, comparison: Comparison, width: int) -> None:
        self._comparison = comparison
        names = [result.name for result in comparison.results]
        self._order = [name for name in comparison.names if name in names or name in comparison.failed]
        columns = [*columns_of(comparison.results), *SECONDS]
        for title in GIVE_WAY:
            if self._table(columns).__rich_measure__(_wide(), _wide().options).maximum <= width:
                break
            columns = [column for column in columns if column[0] != title]
        self._body = self._table(columns)
        self.titles = [title for title, _ in columns]

    def _table(self, columns: list[Column]) -> Table:
        comparison = self._comparison
        table = Table(
            box=box.SIMPLE_HEAD,
            title=f"{comparison.about['dataset']}, {comparison.about['split']} split, test",
            title_style="bold",
        )
        table.add_column("model", no_wrap=True)
        for title, _ in columns:
            table.add_column(title, justify="right")
        results = {result.name: result for result in comparison.results}
        for name in self._order:
            cells = [cell(results[name]) for _, cell in columns] if name in results else []
            table.add_row(name, *cells, style="bold" if name in comparison.differences["leading"] else "")
        return table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The table, with reasons written across the cells of a row that has none."""
        indent = 3 + max(map(len, self._order))
        for line in console.render_lines(self._body, options, pad=False):
            name = "".join(segment.text for segment in line).strip()
            if name in self._comparison.failed:
                reason = textwrap.shorten(self._comparison.failed[name], REASON, placeholder=" …")
                yield Text(hanging(f"  {name}", reason, indent, options.max_width))
            else:
                yield from line
                yield Text("", end="\n")


SECONDS: list[Column] = [
    ("train\ns", lambda result: seconds(result.seconds["train"])),
    ("evaluate\ns", lambda result: seconds(result.seconds["evaluate"])),
]


def _wide() -> Console:
    """A screen on which nothing has to give way."""
    return Console(width=1000)


def hanging(name: str, text: str, indent: int, width: int) -> str:
    """A name and what is said of it, on as many lines as it takes.

    >>> print(hanging("ease", "needs about 29 GB, 6 GB are free", 8, 30))
    ease    needs about 29 GB, 6
            GB are free
    """
    lines = textwrap.wrap(text, max(20, width - indent)) or [""]
    return "\n".join([name.ljust(indent) + lines[0], *(" " * indent + line for line in lines[1:])])


def caption(comparison: Comparison, titles: list[str]) -> list[str]:
    """How to read the table, and what models have to say of themselves.

    Args:
        comparison: What the table shows.
        titles: Of its columns.
    """
    first = comparison.results[0]
    kind = str(first.config.get("asks") or first.config["split"])
    parts = f"means of {len(first.metrics['parts'])} runs; " if "parts" in first.metrics else ""
    error = "the deviation between draws" if over_draws(first) else "half a 95 % bootstrap interval over users"
    ranked = RANKED.get(kind, "full catalogue, known movies left out")
    sentences = [
        f"{parts}{first.metrics['test']['users']:.0f} test users, {ranked}; ± {error}.",
        "Bold: the best on test, and what the paired test does not tell from it." * (len(comparison.results) > 1),
        "Factorized top-k is TFRS's: per rating, known movies left in."
        * any(title.startswith("factorized") for title in titles),
    ]
    notes = [f"{result.name}: {note}" for result in comparison.results for note in result.notes]
    return [" ".join(filter(None, sentences)), *notes]


def differences_lines(differences: Mapping[str, Any]) -> list[str]:
    """What the paired comparison says: its heading, then a line per run; nothing for a single run."""
    if not differences["paired"]:
        return []
    reference, count = differences["reference"], len(differences["paired"])
    corrected = f", Holm-corrected for {count} comparisons" * (count > 1)
    lines = [
        f"nDCG@10, each model against {reference}, {differences['chosen']}, user by user (95 % interval; p of a "
        f"randomisation test{corrected}):"
    ]
    for name, one in differences["paired"].items():
        low, high = one["interval"]
        found = f"{one['difference']:+.3f} [{low:+.3f}, {high:+.3f}]  {p_text(one['p_holm'])}"
        lines.append(f"  {name} − {reference}: {found}{'' if reliable(one) else '  (no reliable difference)'}")
    return lines
