"""Predicted ratings: how far off, and whether right on average."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import polars as pl

from tfrs_lab.experiments.display.display import with_interval
from tfrs_lab.experiments.display.result_table import ResultTable
from tfrs_lab.experiments.display.svg import INK, label, line_style, panel
from tfrs_lab.experiments.reports.html import Section, figure, runs_legend
from tfrs_lab.experiments.reports.runs import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GROUPS = 10


def ratings_section(runs: Sequence[Run]) -> Section | None:
    """Errors and calibration of the runs that predict ratings."""
    found = {run: pl.concat(tables) for run in runs if (tables := run.tables("predictions"))}
    found = {run: predictions for run, predictions in found.items() if len(predictions)}
    if not found:
        return None
    rows = []
    for run in found:
        metrics = run.result.metrics
        rows.append(
            [run.label, *(with_interval(metrics["test"], metrics["confidence"], name) for name in ("rmse", "mae"))]
        )
    panels = [_calibration(found), _by_rating(found)]
    caption = (
        "On the thin line predictions are right on average. First, test ratings in ten groups of equal size by what "
        "was predicted: a curve steeper than the line says that predictions are too cautious, a flatter one that they "
        "are too bold. Second, what was predicted for ratings that turned out to be so: always flatter, since nobody "
        "can know a rating for certain; a flat line would say that the model knows nothing of it."
    )
    chances = {run: names for run, one in found.items() if (names := _chances(one))}
    if chances:
        panels.append(_reliability({run: found[run] for run in chances}, chances))
        caption += " Last, the same for probabilities of single ratings."
    body = ResultTable(["model", "RMSE (stars)", "MAE (stars)"], rows).html()
    return Section("Calibration of predicted ratings", body + figure(panels, caption, legend=runs_legend(list(found))))


def _chances(predictions: pl.DataFrame) -> list[str]:
    """Columns with the probability of a rating."""
    return [name for name in predictions.columns if name.startswith("probability_")]


def binned(predicted: pl.Series, found: pl.Series, groups: int = GROUPS) -> pl.DataFrame:
    """Means of ``predicted`` and ``found`` in groups of equal size, in order of prediction.

    >>> binned(pl.Series([1.0, 4.0, 2.0, 3.0]), pl.Series([1.0, 5.0, 1.0, 4.0]), groups=2).rows()
    [(1.5, 1.0), (3.5, 4.5)]
    """
    order = pl.DataFrame({"predicted": predicted, "found": found}).sort("predicted").with_row_index()
    group = (pl.col("index") * groups // len(order)).alias("group")
    means = order.group_by(group, maintain_order=True).agg(pl.col("predicted").mean(), pl.col("found").mean())
    return means.select("predicted", "found")


def _line_of_truth(axis: Axes, through: float) -> None:
    axis.axline((through, through), slope=1, color=INK, linewidth=0.8)


def _calibration(found: Mapping[Run, pl.DataFrame]) -> str:
    means = {run: binned(one["prediction"], one["user_rating"]) for run, one in found.items()}

    def draw(axis: Axes) -> None:
        for run, one in means.items():
            axis.plot(one["predicted"], one["found"], **line_style(run.place))
        _line_of_truth(axis, next(iter(means.values()))["predicted"][0])
        label(axis, "Calibration", "predicted rating (stars, mean of a tenth)", "rating given (stars, mean)")

    alt = "; ".join(
        f"{run.label}: lowest tenth predicted {one['predicted'][0]:.2f}, given {one['found'][0]:.2f}, "
        f"highest tenth predicted {one['predicted'][-1]:.2f}, given {one['found'][-1]:.2f}"
        for run, one in means.items()
    )
    return panel(draw, alt=f"Mean rating given over mean rating predicted. {alt}.")


def _by_rating(found: Mapping[Run, pl.DataFrame]) -> str:
    means = {
        run: one.group_by("user_rating").agg(pl.col("prediction").mean()).sort("user_rating")
        for run, one in found.items()
    }

    def draw(axis: Axes) -> None:
        for run, one in means.items():
            axis.plot(one["user_rating"], one["prediction"], **line_style(run.place))
        _line_of_truth(axis, next(iter(found.values()))["prediction"].mean())  # type: ignore[arg-type]
        label(axis, "By the rating given", "rating given (stars)", "predicted rating (stars, mean)")

    alt = "; ".join(
        f"{run.label}: " + ", ".join(f"{given:g} given, {predicted:.2f} predicted" for given, predicted in one.rows())
        for run, one in means.items()
    )
    return panel(draw, alt=f"Mean prediction over the rating given. {alt}.")


def _reliability(found: Mapping[Run, pl.DataFrame], chances: Mapping[Run, Sequence[str]]) -> str:
    def draw(axis: Axes) -> None:
        for run, one in found.items():
            stacked = pl.concat(
                one.select(chance=name, found=(pl.col("user_rating") == float(name.split("_")[1])).cast(pl.Float64))
                for name in chances[run]
            )
            means = binned(stacked["chance"], stacked["found"])
            axis.plot(means["predicted"], means["found"], **line_style(run.place))
        _line_of_truth(axis, 0.0)
        label(axis, "Probabilities", "predicted probability of a rating (0 to 1)", "share of such ratings (0 to 1)")

    return panel(draw, alt="Share of ratings that came true over their predicted probability, in ten groups.")
