"""Quality by groups of users and of movies, from the slices of ``metrics.json``."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from tfrs_lab.evaluation.slices import HISTORY_LENGTHS
from tfrs_lab.experiments.display.display import number
from tfrs_lab.experiments.display.result_table import ResultTable
from tfrs_lab.experiments.display.svg import label, line_style, panel
from tfrs_lab.experiments.reports.html import Section, figure, runs_legend
from tfrs_lab.experiments.reports.runs import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

METRICS = {"ndcg@10": "nDCG@10", "recall@10": "recall@10"}


def history_section(runs: Sequence[Run]) -> Section | None:
    """Users by how many movies they have rated before."""
    caption = (
        "Users grouped by how many movies the model knows of them. A line that rises from left to right says that "
        "the model makes use of long histories. Groups also differ in how much there is to find: users with long "
        "histories often have more test ratings, which lifts precision and nDCG and lowers recall."
    )
    return _section(
        "Quality by length of the history",
        runs,
        {"history_length": HISTORY_LENGTHS},
        "movies known of the user",
        caption,
    )


def popularity_section(runs: Sequence[Run]) -> Section | None:
    """Movies by how many users have rated them."""
    caption = (
        "Only movies of the group count as relevant, the lists stay the same. Head, mid and tail hold a third of the "
        "known ratings each, so the tail has by far the most movies; new movies have no ratings at all. What is "
        "left of the head is what a list of the most popular movies does not find."
    )
    families = {"cold_start": ("cold_items",), "item_popularity": ("tail", "mid", "head")}
    return _section("Quality by popularity of the movie", runs, families, "movies that count as relevant", caption)


def _section(
    title: str, runs: Sequence[Run], families: Mapping[str, Collection[str]], horizontal: str, caption: str
) -> Section | None:
    """Plots and a table of some groups; None if no run has two of them."""
    slices = {run: _slices(run, families) for run in runs}
    names = [name for family in families.values() for name in family if any(name in own for own in slices.values())]
    if len(names) < 2:
        return None
    shown = {run: own for run, own in slices.items() if own}
    panels = [_panel(shown, names, metric, horizontal) for metric in METRICS]
    body = figure(panels, caption, legend=runs_legend(list(shown)))
    return Section(title, body + _table(shown, names))


def _slices(run: Run, families: Mapping[str, Collection[str]]) -> dict[str, dict[str, float]]:
    stored = run.result.metrics["slices"]
    return {
        name: stored[family][name]
        for family, names in families.items()
        for name in names
        if stored.get(family, {}).get(name)
    }


Slices = dict[Run, dict[str, dict[str, float]]]


def _panel(slices: Slices, names: Sequence[str], metric: str, horizontal: str) -> str:
    def draw(axis: Axes) -> None:
        for run, own in slices.items():
            there = [place for place, name in enumerate(names) if name in own]
            axis.plot(there, [own[names[place]][metric] for place in there], **line_style(run.place))
        axis.set_xticks(range(len(names)), [_words(name) for name in names])
        label(axis, METRICS[metric], horizontal, f"{METRICS[metric]} (0 to 1)")
        axis.set_ylim(bottom=0)

    alt = "; ".join(
        f"{run.label}: {', '.join(f'{_words(name)} {own[name][metric]:.3f}' for name in names if name in own)}"
        for run, own in slices.items()
    )
    return panel(draw, alt=f"{METRICS[metric]} by {horizontal}. {alt}.")


def _table(slices: Slices, names: Sequence[str]) -> str:
    """How much each group holds, where all runs agree on that, and its metrics; of several runs nDCG@10 alone."""
    held = {
        name: {(own[name]["users"], own[name]["interactions"]) for own in slices.values() if name in own}
        for name in names
    }
    counted = all(len(counts) == 1 for counts in held.values())
    metrics = ("ndcg@10", "precision@10", "recall@10") if len(slices) == 1 else ("ndcg@10",)
    rows = []
    for name in names:
        counts = [f"{count:,.0f}" for count in next(iter(held[name]))] if counted else []
        cells = [number(own.get(name, {}).get(metric)) for own in slices.values() for metric in metrics]
        rows.append([_words(name), *counts, *cells])
    titles = [metric.replace("ndcg", "nDCG") for metric in metrics]
    header = titles if len(slices) == 1 else [f"{titles[0]}\n{run.label}" for run in slices]
    return ResultTable(["group", *(["users", "test\nratings"] if counted else []), *header], rows).html()


def _words(name: str) -> str:
    return {"cold_items": "new"}.get(name, name.replace("-", "–"))
