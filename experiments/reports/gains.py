"""Who gains and who loses by the best model instead of the best baseline, down to what was held out of single users."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from tfrs_lab.experiments.display.differences import METRIC
from tfrs_lab.experiments.display.result_table import ResultTable
from tfrs_lab.experiments.display.svg import INK, label, line_style, panel
from tfrs_lab.experiments.reports.examples import rows_of, titles_of
from tfrs_lab.experiments.reports.html import Section, figure, note
from tfrs_lab.experiments.reports.numbers import same_test
from tfrs_lab.experiments.reports.runs import Run
from tfrs_lab.experiments.reports.verdict import best_baseline
from tfrs_lab.models.registry import BASELINES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EACH = 5
"""Users who gain most, and as many who lose most, that are shown."""
HELD_OUT = 12
"""Held-out movies of a user that are shown at most, those first that either model finds earliest."""


def gains_section(runs: Sequence[Run]) -> Section | None:
    """Of the best model on test that is no baseline, against the best baseline; None without both."""
    own = [run for run in runs if run.result.name not in BASELINES and METRIC in run.result.per_user.columns]
    baseline = best_baseline(runs)
    if not own or baseline is None:
        return None
    best = max(own, key=lambda run: run.result.metrics["test"][METRIC])
    if not same_test([best, baseline]):
        return None
    both = best.result.per_user.select("user_id", METRIC).join(
        baseline.result.per_user.select("user_id", before=METRIC), on="user_id"
    )
    gains = both.with_columns(gain=(pl.col(METRIC) - pl.col("before")).round(9)).sort("gain", "user_id")
    caption = (
        f"Test users in order of what they gain: nDCG@10 of {best.label} minus that of {baseline.label}. Above 0 lists "
        "became better; how many did, and how far the line goes below, no mean tells."
    )
    body = _counts(gains, best, baseline) + figure([_plot(gains, best)], caption)
    return Section(f"Who gains and who loses against {baseline.label}", body + _users(gains, best, baseline))


def _counts(gains: pl.DataFrame, best: Run, baseline: Run) -> str:
    """How many gain, stay and lose, by how much they are known."""
    known = _history_lengths(best)
    parts = {"all": gains}
    if known is not None and len(gains) >= 8:
        by_length = gains.join(known, on="user_id", how="left").with_columns(pl.col("known").fill_null(0))
        middle = float(np.median(by_length["known"].to_numpy()))
        parts |= {
            f"at most {middle:g} movies known": by_length.filter(pl.col("known") <= middle),
            f"more than {middle:g}": by_length.filter(pl.col("known") > middle),
        }
    rows = []
    for name, part in parts.items():
        if len(part):
            counts = [(part["gain"] > 0).sum(), (part["gain"] == 0).sum(), (part["gain"] < 0).sum()]
            shares = [f"{count:,} ({count / len(part):.0%})" for count in counts]
            rows.append([name, f"{len(part):,}", *shares, f"{part['gain'].to_numpy().mean():+.3f}"])
    return ResultTable(["users", "number", f"better by {best.label}", "the same", "worse", "mean gain"], rows).html()


def _history_lengths(run: Run) -> pl.DataFrame | None:
    tables = run.tables("known")
    return tables[0].group_by("user_id").agg(known=pl.len()) if tables else None


def _plot(gains: pl.DataFrame, best: Run) -> str:
    values = gains["gain"].to_numpy()

    def draw(axis: Axes) -> None:
        axis.plot(np.linspace(0, 100, len(values)), values, **line_style(best.place, marker=False))
        axis.axhline(0, color=INK, linewidth=0.8)
        label(axis, "Gain of each user", "test users (%)", "difference in nDCG@10")

    better, worse = (values > 0).mean(), (values < 0).mean()
    return panel(draw, alt=f"Gains of users in order: {better:.0%} above 0, {worse:.0%} below.")


def _users(gains: pl.DataFrame, best: Run, baseline: Run) -> str:
    """Who loses and who gains most, each with where both models have what was held out; of the first replicate."""
    lists = {run: run.tables("topk")[:1] for run in (best, baseline)}
    if not all(found and len(found[0]) for found in lists.values()):
        return ""
    ranks = {run: found[0] for run, found in lists.items()}
    listed = gains.join(ranks[best].select("user_id").unique(), on="user_id", how="semi")
    losers, winners = listed.filter(pl.col("gain") < 0).head(EACH), listed.filter(pl.col("gain") > 0).tail(EACH)
    titles = titles_of(best)
    shown = [_user(row, ranks, titles) for row in [*winners.reverse().rows(named=True), *losers.rows(named=True)]]
    text = "Those who gain most, then those who lose most; open one to see where its held-out movies are in both lists."
    return note(text) + "".join(shown) if shown else ""


def _user(row: Mapping[str, object], ranks: Mapping[Run, pl.DataFrame], titles: Mapping[str, str]) -> str:
    """One user's held-out movies with their places."""
    best, user = next(iter(ranks)), str(row["user_id"])
    held = rows_of(best, "test", user).select("movie_id").unique(maintain_order=True)
    for run, lists in ranks.items():
        own = lists.filter(pl.col("user_id") == user).select("movie_id", pl.col("rank").alias(run.label))
        held = held.join(own, on="movie_id", how="left", maintain_order="left")
    depth = max(int(lists["rank"].max()) for lists in ranks.values())  # type: ignore[arg-type]
    held = held.sort(pl.min_horizontal(*held.columns[1:]), nulls_last=True, maintain_order=True)
    rows = [
        [titles.get(movie, movie), *(f"after {depth}" if rank is None else str(rank) for rank in places)]
        for movie, *places in held.head(HELD_OUT).iter_rows()
    ]
    more = note(f"And {len(held) - HELD_OUT:,} more.") if len(held) > HELD_OUT else ""
    table = ResultTable(["held out", *(f"rank by {run.label}" for run in ranks)], rows).html()
    heading = f"User {user}: nDCG@10 {row['before']:.3f} → {row[METRIC]:.3f}, {len(held):,} held out"
    return f"<details><summary>{html.escape(heading)}</summary>{table}{more}</details>"
