"""How numbers, metrics and runs are written, and where results are printed."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from tfrs_lab.data.splits.kinds import NEED_TIMESTAMPS

WIDTH = 118
"""Columns of output that does not go to a terminal."""


def console() -> Console:
    """Where results go: stdout, wide enough for the tables when it is no terminal.

    Reads no markup: titles, ids and paths may hold ``[brackets]``.
    """
    new = partial(Console, highlight=False, markup=False, emoji=False)
    plain = new()
    if plain.is_jupyter:  # as text, which wraps where it must; rich's own HTML is cut off at the edge
        return new(width=WIDTH, force_jupyter=False, force_terminal=True)
    return plain if plain.is_terminal else new(width=WIDTH)


def program() -> str:
    """How the user can call ``recs`` again: by name if it is on the path, else by where it is."""
    here = Path(sys.executable).with_name("recs")
    if shutil.which("recs") or not here.exists():
        return "recs"
    return str(here.relative_to(Path.cwd())) if here.is_relative_to(Path.cwd()) else str(here)


def held_out_label(kind: str) -> str:
    """What a movie among a user's test rows is called.

    >>> held_out_label("temporal-user"), held_out_label("random")
    ('rated later', 'held out')
    """
    return "rated later" if kind in NEED_TIMESTAMPS else "held out"


def number(value: float | None, digits: int = 3) -> str:
    """A fixed number of digits; a dash for what was not measured."""
    return "–" if value is None else f"{value:.{digits}f}"


TITLES = {"ndcg": "nDCG", "map": "MAP", "mrr": "MRR", "rmse": "RMSE", "mae": "MAE", "gini": "Gini"}
"""How metrics are written, where not as they are stored."""


def title_of(metric: str) -> str:
    """How a metric is written.

    >>> title_of("ndcg@10"), title_of("hit_rate@5"), title_of("rmse")
    ('nDCG@10', 'hit rate@5', 'RMSE')
    """
    name, at, k = metric.partition("@")
    return TITLES.get(name, name.replace("_", " ")) + at + k


def with_interval(metrics: Mapping[str, float], confidence: Mapping[str, Sequence[float]], name: str) -> str:
    """A metric with half the width of its 95 % interval."""
    if name not in confidence:
        return number(metrics.get(name))
    low, high = confidence[name]
    return f"{number(metrics[name])} ± {number((high - low) / 2)}"


def seconds(value: float) -> str:
    """Seconds, the fewer the more precisely.

    >>> seconds(0.0312), seconds(4.26), seconds(71.8)
    ('0.03', '4.3', '72')
    """
    return f"{value:.2f}" if value < 1 else f"{value:.1f}" if value < 10 else f"{value:.0f}"


def run_title(config: Mapping[str, Any]) -> str:
    """What was run on what, from a run's ``config.json``."""
    return f"{config['experiment']} on {config['dataset']['name']}, {config['split']} split, test"


def factorized_line(test: Mapping[str, float]) -> str:
    """Factorized top-k on one line."""
    found = {name: value for name, value in test.items() if name.startswith("factorized_top_")}
    return "factorized top-k: " + "  ".join(
        f"{name.removeprefix('factorized_top_')}: {number(value)}" for name, value in found.items()
    )


def rating_line(test: Mapping[str, float], confidence: Mapping[str, Sequence[float]]) -> str:
    """Errors of predicted ratings on one line."""
    return "predicted ratings: " + "  ".join(
        f"{name.upper()} {with_interval(test, confidence, name)}" for name in ("rmse", "mae")
    )
