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

_CGROUPS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)


def available() -> float | None:
    """Bytes that this process can still get: of the machine, or of the container if that has less.

    Returns:
        None where the system does not say.
    """
    found = [_of_machine(), *(_of_cgroup(*files) for files in _CGROUPS)]
    known = [value for value in found if value is not None]
    return min(known) if known else None


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


def _of_cgroup(limit: str, usage: str) -> float | None:
    """What a container's limit leaves; None if it has none."""
    try:
        return max(0.0, float(Path(limit).read_text()) - float(Path(usage).read_text()))
    except (OSError, ValueError):  # no such file, or "max"
        return None
