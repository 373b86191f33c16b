"""Tables with a row per run: their columns, what ``recs compare`` prints, how to read it, and paired differences."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from tfrs_lab.experiments.display.differences import Comparison, difference_text, p_text, reliable
from tfrs_lab.experiments.display.display import number, seconds, with_interval
from tfrs_lab.experiments.display.result_table import ResultTable
from tfrs_lab.experiments.storage.results import Result

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

    Attributes:
        titles: Of the columns that there is room for.
    """

    def __init__(self, comparison: Comparison, width: int) -> None:
        self._comparison = comparison
        names = [result.name for result in comparison.results]
        self._order = [name for name in comparison.names if name in names or name in comparison.failed]
        columns = columns_of(comparison.results)
        for title in GIVE_WAY:
            if self._table(columns).__rich_measure__(_wide(), _wide().options).maximum <= width:
                break
            columns = [column for column in columns if column[0] != title]
        self._body = self._table(columns)
        self.titles = [title for title, _ in columns]

    def _table(self, columns: list[Column]) -> Table:
        about, results = self._comparison.about, {result.name: result for result in self._comparison.results}
        title = f"{about['dataset']}, {about['split']} split, test"
        leading = self._comparison.differences["leading"]
        return runs_table(
            {name: results.get(name) for name in self._order}, columns, leading=leading, title=title
        ).__rich__()

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
    """How to read the table, and what models have to say of themselves."""
    first = comparison.results[0]
    kind = str(first.config.get("asks") or first.config["split"])
    parts = f"means of {len(first.metrics['parts'])} runs; " if "parts" in first.metrics else ""
    several = "cuts" if first.config["settings"].get("cuts", 1) > 1 else "draws"
    error = f"the deviation between {several}" if over_draws(first) else "half a 95 % bootstrap interval over users"
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
    about = f"95 % interval; p of a randomisation test{corrected}"
    lines = [f"nDCG@10 against {reference}, {differences['chosen']}, user by user ({about}):"]
    for name, one in differences["paired"].items():
        found = f"{difference_text(one)}  {p_text(one['p_holm'])}"
        lines.append(f"  {name} − {reference}: {found}{'' if reliable(one) else '  (no reliable difference)'}")
    return lines


Column = tuple[str, "Callable[[Result], str]"]


def _metric(title: str, name: str) -> Column:
    """A test metric with half its interval, over draws with the deviation between them."""

    def cell(result: Result) -> str:
        test = result.metrics["test"]
        if over_draws(result):
            return f"{number(test[name])} ± {number(result.metrics['spread']['test'][name])}"
        return with_interval(test, result.metrics["confidence"], name)

    return title, cell


def _plain(title: str, name: str) -> Column:
    """A test metric alone; a dash where it was not measured."""
    return title, lambda result: number(result.metrics["test"].get(name))


def _slice(title: str, family: str, group: str, name: str) -> Column:
    """A metric of a slice; a dash where the slice is empty."""

    def cell(result: Result) -> str:
        value = result.metrics["slices"].get(family, {}).get(group, {}).get(name)
        if value is None or not over_draws(result):
            return number(value)
        return f"{number(value)} ± {number(result.metrics['spread']['slices'][family][group][name])}"

    return title, cell


def _by_revealed(result: Result) -> list[Column]:
    shown = result.metrics["slices"].get("revealed", {})
    return [_slice(f"nDCG@10\n{count} known", "revealed", count, "ndcg@10") for count in shown]


TOP_K = [_metric(f"{name}@10", f"{name.lower()}@10") for name in ("nDCG", "precision", "recall")]
DEPTH = [_plain(f"nDCG\n@{k}", f"ndcg@{k}") for k in (50, 100)]
FACTORIZED = _plain("factorized\ntop-100", "factorized_top_100")
RMSE = _plain("RMSE", "rmse")
SECONDS: list[Column] = [
    (f"{stage}\ns", lambda result, stage=stage: seconds(result.seconds[stage]))  # type: ignore[misc]
    for stage in ("train", "evaluate")
]
COLD_RECALL = _slice("recall@10\ncold movies", "cold_start", "cold_items", "recall@10")


def usual_columns(results: Sequence[Result]) -> list[Column]:
    """What a table of these runs shows: top-k metrics, and those of ratings and of movies without ratings if any.

    Longer lists are there if all runs have scored them.
    """
    rated = any("rmse" in result.metrics["test"] for result in results)
    deep = all("ndcg@100" in result.metrics["test"] for result in results)
    cold = any(result.metrics["slices"].get("cold_start", {}).get("cold_items") for result in results)
    return [*TOP_K, *(DEPTH if deep else []), FACTORIZED, *([COLD_RECALL] if cold else []), *([RMSE] if rated else [])]


COLUMNS: dict[str, Callable[[Result], list[Column]]] = {
    "cold-items": lambda result: TOP_K,
    "cold-users": _by_revealed,
    "mixed": lambda result: [
        _metric("nDCG@10\nall", "ndcg@10"),
        _slice("nDCG@10\nwarm", "cold_start", "warm_items", "ndcg@10"),
        *(_slice(f"recall@{k}\ncold", "cold_start", "cold_items", f"recall@{k}") for k in (10, 50)),
    ],
}
"""What the table of a split shows, where it is not the usual."""


def columns_of(results: Sequence[Result]) -> list[Column]:
    """What a table of these runs shows: what matters on their split, if it is one and the same, and seconds."""
    kinds = {str(result.config.get("asks") or result.config["split"]) for result in results}
    usual = len(kinds) > 1 or not kinds <= COLUMNS.keys()
    return [*(usual_columns(results) if usual else COLUMNS[kinds.pop()](results[0])), *SECONDS]


def runs_table(
    runs: Mapping[str, Result | None], columns: Sequence[Column], *, leading: Collection[str] = (), title: str = ""
) -> ResultTable:
    """A row per run under its label, those that lead in bold; without a result, the label alone."""
    rows = [[label, *(cell(run) if run else "" for _, cell in columns)] for label, run in runs.items()]
    bold = [place for place, label in enumerate(runs) if label in leading]
    return ResultTable(["model", *(heading for heading, _ in columns)], rows, title, bold=bold)


def over_draws(result: Result) -> bool:
    """Whether the run has several draws or cuts of its split."""
    return any("draw-" in part or "cut-" in part for part in result.metrics.get("parts", ()))
