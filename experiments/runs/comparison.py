"""Compares runs, results and models: metrics with intervals, and paired differences to the first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from tfrs_lab.data import Split, evaluation_task
from tfrs_lab.evaluation import Evaluation, Recommender, evaluate
from tfrs_lab.experiments.display.comparison_table import over_draws
from tfrs_lab.experiments.display.differences import Paired, difference_text, paired_to, reliable
from tfrs_lab.experiments.display.display import number, title_of, with_interval
from tfrs_lab.experiments.display.result_table import ResultTable
from tfrs_lab.experiments.reports import Run, as_runs, asked_of, read_runs
from tfrs_lab.experiments.storage.results import Result

METRICS = ("ndcg@10", "precision@10", "recall@10")
EXPECTED = "a run directory, a Result, an Evaluation, or with `split` a fitted recommender"


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


def compare(
    scored: Mapping[str, Any] | Iterable[Any], split: Split | None = None, *, metrics: Sequence[str] = METRICS
) -> ResultTable:
    """Compares models; the differences are to the first.

    Args:
        scored: Name → run directory, ``Result``, ``Evaluation`` (from ``evaluation.evaluate``), or fitted recommender
            (from ``experiments.fit``). Or just run directories and ``Result``s, which have names; a directory of
            ``recs compare`` means all its runs.
        split: What fitted recommenders are tested on.
        metrics: Keys of ``metrics.json``; the differences of the first are shown, those of all are in ``frame``.

    Returns:
        A table. Its ``frame`` has a row per model and metric: ``model``, ``metric``, ``value``, ``low`` and ``high``
        (95 % bootstrap over users), ``difference`` to the first model, ``difference_low``, ``difference_high``,
        ``p_value`` and ``p_holm`` (corrected for the number of models), null where a metric has no value per user or
        the tests are not the same.

    Raises:
        ValueError: There is nothing to compare, or something that can't be, or a metric that no model has.
        DataError: A directory is no finished run.
    """
    found = _all_scored(scored, split)
    if not found or not metrics:
        raise ValueError(f"expected at least one model and one metric, got {len(found)} and {len(metrics)}")
    known = dict.fromkeys(name for one in found for name in one.metrics)
    for metric in metrics:
        if metric not in known:
            raise ValueError(f"expected metrics among {', '.join(known)}, got {metric!r}")
    return comparison(found, metrics)


def of_runs(runs: Sequence[Run]) -> list[Scored]:
    """The runs of a page as ``comparison`` takes them."""
    return [_of_run(run.label, run) for run in runs]


def comparison(scored: Sequence[Scored], metrics: Sequence[str]) -> ResultTable:
    """The table of ``compare``."""
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


def _all_scored(scored: Mapping[str, Any] | Iterable[Any], split: Split | None) -> list[Scored]:
    if isinstance(scored, Mapping):
        return [_scored(str(label), one, split) for label, one in scored.items()]
    if isinstance(scored, (str, Path)):
        scored = [scored]
    runs: list[Run] = []
    for one in scored:
        if not isinstance(one, (str, Path, Result)):
            raise ValueError(f"expected run directories or Results, or a dictionary name → model, got {_kind(one)}")
        runs += [Run(one, one.name)] if isinstance(one, Result) else read_runs([Path(one)])
    return of_runs(as_runs([run.result for run in runs]))


def _scored(label: str, one: Any, split: Split | None) -> Scored:
    if isinstance(one, (str, Path)):
        runs = read_runs([Path(one)])
        if len(runs) != 1:
            raise ValueError(f"{label}: expected the directory of one run, got a comparison of {len(runs)}")
        return _of_run(label, runs[0])
    if isinstance(one, Result):
        return _of_run(label, Run(one, label))
    if isinstance(one, Evaluation):
        return Scored(label, one.metrics, one.confidence, one.per_user)
    if split is not None and isinstance(one, Recommender):
        asked = evaluation_task(split.asks, split.train_and_validation, split.test)
        found = evaluate(one, asked.rows, seen=asked.seen, candidates=asked.candidates)
        return Scored(label, found.metrics, found.confidence, found.per_user, frozenset([asked_of(asked.rows, None)]))
    raise ValueError(f"{label}: expected {EXPECTED}, got {_kind(one)}{'' if split else ' and no split'}")


def _of_run(label: str, run: Run) -> Scored:
    result = run.result
    spread = result.metrics["spread"]["test"] if over_draws(result) else None
    return Scored(label, result.metrics["test"], result.metrics["confidence"], result.per_user, run.asked, spread)


def _kind(one: Any) -> str:
    return f"a {type(one).__name__}"
