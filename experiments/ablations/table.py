"""The table of an ablation, for the screen and for Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tfrs_lab.experiments.display.display import number, seconds, with_interval
from tfrs_lab.models.config_fields import short

METRICS = {"precision@10": "precision@10", "recall@10": "recall@10", "coverage@10": "coverage@10", "rmse": "RMSE"}
"""Metric → title of its column; one that no variant has gets none."""


def ablation_cells(record: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """A header, and one row of cells for the default and each variant."""
    runs = [record["default"], *record["variants"].values()]
    metrics = {name: title for name, title in METRICS.items() if any(name in run["test"] for run in runs)}
    rows = [_row(_default_name(record["default"]["values"]), record["default"], "–", metrics)]
    for name, variant in record["variants"].items():
        low, high = variant["interval"]
        rows.append(_row(name, variant, f"{variant['difference']:+.3f} [{low:+.3f}, {high:+.3f}]", metrics))
    return ["variant", "nDCG@10", "against the default", *metrics.values(), "train s"], rows


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
