"""What a model will need of memory, and what is free: looked at before it starts."""

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


BASE = 0.2e9
PER_ROW = 250.0
PER_USER = 3_000.0
"""Measured on generated ratings with `recs run popularity`: what any run needs besides the loaded data."""

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
