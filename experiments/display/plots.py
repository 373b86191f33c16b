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
        tuning: As ``tfrs_lab.serving.tuning.Tuned.as_dict`` gives it.
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
        places = [(point["ndcg@10"], point[metric]) for point in curve]
        axis.plot(*zip(*places, strict=True), marker="o")
        for row in _apart(places):
            words = f"{curve[row]['diversity']:g}"
            axis.annotate(words, places[row], xytext=(5, 4), textcoords="offset points", color=GREY, fontsize=8)
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


def growth(points: Sequence[Mapping[str, Any]]) -> str:
    """What a rating costs and how much memory all take, over the number of ratings.

    Args:
        points: As ``benchmarks.scale`` keeps them: ``rows``, ``seconds`` by stage and ``peak_gb``.
    """
    rows = [point["rows"] for point in points]
    numbers = {f"{point['rows']}": (cost_per_rating(point), point["peak_gb"]) for point in points}
    axes, svg = _panels(2, numbers=numbers)
    for axis, place, title in zip(axes, (0, 1), ("microseconds per rating", "memory at most, GB"), strict=True):
        axis.plot(rows, [found[place] for found in numbers.values()], marker="o")
        axis.set_xscale("log")
        axis.set_ylim(bottom=0)
        axis.grid(axis="y", color=GREY, alpha=0.25)
        _label(axis, title, "ratings")
    return svg()


def cost_per_rating(point: Mapping[str, Any]) -> float:
    """Microseconds, of all stages.

    >>> cost_per_rating({"rows": 1_000_000, "seconds": {"split": 2.0, "train": 10.0}})
    12.0
    """
    return 1e6 * sum(point["seconds"].values()) / point["rows"]


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


def _apart(places: Sequence[tuple[float, float]], least: float = 0.08) -> list[int]:
    """Points whose labels don't cover each other: each at least so far from those before it, as a part of the axes.

    >>> _apart([(0, 0), (0.01, 0.01), (0.5, 0.5), (1, 1)])
    [0, 2, 3]
    """
    spans = [max(values) - min(values) or 1.0 for values in zip(*places, strict=True)]
    chosen: list[int] = []
    for row, (x, y) in enumerate(places):
        if all(abs(x - places[old][0]) / spans[0] + abs(y - places[old][1]) / spans[1] > least for old in chosen):
            chosen.append(row)
    return chosen


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
