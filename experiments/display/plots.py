"""Plots as files: SVG without a background and in grey, readable on white and on black."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from tfrs_lab.experiments.display.svg import Draw, label, render

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GREY = "#888888"
"""For axes and labels."""
LOOKS = {"svg.hashsalt": "tfrs-lab", "font.family": "sans-serif", "axes.titlesize": 10, "legend.fontsize": 9}
BESIDE: dict[str, Any] = {"xytext": (5, 4), "textcoords": "offset points", "fontsize": 8}


def picture(draws: Sequence[Draw], *, width: float = 4.6, numbers: Mapping[str, Any] | None = None) -> str:
    """Panels as one file.

    Its description holds ``numbers``, rounded, which tell whether a file is up to date: another release of matplotlib
    writes the same picture in other words.
    """
    about = json.dumps(_rounded(numbers)) if numbers else None
    return render(draws, LOOKS, ink=GREY, size=(width, 3.2), about=about)


def trade_off(runs: Mapping[str, Mapping[str, float]]) -> str:
    """nDCG@10 of lists over RMSE of ratings, a labelled point per run: up and to the left is better."""
    rated = {name: (test["rmse"], test["ndcg@10"]) for name, test in runs.items() if "rmse" in test}

    def draw(axis: Axes) -> None:
        for name, point in rated.items():
            axis.plot(*point, "o")
            axis.annotate(name, point, **BESIDE)
        label(axis, "nDCG@10 of lists", "RMSE of predicted ratings")
        axis.margins(0.3, 0.15)

    return picture([draw], numbers=rated)


def recall_and_speed(tuning: Mapping[str, Any]) -> str:
    """What each setting of an index reached, with brute force and the chosen one."""
    return picture([partial(draw_recall_and_speed, tuning=tuning, ink=GREY)])


def draw_recall_and_speed(axis: Axes, tuning: Mapping[str, Any], ink: str) -> None:
    """Draws the same onto axes; ``ink`` is the colour of the target's line."""
    from matplotlib.ticker import LogLocator, NullLocator

    curve = tuning["curve"]
    axis.plot([one["recall"] for one in curve], [one["queries_per_second"] for one in curve], ".", label="ScaNN")
    for name, marker in (("brute_force", "s"), ("chosen", "o")):
        one = tuning[name]
        axis.plot(one["recall"], one["queries_per_second"], marker, label=name.replace("_", " "), fillstyle="none")
    axis.axvline(tuning["target_recall"], color=ink, linewidth=0.8)
    axis.set_yscale("log")
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.yaxis.set_major_formatter("{x:,.0f}")
    axis.yaxis.set_minor_locator(NullLocator())
    label(axis, "Recall and speed", f"recall@{tuning['k']} (the line is the target)", "queries per second")
    axis.legend(frameon=False, fontsize=9)


def accuracy_and_diversity(curve: Sequence[Mapping[str, float]]) -> str:
    """What lists lose in accuracy as they gain in diversity.

    Args:
        curve: Points in order of ``diversity``, the level: ``ndcg@10``, ``unlikeness@10`` and ``coverage@10``.
    """

    def draw(axis: Axes, metric: str) -> None:
        places = [(point["ndcg@10"], point[metric]) for point in curve]
        axis.plot(*zip(*places, strict=True), marker="o")
        for row in _apart(places):
            axis.annotate(f"{curve[row]['diversity']:g}", places[row], **BESIDE)
        label(axis, metric, "nDCG@10")

    return picture([partial(draw, metric=metric) for metric in ("unlikeness@10", "coverage@10")])


def models(questions: Mapping[str, Mapping[str, tuple[float, float, float]]]) -> str:
    """Models compared under several questions, a dot with an interval for each, the best one in colour.

    Args:
        questions: What is asked → model → value, and the ends of its interval.
    """

    def draw(axis: Axes, question: str) -> None:
        found = questions[question]
        best = max(found, key=lambda name: found[name][0])
        for row, (name, (value, low, high)) in enumerate(reversed(list(found.items()))):
            colour = "#e07b00" if name == best else "#4c8bf5"
            axis.plot([low, high], [row, row], color=colour, linewidth=2, alpha=0.6, solid_capstyle="round")
            axis.plot(value, row, "o", color=colour, markersize=6)
        axis.set_yticks(range(len(found)), list(found)[::-1])
        axis.set_xlim(left=0)
        axis.grid(axis="x", alpha=0.25)
        label(axis, question, "nDCG@10")

    return picture([partial(draw, question=question) for question in questions], width=3.4, numbers=questions)


def growth(points: Sequence[Mapping[str, Any]]) -> str:
    """What a rating costs and how much memory all take, over the number of ratings.

    Args:
        points: As ``benchmarks.scale`` keeps them: ``rows``, ``seconds`` by stage and ``peak_gb``.
    """
    numbers = {f"{point['rows']}": (cost_per_rating(point), point["peak_gb"]) for point in points}

    def draw(axis: Axes, place: int, title: str) -> None:
        axis.plot([point["rows"] for point in points], [found[place] for found in numbers.values()], marker="o")
        axis.set_xscale("log")
        axis.set_ylim(bottom=0)
        axis.grid(axis="y", alpha=0.25)
        label(axis, title, "ratings")

    titles = ("microseconds per rating", "memory at most, GB")
    return picture([partial(draw, place=place, title=title) for place, title in enumerate(titles)], numbers=numbers)


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
