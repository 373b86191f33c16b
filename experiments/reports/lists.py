"""Quality by length of the list, and accuracy against what else a list can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from tfrs_lab.data import Vocabulary
from tfrs_lab.evaluation.metrics import ndcg_at_k, precision_at_k, recall_at_k
from tfrs_lab.experiments.display.svg import label, line_style, panel
from tfrs_lab.experiments.reports.html import Section, figure, runs_legend
from tfrs_lab.experiments.reports.runs import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100)
TICKS = (1, 5, 10, 20, 50, 100)
MARKED = (1, 10, 50, 100)
"""These k are written on the curve."""
METRICS = {"precision": precision_at_k, "recall": recall_at_k, "ndcg": ndcg_at_k}

Curve = dict[str, list[float]]


def lists_section(runs: Sequence[Run]) -> Section | None:
    """Precision against recall, and nDCG, as lists grow longer."""
    curves = {run: curve for run in runs if (curve := run_curve(run))}
    if not curves:
        return None
    caption = (
        "In the first plot every point is a length k of the list: longer lists find more of what was held out (recall) "
        "but hold more misses (precision). A curve further up and to the right is better at every length. The second "
        "shows the quality of the order: nDCG counts hits near the top more, 1 is a perfect list."
    )
    panels = [_precision_recall(curves), _ndcg(curves)]
    return Section("Quality by length of the list", figure(panels, caption, legend=runs_legend(list(curves))))


def run_curve(run: Run) -> Curve:
    """``k`` and each metric at these; over parts their mean; nothing without lists."""
    topk, tests = run.tables("topk"), run.tables("test")
    if not topk or not tests or not all(map(len, topk)):
        return {}
    threshold = run.result.config["settings"].get("threshold")
    curves = [metrics_by_k(lists, test, threshold) for lists, test in zip(topk, tests, strict=True)]
    ks = min((curve["k"] for curve in curves), key=len)
    means = {name: np.mean([curve[name][: len(ks)] for curve in curves], axis=0).tolist() for name in METRICS}
    return {"k": ks, **means}


def metrics_by_k(topk: pl.DataFrame, test: pl.DataFrame, threshold: float | None) -> Curve:
    """Metrics at each length of ranked lists, by the protocol's formulas.

    Args:
        topk: ``user_id``, ``movie_id``, ``rank`` from 1.
        test: ``user_id``, ``movie_id``, with a threshold ``user_rating``.
        threshold: Least rating of a relevant row; None for any.

    >>> topk = pl.DataFrame({"user_id": ["a", "a"], "movie_id": ["1", "2"], "rank": [1, 2]})
    >>> test = pl.DataFrame({"user_id": ["a"], "movie_id": ["2"]})
    >>> metrics_by_k(topk, test, None)["precision"]
    [0.0, 0.5]
    """
    pair = ["user_id", "movie_id"]
    rows = test if threshold is None else test.filter(pl.col("user_rating") >= threshold)
    relevant = rows.select(pair).unique()
    users = Vocabulary.from_ids(relevant["user_id"])
    found = topk.join(relevant, on=pair, how="semi")
    depth = int(topk["rank"].max())  # type: ignore[arg-type]
    hits = np.zeros((len(users), depth), dtype=bool)
    hits[users.encode(found["user_id"]), found["rank"].to_numpy() - 1] = True
    number = np.bincount(users.encode(relevant["user_id"]), minlength=len(users))
    ks = [k for k in KS if k <= depth]
    return {
        "k": list(ks),
        **{name: [float(metric(hits, number, k).mean()) for k in ks] for name, metric in METRICS.items()},
    }


def _precision_recall(curves: Mapping[Run, Curve]) -> str:
    def draw(axis: Axes) -> None:
        for run, curve in curves.items():
            axis.plot(curve["recall"], curve["precision"], **line_style(run.place))
        best = max(curves.values(), key=lambda curve: curve["precision"][-1])
        for k, recall, precision in zip(best["k"], best["recall"], best["precision"], strict=True):
            if k in MARKED:
                axis.annotate(f"k = {k:g}", (recall, precision), xytext=(5, 4), textcoords="offset points", fontsize=8)
        label(axis, "Precision and recall", "recall@k (share of relevant movies)", "precision@k (share of the list)")
        axis.set_xlim(left=0)
        axis.set_ylim(bottom=0)
        axis.margins(0.12)

    return panel(draw, alt=f"Precision over recall for lists of 1 to 100 movies. {_at_10(curves, 'precision')}")


def _ndcg(curves: Mapping[Run, Curve]) -> str:
    def draw(axis: Axes) -> None:
        for run, curve in curves.items():
            axis.plot(curve["k"], curve["ndcg"], **line_style(run.place))
        label(axis, "nDCG", "length of the list k (movies)", "nDCG@k (0 to 1)")
        axis.set_xscale("log")
        ticks = [k for k in TICKS if k <= max(max(curve["k"]) for curve in curves.values())]
        axis.set_xticks(ticks, [str(k) for k in ticks], minor=False)
        axis.set_xticks([], minor=True)
        axis.set_ylim(bottom=0)

    return panel(draw, alt=f"nDCG over the length of the list. {_at_10(curves, 'ndcg')}")


def _at_10(curves: Mapping[Run, Curve], name: str) -> str:
    values = [
        f"{run.label} {curve[name][curve['k'].index(10)]:.3f}" for run, curve in curves.items() if 10 in curve["k"]
    ]
    return f"{name}@10: {', '.join(values)}." if values else ""


def exposure_section(runs: Sequence[Run]) -> Section | None:
    """Accuracy against coverage and novelty, a point per run; says something from two runs on."""
    shown = [run for run in runs if "coverage@10" in run.result.metrics["test"]]
    if len(shown) < 2:
        return None
    caption = (
        "Each point is a model. Up is more accurate; to the right lists hold more of the catalogue (coverage), or "
        "movies that fewer people know (novelty). A model to the left serves everybody the same well-known movies."
    )
    about = {"coverage@10": "coverage@10 (share of the catalogue)", "novelty@10": "novelty@10 (bits)"}
    panels = [_scatter(shown, name, text) for name, text in about.items()]
    return Section(
        "Accuracy against coverage and novelty", figure(panels, caption, legend=runs_legend(shown, line=False))
    )


def _scatter(runs: Sequence[Run], name: str, horizontal: str) -> str:
    points = [(run, run.result.metrics["test"][name], run.result.metrics["test"]["ndcg@10"]) for run in runs]

    def draw(axis: Axes) -> None:
        for run, across, up in points:
            axis.plot(across, up, **line_style(run.place) | {"markersize": 8})
        label(axis, name.split("@")[0].capitalize(), horizontal, "nDCG@10 (0 to 1)")
        axis.margins(0.15)

    alt = "; ".join(f"{run.label}: {name} {across:.3f}, nDCG@10 {up:.3f}" for run, across, up in points)
    return panel(draw, alt=f"Scatter plot. {alt}.")
