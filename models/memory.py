"""Estimates the memory that a model needs and what is available, before it starts."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Sizes:
    """How much data a model is fitted on.

    Attributes:
        rows: Ratings.
        users: Users that have any.
        movies: Movies of the catalogue, rated or not.
    """

    rows: int
    users: int
    movies: int


Estimate = Callable[[Any, Sizes], float]
"""From a configuration and the sizes of the data to the most bytes that a fit and its evaluation hold at once."""


def needed_by(estimate: Estimate | None, config: Any, sizes: Sizes) -> float:
    """Bytes that a run of a model takes beside the data: splits, scoring, and what the model itself needs."""
    return BASE + PER_ROW * sizes.rows + PER_USER * sizes.users + (estimate(config, sizes) if estimate else 0.0)


def gigabytes(size: float) -> str:
    """A size for people.

    >>> gigabytes(29.4e9), gigabytes(0.26e9)
    ('29 GB', '0.3 GB')
    """
    return f"{size / 1e9:.0f} GB" if size >= 9.5e9 else f"{size / 1e9:.1f} GB"


BASE, PER_ROW, PER_USER = 0.15e9, 120.0, 3_000.0
"""What any run takes beside the loaded data: libraries, both parts of the split, lists and metrics of each user."""
TENSORFLOW = 0.7e9
"""What TensorFlow takes before it holds a number of ours."""
RATINGS = 2_500.0
"""Of each rating where ratings are learned: vectors of the hidden ones and of those near in time, all in one step."""


def of_item_item(config: Any, sizes: Sizes) -> float:
    """Dense similarities of all movies, three times at once and with a mask."""
    return 13.0 * sizes.movies**2


def of_retrieval(config: Any, sizes: Sizes) -> float:
    """Tables with their gradients, what single parts take, and, of several parts, the queries that are blended."""
    parts = config.parts
    linear = min(sizes.movies, config.linear.max_movies) if "linear" in parts else 0
    per_user = 18e3 if len(parts) > 1 else 2e3
    per_row = (500.0 if "transitions" in parts else 50.0) + (RATINGS if "joint" in parts else 0.0)
    return TENSORFLOW + 36.0 * linear**2 + per_user * sizes.users + 10e3 * sizes.movies + per_row * sizes.rows


def of_cascade(config: Any, sizes: Sizes) -> float:
    """Its retriever; the ranker learns from a sample."""
    return of_retrieval(config.retrieval, sizes)


def of_content(config: Any, sizes: Sizes) -> float:
    """Words of titles as features and the likeness to the landmarks, several times at once."""
    return TENSORFLOW + 110e3 * sizes.movies


def of_ranking(config: Any, sizes: Sizes) -> float:
    """All ratings in one step."""
    return TENSORFLOW + RATINGS * sizes.rows


def of_hybrid(config: Any, sizes: Sizes) -> float:
    """The larger one of its two halves, which follow each other, and scores of a sample of users for all movies."""
    return max(of_retrieval(config.retrieval, sizes), of_content(config.content, sizes)) + 16e3 * sizes.movies


_CGROUPS = (
    ("/sys/fs/cgroup", "memory.max", "memory.current"),
    ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes"),
)
"""Of version 2 and of version 1: where a container sees its own, the files of its limit and of what it holds."""


def available() -> float | None:
    """Bytes that this process can still get: of the machine, or of the container if that has less.

    Returns:
        None where the system does not say.
    """
    found = [_of_machine(), *(_of_cgroup(*files) for files in _CGROUPS)]
    known = [value for value in found if value is not None]
    return min(known) if known else None


def resident() -> int:
    """Bytes of memory that this process holds; 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _of_machine() -> float | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next(1024.0 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError, StopIteration):
        pass
    try:  # macOS has no /proc: what is free, of which more may be given back
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (ValueError, OSError, AttributeError):
        return None


def _of_cgroup(directory: str, limit: str, usage: str) -> float | None:
    """What a container's limit leaves; None if it has none. Files in the cache give way and do not count."""
    place = Path(directory)
    try:
        left = float((place / limit).read_text()) - float((place / usage).read_text())
        cached = dict(line.split() for line in (place / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):  # no such file, or "max"
        return None
    return max(0.0, left + float(cached.get("inactive_file", 0)))
