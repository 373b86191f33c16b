"""The table of an ablation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tfrs_lab.experiments.display.differences import difference_text
from tfrs_lab.experiments.display.display import number, seconds, with_interval
from tfrs_lab.experiments.display.result_table import ResultTable
from tfrs_lab.models.config_fields import short

METRICS = {"precision@10": "precision@10", "recall@10": "recall@10", "coverage@10": "coverage@10", "rmse": "RMSE"}
"""Metric → title of its column; one that no variant has gets none."""


def ablation_table(record: Mapping[str, Any], title: str = "") -> ResultTable:
    """A row for the default and each variant."""
    runs = [record["default"], *record["variants"].values()]
    metrics = {name: title for name, title in METRICS.items() if any(name in run["test"] for run in runs)}
    rows = [_row(_default_name(record["default"]["values"]), record["default"], "–", metrics)]
    for name, variant in record["variants"].items():
        rows.append(_row(name, variant, difference_text(variant), metrics))
    header = ["variant", "nDCG@10", "against the default", *metrics.values(), "train s"]
    return ResultTable(header, rows, title, wrapped=True)


def _default_name(values: Mapping[str, Any]) -> str:
    """The default with the values in question.

    >>> _default_name({"logq": True, "temperature": 0.2})
    'default (logq true, temperature 0.2)'
    """
    return f"default ({', '.join(f'{name} {short(value)}' for name, value in values.items())})"


def _row(name: str, run: Mapping[str, Any], against: str, metrics: Iterable[str]) -> list[str]:
    test = run["test"]
    return [
        name,
        with_interval(test, run["confidence"], "ndcg@10"),
        against,
        *(number(test.get(metric)) for metric in metrics),
        seconds(run["seconds"]["train"]),
    ]
