"""Learning curves from ``history.csv``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from tfrs_lab.experiments.display.svg import label, line_style, panel
from tfrs_lab.experiments.reports.html import Section, figure, legend, note
from tfrs_lab.experiments.reports.runs import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CAPTION = (
    "How training went on the train rows, epoch by epoch; parts of a model learn one after the other. Losses are "
    "relative to the first epoch, since they have units of their own. A validation curve that has gone flat says "
    "that more epochs would not help; one that turns down while the loss still falls, that the model learned by "
    "heart."
)


def learning_section(runs: Sequence[Run]) -> Section | None:
    """The curves of each run that learned in epochs; of a run with several replicates, the first one's."""
    found = [(run, history) for run in runs if (history := _history(run)) is not None]
    if not found:
        return None
    alone = runs[0].alone
    bodies = [_curves(history, CAPTION if alone else f"Learning of {run.label}.") for run, history in found]
    return Section("Learning curves", note(CAPTION) * (not alone) + "".join(bodies))


def _history(run: Run) -> pl.DataFrame | None:
    """``part``, ``epoch`` and a column per metric, or None."""
    file = run.replicates[0] / "history.csv"
    if not file.exists() or not file.read_text(encoding="utf-8").strip():
        return None
    history = pl.read_csv(file, infer_schema_length=None)
    history = history.select(name for name in history.columns if not name.endswith("_weight"))
    return history if len(history) and len(history.columns) > 2 else None


def _curves(history: pl.DataFrame, caption: str) -> str:
    """A plot per metric with a line per part of the model."""
    names = [name for name in history.columns if name not in ("part", "epoch")]
    parts = history["part"].unique(maintain_order=True).to_list()
    panels = [_curve(history, name, parts) for name in names]
    return figure(panels, caption, legend=legend(dict(enumerate(map(str, parts)))) if len(parts) > 1 else "")


def _curve(history: pl.DataFrame, name: str, parts: Sequence[str]) -> str:
    relative, title = name.endswith("loss"), _words(name)

    def draw(axis: Axes) -> None:
        for (part,), rows in history.drop_nulls(name).group_by("part", maintain_order=True):
            first = rows[name][0]
            values = rows[name] / first if relative and first else rows[name]
            axis.plot(rows["epoch"], values, **line_style(parts.index(part), marker=len(rows) <= 30))
        label(
            axis,
            title,
            "epoch",
            "share of the first epoch's" if relative else f"{title} (0 to 1)" if "@" in name else title,
        )
        axis.locator_params(axis="x", integer=True)

    last = history.drop_nulls(name)
    end = f"; the last value is {last[name][-1]:.3f}" if len(last) else ""
    return panel(draw, alt=f"Line plot of {title} by epoch{end}.")


def _words(name: str) -> str:
    """A column's name for a person."""
    return re.sub("^val_", "validation ", name).replace("_", " ").replace("ndcg", "nDCG")
