"""What the index of a run costs in recall and gains in speed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tfrs_lab.data import DataError
from tfrs_lab.experiments.display.plots import draw_recall_and_speed
from tfrs_lab.experiments.reports.html import Section, figure, subtitle, table
from tfrs_lab.experiments.reports.runs import Run
from tfrs_lab.experiments.reports.svg import INK, panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def index_section(runs: Sequence[Run]) -> Section | None:
    """The curve of each run that has been indexed."""
    found = {run: tuning for run in runs if (tuning := _tuning(run)) is not None}
    if not found:
        return None
    bodies = [subtitle(run) + _one(tuning) for run, tuning in found.items()]
    return Section("Index: recall against speed", "".join(bodies))


def _tuning(run: Run) -> dict[str, Any] | None:
    """What tuning found, as ``recs index`` wrote it; None if the run has no index."""
    file = run.result.directory / "index.json"
    if not file.exists():
        return None
    try:
        tuning: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))["tuning"]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"expected the record of an index, got: {error!r}", file=file) from None
    return tuning


def _one(tuning: dict[str, Any]) -> str:
    k, target = tuning["k"], tuning["target_recall"]
    rows = [
        [title, tuning[name]["setting"]["kind"], f"{tuning[name]['recall']:.4f}", _speed(tuning[name])]
        for title, name in (("brute force", "brute_force"), ("chosen", "chosen"))
    ]

    def draw(axis: Axes) -> None:
        from matplotlib.ticker import LogLocator, NullLocator

        draw_recall_and_speed(axis, tuning, INK)
        axis.set(title="Recall and speed", ylabel="queries per second", xlabel=f"recall@{k} (the line is the target)")
        axis.legend(frameon=False, fontsize=9)
        axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.yaxis.set_major_formatter("{x:,.0f}")
        axis.yaxis.set_minor_locator(NullLocator())

    caption = (
        f"Each dot is a setting of ScaNN. Recall@{k} is the share of brute force's {k} best movies that it finds; the "
        f"fastest setting right of the target of {target:g} was chosen, or brute force where nothing is faster, as is "
        "usual for small catalogues. Speed is of this machine, on the run's own users."
    )
    alt = f"Queries per second over recall@{k}: " + ", ".join(f"{row[0]} {row[3]} at recall {row[2]}" for row in rows)
    return table(["", "kind", f"recall@{k}", "queries per second"], rows) + figure(
        [panel(draw, alt=alt + ".")], caption
    )


def _speed(one: dict[str, Any]) -> str:
    return f"{one['queries_per_second']:,.0f}"
