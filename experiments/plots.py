"""Plots as files: SVG without a background and in grey, readable on white and on black; pages draw with reports.svg."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GREY = "#888888"
"""For axes and labels."""


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
    draw_recall_and_speed(axes[0], tuning, GREY)
    _label(axes[0], "queries per second", f"recall@{tuning['k']} (the line is the target)")
    axes[0].legend(frameon=False, labelcolor=GREY, fontsize=9)
    return svg()


def draw_recall_and_speed(axis: Axes, tuning: Mapping[str, Any], ink: str) -> None:
    """Draws the same onto axes; ``ink`` is the colour of the target's line."""
    curve = tuning["curve"]
    axis.plot([one["recall"] for one in curve], [one["queries_per_second"] for one in curve], ".", label="ScaNN")
    for name, marker in (("brute_force", "s"), ("chosen", "o")):
        one = tuning[name]
        axis.plot(one["recall"], one["queries_per_second"], marker, label=name.replace("_", " "), fillstyle="none")
    axis.axvline(tuning["target_recall"], color=ink, linewidth=0.8)
    axis.set_yscale("log")


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
    import matplotlib
    from matplotlib.figure import Figure

    across, down = min(count, 3), -(-count // 3)
    figure = Figure(figsize=(4.6 * across, 3.2 * down), layout="constrained")
    every = figure.subplots(down, across, squeeze=False).ravel()
    axes = list(every[:count])
    for empty in every[count:]:
        empty.set_visible(False)

    def svg() -> str:
        buffer = io.StringIO()
        with matplotlib.rc_context({"svg.hashsalt": "tfrs-lab"}):  # the same picture, the same text
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
