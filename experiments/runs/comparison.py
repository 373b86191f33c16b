"""Compares runs, results and models: metrics with intervals, and paired differences to the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from tfrs_lab.data import did_you_mean
from tfrs_lab.experiments.display.comparison_table import over_draws
from tfrs_lab.experiments.display.differences import Paired, difference_text, paired_to, reliable
from tfrs_lab.experiments.display.display import number, title_of, with_interval
from tfrs_lab.experiments.display.result_table import ResultTable
from tfrs_lab.experiments.reports import Run


@dataclass(frozen=True, eq=False)
class Scored:
    """Test metrics of one model.

    Attributes:
        label: Its name in the table.
        metrics: Name → value.
        confidence: Name → 95 % interval.
        per_user: ``user_id`` and a column per metric.
        asked: Fingerprints of the relevant test rows of each part; empty where they are not known.
        spread: Name → deviation between draws; None for a single draw.
    """

    label: str
    metrics: Mapping[str, float]
    confidence: Mapping[str, Sequence[float]]
    per_user: pl.DataFrame
    asked: frozenset[str] = frozenset()
    spread: Mapping[str, float] | None = None


def of_runs(runs: Sequence[Run]) -> list[Scored]:
    """The runs of a page as ``comparison`` takes them."""
    return [of_run(run.label, run) for run in runs]


def comparison(scored: Sequence[Scored], metrics: Sequence[str]) -> ResultTable:
    """The table of these models; the differences are to the first.

    Raises:
        ValueError: There is no model, or no metric, or one that no model has.
    """
    if not scored or not metrics:
        raise ValueError(f"expected at least one model and one metric, got {len(scored)} and {len(metrics)}")
    known = list(dict.fromkeys(name for one in scored for name in one.metrics))
    for metric in metrics:
        if metric not in known:
            hint = did_you_mean(metric, known)
            raise ValueError(f"expected metrics among {', '.join(known)}, got {metric!r}{hint}")
    first, *others = scored
    differing = {one.label: reason for one in others if (reason := why_not_paired(one, first))}
    alike = [one for one in scored if one.label not in differing]
    found = {metric: _paired(first, alike, metric) for metric in metrics}
    rows = [_row(one, metric, found[metric].get(one.label, {})) for one in scored for metric in metrics]
    frame = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
    header = ["model", *map(title_of, metrics)]
    cells = [[one.label, *(_value(one, metric) for metric in metrics)] for one in scored]
    if others:
        header.append(f"{title_of(metrics[0])} against {first.label}")
        against = found[metrics[0]]
        cells = [[*row, _difference(against.get(one.label))] for row, one in zip(cells, scored, strict=True)]
    deviations = any(one.spread is not None for one in scored)
    notes = [
        "± is half a 95 % bootstrap interval over users"
        + (", of several draws the deviation between them." * deviations or "."),
        *([f"Differences are taken user by user; {STAR}."] if others else []),
        *(f"{label} is not paired with {first.label}: {reason}." for label, reason in differing.items()),
    ]
    users = {int(one.metrics["users"]) for one in scored if "users" in one.metrics}
    title = f"test, {users.pop()} users" if len(users) == 1 else "test"
    return ResultTable(header, cells, title, " ".join(notes), frame=frame)


def why_not_paired(one: Scored, first: Scored) -> str | None:
    """Why two models can't be compared user by user; None if they can."""
    if one.asked and first.asked and one.asked != first.asked:
        return "the test ratings are not the same"
    if not one.per_user["user_id"].sort().equals(first.per_user["user_id"].sort()):
        return f"the test users are not the same ({one.per_user.height} and {first.per_user.height})"
    return None


STAR = "* marks those that a randomisation test finds reliable (p < .05 after Holm's correction for all in the column)"
_DIFFERENCE = ("difference", "difference_low", "difference_high", "p_value", "p_holm")
_SCHEMA = {
    "model": pl.String,
    "metric": pl.String,
    **dict.fromkeys(("value", "low", "high", *_DIFFERENCE), pl.Float64),
}


def _paired(first: Scored, alike: Sequence[Scored], metric: str) -> Paired:
    """Differences to the first of all that have the metric for each user, and were tested on the same users."""
    tables = {one.label: one.per_user for one in alike if metric in one.per_user.columns}
    return paired_to(first.label, tables, [metric])[metric] if first.label in tables else {}


def _row(one: Scored, metric: str, found: Mapping[str, Any]) -> tuple[Any, ...]:
    """A row of the frame, with the difference to the first where there is one."""
    low, high = one.confidence.get(metric, (None, None))
    values = (one.label, metric, one.metrics.get(metric), low, high)
    if not found:
        return (*values, *[None] * len(_DIFFERENCE))
    return (*values, found["difference"], *found["interval"], found["p_value"], found["p_holm"])


def _value(one: Scored, metric: str) -> str:
    if one.spread is not None and metric in one.spread:
        return f"{number(one.metrics[metric])} ± {number(one.spread[metric])}"
    return with_interval(one.metrics, one.confidence, metric)


def _difference(one: Mapping[str, Any] | None) -> str:
    return f"{difference_text(one)}{'*' if reliable(one) else ' '}" if one else "–"


def of_run(label: str, run: Run) -> Scored:
    """A run as ``comparison`` takes it."""
    result = run.result
    spread = result.metrics["spread"]["test"] if over_draws(result) else None
    return Scored(label, result.metrics["test"], result.metrics["confidence"], result.per_user, run.asked, spread)
