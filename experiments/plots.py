"""Plots as files: SVG without a background and in grey, readable on white and on black; pages draw with reports.svg."""

from __future__ import annotations

import html
import io
import json
import re
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
    rated = {name: (test["rmse"], test["ndcg@10"]) for name, test in runs.items() if "rmse" in test}
    (axis,), svg = _panels(1, numbers=rated)
    for name, point in rated.items():
        axis.plot(*point, "o")
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


def models(questions: Mapping[str, Mapping[str, tuple[float, float, float]]]) -> str:
    """Models beside each other under several questions, a dot with an interval for each, the best one in colour.

    Args:
        questions: What is asked → model → value, and the ends of its interval.
    """
    axes, svg = _panels(len(questions), width=3.4, numbers=questions)
    for axis, (question, found) in zip(axes, questions.items(), strict=True):
        best = max(found, key=lambda name: found[name][0])
        for row, (name, (value, low, high)) in enumerate(reversed(list(found.items()))):
            colour = "#e07b00" if name == best else "#4c8bf5"
            axis.plot([low, high], [row, row], color=colour, linewidth=2, alpha=0.6, solid_capstyle="round")
            axis.plot(value, row, "o", color=colour, markersize=6)
        axis.set_yticks(range(len(found)), list(found)[::-1])
        axis.set_xlim(left=0)
        axis.grid(axis="x", color=GREY, alpha=0.25)
        _label(axis, question, "nDCG@10")
    return svg()


def numbers_of(svg: str) -> Any:
    """The numbers that a picture was drawn from, which it carries in its description; None if it has none."""
    found = re.search(r"<dc:description>(.*?)</dc:description>", svg, re.DOTALL)
    return json.loads(html.unescape(found[1])) if found else None


def _panels(count: int, *, width: float = 4.6, numbers: Mapping[str, Any] | None = None) -> tuple[list[Axes], Any]:
    """Panels, up to three side by side, and what makes an SVG of them when they are drawn.

    With ``numbers`` these stand in its description, rounded: whether a file is up to date is then seen from them, since
    another release of matplotlib writes the same picture in other words.
    """
    import matplotlib
    from matplotlib.figure import Figure

    across, down = min(count, 3), -(-count // 3)
    figure = Figure(figsize=(width * across, 3.2 * down), layout="constrained")
    every = figure.subplots(down, across, squeeze=False).ravel()
    axes = list(every[:count])
    for empty in every[count:]:
        empty.set_visible(False)

    def svg() -> str:
        buffer = io.StringIO()
        about = {"Date": None} | ({"Description": json.dumps(_rounded(numbers))} if numbers else {})
        looks: Any = {"svg.hashsalt": "tfrs-lab", "svg.fonttype": "none", "font.family": "sans-serif"}
        with matplotlib.rc_context(looks):  # the same picture, the same text
            figure.savefig(buffer, format="svg", transparent=True, metadata=about)
        return buffer.getvalue()[buffer.getvalue().index("<svg") :]

    return axes, svg


def _rounded(numbers: Any) -> Any:
    if isinstance(numbers, Mapping):
        return {name: _rounded(value) for name, value in numbers.items()}
    return [round(value, 4) for value in numbers]


def _label(axis: Axes, title: str, horizontal: str) -> None:
    axis.set_title(title, color=GREY, fontsize=10)
    axis.set_xlabel(horizontal, color=GREY)
    axis.tick_params(colors=GREY)
    axis.patch.set_alpha(0)
    for side, spine in axis.spines.items():
        spine.set_color(GREY)
        spine.set_visible(side in ("left", "bottom"))
