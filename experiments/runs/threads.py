"""How many threads numerical libraries may use: no more than there are cores for this process."""

from __future__ import annotations

import math
import os
from pathlib import Path

import threadpoolctl

_QUOTAS = (Path("/sys/fs/cgroup/cpu.max"), Path("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"))
_BLAS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def cores() -> int:
    """Cores for this process: by its affinity and by its container's quota, at least 1."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _quota()
    return allowed if quota is None else max(1, min(allowed, math.floor(quota)))


def blas_threads() -> int:
    """Half of the cores.

    The other half are mostly the second threads of the same cores, from which dense products gain nothing, and threads
    that BLAS lets spin there take the time from everybody else: EASE on MovieLens-100K takes 8 s with two threads on
    two busy cores and 1.5 s with one.
    """
    return max(1, cores() // 2)


def limit_threads() -> None:
    """Sets the limits for this process and those that it starts; what the environment says already stays.

    BLAS gets `blas_threads`. OpenMP and TensorFlow, which see the affinity but not a container's quota, get `cores`.
    """
    for name in _BLAS:
        os.environ.setdefault(name, str(blas_threads()))
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
        os.environ.setdefault(name, str(cores()))
    # libraries that are loaded already have read their variables
    threadpoolctl.threadpool_limits(limits=int(os.environ[_BLAS[0]]), user_api="blas")


def _quota() -> float | None:
    """Cores that a control group grants, None without a limit."""
    unified, older = _QUOTAS
    try:
        if unified.exists():
            quota, period = unified.read_text(encoding="ascii").split()
        else:
            quota = older.read_text(encoding="ascii").strip()
            period = older.with_name("cpu.cfs_period_us").read_text(encoding="ascii").strip()
        return None if quota in ("max", "-1") else int(quota) / int(period)
    except (OSError, ValueError):
        return None
