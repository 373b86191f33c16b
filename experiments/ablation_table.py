"""The table of an ablation, for the screen and for Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from experiments.display import number, seconds, with_interval
from experiments.overrides import short

HEADER = ["variant", "nDCG@10", "against the default", "precision@10", "recall@10", "coverage@10", "train s"]


def ablation_rows(record: Mapping[str, Any]) -> list[list[str]]:
    """One row of cells for the default and each variant."""
    rows = [_row(_default_name(record["default"]["values"]), record["default"], "–")]
    for name, variant in record["variants"].items():
        low, high = variant["interval"]
        rows.append(_row(name, variant, f"{variant['difference']:+.3f} [{low:+.3f}, {high:+.3f}]"))
    return rows


def _default_name(values: Mapping[str, Any]) -> str:
    """The default with the values in question.

    >>> _default_name({"logq": True, "temperature": 0.2})
    'default (logq true, temperature 0.2)'
    """
    return f"default ({', '.join(f'{name} {short(value)}' for name, value in values.items())})"


def _row(name: str, run: Mapping[str, Any], against: str) -> list[str]:
    test = run["test"]
    return [
        name,
        with_interval(test, run["confidence"], "ndcg@10"),
        against,
        *(number(test[metric]) for metric in ("precision@10", "recall@10", "coverage@10")),
        seconds(run["seconds"]["train"]),
    ]
