"""Plots of the report, as SVG without a background and in grey, readable on white and on black."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GREY = "#888888"
"""For axes and labels."""


def learning_curves(history: pl.DataFrame) -> str:
    """A small plot per metric with a line per part of the model.

    Args:
        history: ``part``, ``epoch`` and a column per metric, null for parts that do not have it; losses are shown
            relative to the first epoch, since parts have losses of their own.
    """
    names = [name for name in history.columns if name not in ("part", "epoch")]
    axes, svg = _panels(len(names))
    for axis, name in zip(axes, names, strict=True):
        relative = name.endswith("loss")
        for (part,), rows in history.drop_nulls(name).group_by("part", maintain_order=True):
            axis.plot(rows["epoch"], rows[name] / rows[name][0] if relative else rows[name], label=part)
        _label(axis, f"{name.replace('_', ' ')}{' (first epoch = 1)' if relative else ''}", "epoch")
    axes[0].legend(frameon=False, labelcolor=GREY, fontsize=9)
    return svg()


def rating_calibration(predictions: pl.DataFrame) -> str:
    """Whether predicted ratings are right on average, and with probabilities, whether these are.

    Args:
        predictions: ``user_rating``, ``prediction``, and maybe a column ``probability_<rating>`` per rating.
    """
    chances = [name for name in predictions.columns if name.startswith("probability_")]
    axes, svg = _panels(3 if chances else 2)
    binned = _binned(predictions["prediction"], predictions["user_rating"])
    axes[0].plot(binned["predicted"], binned["found"], marker="o")
    axes[0].axline((binned["predicted"][0], binned["predicted"][0]), slope=1, color=GREY, linewidth=0.8)
    _label(axes[0], "mean rating", "predicted rating (ten groups of equal size)")
    by_rating = predictions.group_by("user_rating").agg(pl.col("prediction").mean()).sort("user_rating")
    axes[1].bar(by_rating["user_rating"].cast(pl.String), by_rating["prediction"])
    _label(axes[1], "mean prediction", "rating given")
    if chances:
        stacked = pl.concat(
            predictions.select(chance=name, found=(pl.col("user_rating") == float(name.split("_")[1])).cast(pl.Float64))
            for name in chances
        )
        reliability = _binned(stacked["chance"], stacked["found"])
        axes[2].plot(reliability["predicted"], reliability["found"], marker="o")
        axes[2].axline((0, 0), slope=1, color=GREY, linewidth=0.8)
        _label(axes[2], "share of ratings", "predicted probability of a rating")
    return svg()


def _binned(predicted: pl.Series, found: pl.Series, groups: int = 10) -> pl.DataFrame:
    """Means of ``predicted`` and ``found`` in groups of equal size, in order of prediction."""
    order = pl.DataFrame({"predicted": predicted, "found": found}).sort("predicted").with_row_index()
    group = pl.col("index") * groups // len(order)
    return order.group_by(group, maintain_order=True).agg(pl.col("predicted").mean(), pl.col("found").mean())


def by_revealed(slices: Mapping[str, Mapping[str, float]]) -> str:
    """Quality of new users' lists over how many ratings of theirs the model was shown: nDCG@10 and recall@10.

    Args:
        slices: Number of ratings as text → metrics.
    """
    shown = sorted(slices, key=int)
    axes, svg = _panels(2)
    for axis, metric in zip(axes, ("ndcg@10", "recall@10"), strict=True):
        axis.plot([int(number) for number in shown], [slices[number][metric] for number in shown], marker="o")
        _label(axis, metric, "ratings of the new user that are known")
        axis.set_ylim(bottom=0)
    return svg()


def by_popularity(slices: Mapping[str, Mapping[str, float]]) -> str:
    """Bars of nDCG@10 and recall@10 of groups of movies, the least popular first.

    Args:
        slices: Group → metrics.
    """
    groups = [name for name in ("cold_items", "tail", "mid", "head") if name in slices]
    axes, svg = _panels(2)
    for axis, metric in zip(axes, ("ndcg@10", "recall@10"), strict=True):
        axis.bar([name.replace("_", " ") for name in groups], [slices[name][metric] for name in groups])
        _label(axis, metric, "movies that count as relevant")
    return svg()


def warm_cold(curve: Sequence[Mapping[str, float]], knob: float) -> str:
    """What movies without ratings gain and the others lose as the former come forward.

    Args:
        curve: Points in order of the knob: ``knob``, ``warm_ndcg@10``, ``cold_recall@10`` and ``ndcg@10`` of all.
        knob: Where the model stands.
    """
    warm = [point["warm_ndcg@10"] for point in curve]
    chosen = min(range(len(curve)), key=lambda place: abs(curve[place]["knob"] - knob))
    axes, svg = _panels(2)
    for axis, metric in zip(axes, ("cold_recall@10", "ndcg@10"), strict=True):
        values = [point[metric] for point in curve]
        axis.plot(warm, values)
        axis.plot(warm[chosen], values[chosen], "o", color=GREY, label=f"this model, knob {knob:g}")
        _label(axis, {"ndcg@10": "nDCG@10 of all"}.get(metric, "recall@10 of new movies"), "nDCG@10 of rated movies")
    axes[0].legend(frameon=False, labelcolor=GREY, fontsize=9)
    return svg()


def trade_off(runs: Mapping[str, Mapping[str, float]]) -> str:
    """nDCG@10 of lists over RMSE of ratings, a labelled point per run: up and to the left is better.

    Args:
        runs: Name → test metrics; runs without ratings are left out.
    """
    (axis,), svg = _panels(1)
    for name, test in runs.items():
        if "rmse" in test:
            axis.plot(test["rmse"], test["ndcg@10"], "o")
            point = (test["rmse"], test["ndcg@10"])
            axis.annotate(name, point, xytext=(5, 4), textcoords="offset points", fontsize=8, color=GREY)
    _label(axis, "nDCG@10 of lists", "RMSE of predicted ratings")
    axis.margins(0.3, 0.15)
    return svg()


def recall_and_speed(tuning: Mapping[str, Any]) -> str:
    """What each setting of an index reached, with brute force and the chosen one.

    Args:
        tuning: As ``serving.tuning.Tuned.as_dict`` gives it.
    """
    axes, svg = _panels(1)
    curve = tuning["curve"]
    axes[0].plot([one["recall"] for one in curve], [one["queries_per_second"] for one in curve], ".", label="ScaNN")
    for name, marker in (("brute_force", "s"), ("chosen", "o")):
        one = tuning[name]
        axes[0].plot(one["recall"], one["queries_per_second"], marker, label=name.replace("_", " "), fillstyle="none")
    axes[0].axvline(tuning["target_recall"], color=GREY, linewidth=0.8)
    axes[0].set_yscale("log")
    _label(axes[0], "queries per second", f"recall@{tuning['k']} (the line is the target)")
    axes[0].legend(frameon=False, labelcolor=GREY, fontsize=9)
    return svg()


def accuracy_and_diversity(curve: Sequence[Mapping[str, float]]) -> str:
    """What lists lose in accuracy as they gain in diversity.

    Args:
        curve: Points in order of ``diversity``, the wish: ``ndcg@10``, ``unlikeness@10`` and ``coverage@10``.
    """
    axes, svg = _panels(2)
    for axis, metric in zip(axes, ("unlikeness@10", "coverage@10"), strict=True):
        axis.plot([point["ndcg@10"] for point in curve], [point[metric] for point in curve], marker="o")
        for point in curve:
            axis.annotate(f"{point['diversity']:g}", (point["ndcg@10"], point[metric]), color=GREY, fontsize=8)
        _label(axis, metric, "nDCG@10")
    return svg()


def _panels(count: int) -> tuple[list[Axes], Any]:
    """Panels, up to three side by side, and what makes an SVG of them when they are drawn."""
    from matplotlib.figure import Figure

    across, down = min(count, 3), -(-count // 3)
    figure = Figure(figsize=(4.6 * across, 3.2 * down), layout="constrained")
    every = figure.subplots(down, across, squeeze=False).ravel()
    axes = list(every[:count])
    for empty in every[count:]:
        empty.set_visible(False)

    def svg() -> str:
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
        return buffer.getvalue()[buffer.getvalue().index("<svg") :]

    return axes, svg


def _label(axis: Axes, title: str, horizontal: str) -> None:
    axis.set_title(title, color=GREY, fontsize=10)
    axis.set_xlabel(horizontal, color=GREY)
    axis.tick_params(colors=GREY)
    axis.patch.set_alpha(0)
    for side, spine in axis.spines.items():
        spine.set_color(GREY)
        spine.set_visible(side in ("left", "bottom"))
