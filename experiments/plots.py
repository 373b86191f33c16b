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
        history: ``part``, ``epoch`` and a column per metric; the loss is shown relative to the first epoch, since
            parts have losses of their own.
    """
    names = [name for name in history.columns if name not in ("part", "epoch")]
    axes, svg = _panels(len(names))
    for axis, name in zip(axes, names, strict=True):
        for (part,), rows in history.group_by("part", maintain_order=True):
            values = rows[name] / rows[name][0] if name == "loss" else rows[name]
            axis.plot(rows["epoch"], values, label=part)
        _label(axis, "loss (first epoch = 1)" if name == "loss" else name, "epoch")
    axes[-1].legend(frameon=False, labelcolor=GREY, fontsize=9)
    return svg()


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
    """Panels side by side, and what makes an SVG of them when they are drawn."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.6 * count, 3.2), layout="constrained")
    axes = list(figure.subplots(1, count, squeeze=False)[0])

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
