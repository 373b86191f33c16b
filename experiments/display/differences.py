"""A comparison of runs: paired differences to a reference that test did not choose, corrected for their number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

import numpy as np
import polars as pl

from tfrs_lab.evaluation.bootstrap import difference_tests
from tfrs_lab.experiments.storage.results import Result
from tfrs_lab.models.registry import specification

LEVEL = 0.05
"""A difference is reliable if its corrected p-value is below."""
METRIC = "ndcg@10"
DEEPER = ("ndcg@50", "ndcg@100")
"""What is compared beside the first places, where it was measured."""


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down correction: with it, a false alarm among all the tests is as rare as in a single one.

    The i-th smallest of m is multiplied by m − i + 1, and none becomes smaller than the one before (Holm, "A simple
    sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6, 1979).

    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values, kind="stable")
    factors = len(p_values) - np.arange(len(p_values))
    corrected = np.empty(len(p_values))
    corrected[order] = np.minimum(1, np.maximum.accumulate(np.asarray(p_values, float)[order] * factors))
    return [float(p) for p in corrected]


def differences(results: Mapping[str, Result]) -> dict[str, Any]:
    """Each run's paired difference to a reference that test rows did not choose: the best on validation.

    Returns:
        ``reference``: its label; ``chosen``: how, in words; ``metric``: "ndcg@10"; ``paired``: label → ``difference``
        (this run minus the reference), ``interval`` (95 % bootstrap over users), ``p_value`` and ``p_holm``, for the
        other runs; ``deeper``: the same by metric, for nDCG of longer lists; ``leading``: the best on test, and those
        that are not reliably below it.
    """
    reference, chosen = _reference(results)
    tables = {label: result.per_user for label, result in results.items()}
    metrics = [METRIC, *(metric for metric in DEEPER if all(metric in table.columns for table in tables.values()))]
    compared = paired_to(reference, tables, metrics)
    best = max(results, key=lambda label: results[label].metrics["test"][METRIC])
    below = compared if best == reference else paired_to(best, tables, [METRIC])
    return {
        "reference": reference,
        "chosen": chosen,
        "metric": METRIC,
        "paired": compared[METRIC],
        "deeper": {metric: compared[metric] for metric in metrics[1:]},
        "leading": [label for label in results if label == best or not reliable(below[METRIC][label])],
    }


def _reference(results: Mapping[str, Result]) -> tuple[str, str]:
    """The label of the best run on validation and how it was chosen; without validation, the first personal one."""
    validated = {label: result.metrics["validation"].get(METRIC) for label, result in results.items()}
    known = {label: value for label, value in validated.items() if value is not None and not isnan(value)}
    if known:
        return max(known, key=lambda label: known[label]), "the best on validation"
    personal = [label for label, result in results.items() if specification(result.name).personal]
    return [*personal, *results][0], "the first that was named, as nothing was validated"


Paired = dict[str, dict[str, Any]]
"""Label → ``difference`` (its mean minus the reference's), ``interval``, ``p_value``, ``p_holm``."""


def paired_to(reference: str, tables: Mapping[str, pl.DataFrame], metrics: Sequence[str]) -> dict[str, Paired]:
    """Metric → paired differences of all others to the reference, corrected for how many they are.

    Args:
        reference: One of the labels.
        tables: Label → ``user_id`` and a column per metric, of the same users.
        metrics: "ndcg@10", for instance.
    """
    ordered = {label: table.sort("user_id").select(metrics).to_numpy() for label, table in tables.items()}
    others = [label for label in tables if label != reference]
    if not others:
        return {metric: {} for metric in metrics}
    stacked = np.hstack([ordered[label] - ordered[reference] for label in others])  # the metrics of one after another's
    intervals, p_values = difference_tests(stacked)
    found: dict[str, Paired] = {}
    for place, metric in enumerate(metrics):
        columns = range(place, stacked.shape[1], len(metrics))
        corrected = holm([float(p_values[column]) for column in columns])
        found[metric] = {
            label: {
                "difference": float(stacked[:, column].mean()),
                "interval": intervals[column].tolist(),
                "p_value": float(p_values[column]),
                "p_holm": p,
            }
            for label, column, p in zip(others, columns, corrected, strict=True)
        }
    return found


def reliable(one: Mapping[str, Any]) -> bool:
    """Whether a difference of ``paired_to`` is one."""
    return bool(one["p_holm"] < LEVEL)


def p_text(p_value: float) -> str:
    """A p-value for people.

    >>> p_text(0.0004998), p_text(0.0123), p_text(1)
    ('p < .001', 'p = .012', 'p = 1.000')
    """
    return "p < .001" if p_value < 0.001 else f"p = {p_value:.3f}".replace("= 0.", "= .")


def difference_text(one: Mapping[str, Any]) -> str:
    """A difference with its interval.

    >>> difference_text({"difference": -0.012, "interval": [-0.02, -0.004]})
    '-0.012 [-0.020, -0.004]'
    """
    low, high = one["interval"]
    return f"{one['difference']:+.3f} [{low:+.3f}, {high:+.3f}]"


@dataclass(frozen=True)
class Comparison:
    """What became of the experiments.

    Attributes:
        names: Of the experiments, in the order of the rows.
        about: ``dataset`` and ``split``, their names.
        results: Of those that ran, in the order in which they were named.
        failed: Name of each other one → why, in one line.
        differences: ``differences`` of the results; empty without any.
    """

    names: Sequence[str]
    about: Mapping[str, str]
    results: Sequence[Result]
    failed: Mapping[str, str]
    differences: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """What ``--json`` prints: ``dataset``, ``split``, ``runs``, ``differences`` and ``failed``."""
        return {
            **self.about,
            "runs": to_json(self.results),
            "differences": dict(self.differences),
            "failed": dict(self.failed),
        }


def to_json(results: Sequence[Result]) -> dict[str, Any]:
    """Experiment name → metrics of its run, and its seconds."""
    return {result.name: {**result.metrics, "seconds": result.seconds} for result in results}
