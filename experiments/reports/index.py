"""What the index of a run costs in recall and gains in speed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Any

from tfrs_lab.data import DataError
from tfrs_lab.experiments.display.plots import draw_recall_and_speed
from tfrs_lab.experiments.display.result_table import ResultTable
from tfrs_lab.experiments.display.svg import INK, panel
from tfrs_lab.experiments.reports.html import Section, figure, subtitle
from tfrs_lab.experiments.reports.runs import Run


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

    caption = (
        f"Each dot is a setting of ScaNN. Recall@{k} is the share of brute force's {k} best movies that it finds; the "
        f"fastest setting right of the target of {target:g} was chosen, or brute force where nothing is faster, as is "
        "usual for small catalogues. Speed is of this machine, on the run's own users."
    )
    draw = partial(draw_recall_and_speed, tuning=tuning, ink=INK)
    alt = f"Queries per second over recall@{k}: " + ", ".join(f"{row[0]} {row[3]} at recall {row[2]}" for row in rows)
    return ResultTable(["", "kind", f"recall@{k}", "queries per second"], rows).html() + figure(
        [panel(draw, alt=alt + ".")], caption
    )


def _speed(one: dict[str, Any]) -> str:
    return f"{one['queries_per_second']:,.0f}"
