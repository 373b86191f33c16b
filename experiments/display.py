"""Tables for a person to read."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.table import Table

from data import printable
from data.splits import NEED_TIMESTAMPS

if TYPE_CHECKING:
    from experiments.results import Result

WIDTH = 118
"""Columns of output that does not go to a terminal."""


def console() -> Console:
    """Where results go: stdout, wide enough for the tables when it is no terminal.

    Reads no markup: titles, ids and paths may hold ``[brackets]``.
    """
    new = partial(Console, highlight=False, markup=False, emoji=False)
    plain = new()
    if plain.is_jupyter:  # as text, which wraps where it must; rich's own HTML is cut off at the edge
        return new(width=WIDTH, force_jupyter=False, force_terminal=True)
    return plain if plain.is_terminal else new(width=WIDTH)


def program() -> str:
    """How the user can call ``recs`` again: by name if it is on the path, else by where it is."""
    here = Path(sys.executable).with_name("recs")
    if shutil.which("recs") or not here.exists():
        return "recs"
    return str(here.relative_to(Path.cwd())) if here.is_relative_to(Path.cwd()) else str(here)


def held_out_label(kind: str) -> str:
    """What a movie among a user's test rows is called.

    >>> held_out_label("temporal-user"), held_out_label("random")
    ('rated later', 'held out')

    Args:
        kind: Of the split; only in one by time is a test row later than what is known.
    """
    return "rated later" if kind in NEED_TIMESTAMPS else "held out"


def number(value: float | None, digits: int = 3) -> str:
    """A fixed number of digits; a dash for what was not measured."""
    return "–" if value is None else f"{value:.{digits}f}"


TITLES = {"ndcg": "nDCG", "map": "MAP", "mrr": "MRR", "rmse": "RMSE", "mae": "MAE", "gini": "Gini"}
"""How metrics are written, where not as they are stored."""


def title_of(metric: str) -> str:
    """How a metric is written.

    >>> title_of("ndcg@10"), title_of("hit_rate@5"), title_of("rmse")
    ('nDCG@10', 'hit rate@5', 'RMSE')
    """
    name, at, k = metric.partition("@")
    return TITLES.get(name, name.replace("_", " ")) + at + k


def with_interval(metrics: Mapping[str, float], confidence: Mapping[str, Sequence[float]], name: str) -> str:
    """A metric with half the width of its 95 % interval."""
    if name not in confidence:
        return number(metrics.get(name))
    low, high = confidence[name]
    return f"{number(metrics[name])} ± {number((high - low) / 2)}"


def seconds(value: float) -> str:
    """Seconds, the fewer the more precisely.

    >>> seconds(0.0312), seconds(4.26), seconds(71.8)
    ('0.03', '4.3', '72')
    """
    return f"{value:.2f}" if value < 1 else f"{value:.1f}" if value < 10 else f"{value:.0f}"


Column = tuple[str, "Callable[[Result], str]"]


def _metric(title: str, name: str) -> Column:
    """A test metric with half its interval, over draws with the deviation between them."""

    def cell(result: Result) -> str:
        test = result.metrics["test"]
        if over_draws(result):
            return f"{number(test[name])} ± {number(result.metrics['spread']['test'][name])}"
        return with_interval(test, result.metrics["confidence"], name)

    return title, cell


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
FACTORIZED = ("factorized\ntop-100", lambda result: number(result.metrics["test"].get("factorized_top_100")))
RMSE = ("RMSE", lambda result: number(result.metrics["test"].get("rmse")))
COLD_RECALL = _slice("recall@10\ncold movies", "cold_start", "cold_items", "recall@10")


def usual_columns(results: Sequence[Result]) -> list[Column]:
    """What a table of these runs shows: top-k metrics, and those of ratings and of movies without ratings if any."""
    rated = any("rmse" in result.metrics["test"] for result in results)
    cold = any(result.metrics["slices"].get("cold_start", {}).get("cold_items") for result in results)
    return [*TOP_K, FACTORIZED, *([COLD_RECALL] if cold else []), *([RMSE] if rated else [])]


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
    """What a table of these runs shows: what matters on their split, if it is one and the same."""
    kinds = {result.config["split"] for result in results}
    return COLUMNS[kinds.pop()](results[0]) if len(kinds) == 1 and kinds <= COLUMNS.keys() else usual_columns(results)


def over_draws(result: Result) -> bool:
    """Whether the run has several draws of its split."""
    return any("draw-" in part for part in result.metrics.get("parts", ()))


def comparison_table(results: Sequence[Result]) -> Table:
    """One row per run: what matters on the split, and seconds."""
    first = results[0].config
    table = Table(
        box=box.SIMPLE_HEAD,
        title=f"{first['dataset']['name']}, {first['split']} split, test",
        title_style="bold",
    )
    columns = columns_of(results)
    table.add_column("model", no_wrap=True)
    for title in (*(title for title, _ in columns), "train\ns", "evaluate\ns"):
        table.add_column(title, justify="right", no_wrap=True)
    best = max(result.metrics["test"]["ndcg@10"] for result in results)
    for result in results:
        table.add_row(
            result.name,
            *(cell(result) for _, cell in columns),
            seconds(result.seconds["train"]),
            seconds(result.seconds["evaluate"]),
            style="bold" if result.metrics["test"]["ndcg@10"] == best else "",
        )
    return table


RANKED = {
    "cold-items": "the new movies ranked among each other",
    "cold-users": "full catalogue, the first ratings of each user known to the model at prediction only",
}


def comparison_caption(results: Sequence[Result]) -> str:
    """How to read the table."""
    metrics, kind = results[0].metrics, results[0].config["split"]
    parts = f"means of {len(metrics['parts'])} runs; " if "parts" in metrics else ""
    ranked = RANKED.get(kind, "full catalogue, known movies left out")
    error = "the deviation between draws" if over_draws(results[0]) else "half a 95 % bootstrap interval over users"
    factorized = " Factorized top-k is TFRS's: per rating, known movies left in." if kind not in COLUMNS else ""
    return f"{parts}{metrics['test']['users']:.0f} test users, {ranked}; ± {error}.{factorized}"


def differences_lines(differences: Mapping[str, Any]) -> list[str]:
    """What the paired comparison says, a line per run."""
    best, lines = differences["best"], []
    for name, paired in differences["paired"].items():
        low, high = paired["interval"]
        verdict = "" if low * high > 0 else "  (no reliable difference)"
        lines.append(f"  {name} − {best}: {paired['difference']:+.3f} [{low:+.3f}, {high:+.3f}]{verdict}")
    return lines


def top_k_table(metrics: Mapping[str, float], confidence: Mapping[str, Sequence[float]], title: str) -> Table:
    """All top-k metrics of one model, a row per metric and a column per k."""
    ks = sorted(int(name.split("@")[1]) for name in metrics if name.startswith("ndcg@"))
    table = Table(box=box.SIMPLE_HEAD, title=title, title_style="bold")
    table.add_column("metric")
    for k in ks:
        table.add_column(f"@{k}", justify="right", no_wrap=True)
    for name in dict.fromkeys(key.split("@")[0] for key in metrics if "@" in key):
        table.add_row(name, *(with_interval(metrics, confidence, f"{name}@{k}") for k in ks))
    return table


def run_title(config: Mapping[str, Any]) -> str:
    """What was run on what, from a run's ``config.json``."""
    return f"{config['experiment']} on {config['dataset']['name']}, {config['split']} split, test"


def factorized_line(test: Mapping[str, float]) -> str:
    """Factorized top-k on one line."""
    found = {name: value for name, value in test.items() if name.startswith("factorized_top_")}
    return "factorized top-k: " + "  ".join(
        f"{name.removeprefix('factorized_top_')}: {number(value)}" for name, value in found.items()
    )


def rating_line(test: Mapping[str, float], confidence: Mapping[str, Sequence[float]]) -> str:
    """Errors of predicted ratings on one line."""
    return "predicted ratings: " + "  ".join(
        f"{name.upper()} {with_interval(test, confidence, name)}" for name in ("rmse", "mae")
    )


def side_by_side(left: Sequence[str], right: Sequence[str], left_title: str, right_title: str) -> Table:
    """Two lists of lines beside each other."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column(printable(left_title))
    table.add_column(printable(right_title))
    for cells in zip_longest(left, right, fillvalue=""):
        table.add_row(*map(printable, cells))
    return table
