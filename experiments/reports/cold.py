"""New users by what is known of them, and what new movies cost the others."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from statistics import mean
from typing import TYPE_CHECKING

from tfrs_lab.experiments.display.svg import INK, label, line_style, panel
from tfrs_lab.experiments.reports.html import Section, figure, runs_legend
from tfrs_lab.experiments.reports.runs import Run
from tfrs_lab.experiments.storage.results import over_replicates

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Curve = list[dict[str, float]]


def revealed_section(runs: Sequence[Run]) -> Section | None:
    """Quality of new users' lists over how many of their ratings the model was shown."""
    slices = {run: run.result.metrics["slices"].get("revealed", {}) for run in runs}
    slices = {run: own for run, own in slices.items() if len(own) > 1}
    if not slices:
        return None
    caption = (
        "The model never saw these users in training; at prediction it is shown their first ratings. The same users "
        "and the same rows to predict are behind each number. At 0 all that is left is what is popular or known of "
        "the person; how steeply a line rises says how fast the model gets to know somebody."
    )
    panels = [_revealed(slices, metric) for metric in ("ndcg@10", "recall@10")]
    return Section("Quality by number of revealed ratings", figure(panels, caption, legend=runs_legend(list(slices))))


def _revealed(slices: Mapping[Run, Mapping[str, Mapping[str, float]]], metric: str) -> str:
    name = metric.replace("ndcg", "nDCG")

    def draw(axis: Axes) -> None:
        for run, own in slices.items():
            shown = sorted(own, key=int)
            axis.plot([int(count) for count in shown], [own[count][metric] for count in shown], **line_style(run.place))
        label(axis, name, "ratings of the new user that are known", f"{name} (0 to 1)")
        axis.set_ylim(bottom=0)

    alt = "; ".join(
        f"{run.label}: {', '.join(f'{own[count][metric]:.3f} with {count}' for count in sorted(own, key=int))}"
        for run, own in slices.items()
    )
    return panel(draw, alt=f"{name} over ratings known of a new user. {alt}.")


def warm_cold_section(runs: Sequence[Run]) -> Section | None:
    """What movies without ratings gain and the others lose as the former come forward, of the hybrid."""
    curves = {run: _curve(run)[0] for run in runs}
    found = {run: curve for run, curve in curves.items() if any(point["cold_recall@10"] for point in curve)}
    if not found:
        return None
    caption = (
        "The hybrid's cold-start offset moves movies without ratings up or down among the others. Along the line it "
        "goes from one end to the other; the ring is where this model stands. Measured on validation, where the "
        "offset was chosen. A line that stays high on the right gives new movies their place at little cost."
    )
    about = {"cold_recall@10": ("New movies", "recall@10 of new movies"), "ndcg@10": ("All movies", "nDCG@10 of all")}
    panels = [_warm_cold(found, metric, *texts) for metric, texts in about.items()]
    return Section("New movies against rated ones", figure(panels, caption, legend=runs_legend(list(found))))


def _warm_cold(found: Mapping[Run, Curve], metric: str, title: str, vertical: str) -> str:
    def draw(axis: Axes) -> None:
        for run, curve in found.items():
            offset = _curve(run)[1]
            chosen = min(curve, key=lambda point: abs(point["offset"] - offset))
            warm = [point["warm_ndcg@10"] for point in curve]
            axis.plot(warm, [point[metric] for point in curve], **line_style(run.place, marker=False))
            at = (chosen["warm_ndcg@10"], chosen[metric])
            axis.plot(*at, "o", color=INK, fillstyle="none", markersize=8)
            axis.annotate(f"offset {offset:g}", at, xytext=(8, 6), textcoords="offset points", fontsize=9)
        label(axis, title, "nDCG@10 of rated movies (0 to 1)", f"{vertical} (0 to 1)")
        axis.margins(0.15)

    alt = "; ".join(
        f"{run.label}: from {curve[0][metric]:.3f} to {curve[-1][metric]:.3f}" for run, curve in found.items()
    )
    return panel(draw, alt=f"{vertical} over nDCG@10 of rated movies as the offset moves. {alt}.")


def _curve(run: Run) -> tuple[Curve, float]:
    """The curve over the cold-start offset and the offset that was chosen; means over the replicates of the run."""
    files = [part / "plan.json" for part in run.replicates]
    plans = [json.loads(file.read_text(encoding="utf-8")) for file in files if file.exists()]
    plans = [plan for plan in plans if plan.get("curve") and "offset" in plan.get("calibration", {})]
    if not plans:
        return [], 0.0
    offset = mean(plan["calibration"]["offset"] for plan in plans)
    curves = [plan["curve"] for plan in plans]
    return [over_replicates(points, mean) for points in zip(*curves, strict=True)], offset
