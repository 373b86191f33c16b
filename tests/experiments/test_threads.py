"""Thread limits: from affinity and quota, over nothing that the environment says."""

import os
from pathlib import Path

import pytest

from tfrs_lab.experiments.runs import threads


@pytest.mark.parametrize(
    ("quota", "allowed", "expected"),
    [
        ("max 100000", 8, 8),
        ("250000 100000", 8, 2),
        ("50000 100000", 8, 1),
        ("900000 100000", 4, 4),
        ("nonsense", 4, 4),
    ],
)
def test_cores(quota: str, allowed: int, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "cpu.max").write_text(quota)
    monkeypatch.setattr(threads, "_QUOTAS", (tmp_path / "cpu.max", tmp_path / "none"))
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(allowed)), raising=False)
    assert threads.cores() == expected
    assert threads.blas_threads() == max(1, expected // 2)


def test_older_control_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "cpu.cfs_quota_us").write_text("300000\n")
    (tmp_path / "cpu.cfs_period_us").write_text("100000\n")
    monkeypatch.setattr(threads, "_QUOTAS", (tmp_path / "none", tmp_path / "cpu.cfs_quota_us"))
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert threads.cores() == 3


def test_what_the_environment_says_stays(monkeypatch: pytest.MonkeyPatch):
    limits = {}
    monkeypatch.setattr(threads.threadpoolctl, "threadpool_limits", lambda **kw: limits.update(kw))
    monkeypatch.setattr(threads, "cores", lambda: 6)
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    threads.limit_threads()
    assert (os.environ["OPENBLAS_NUM_THREADS"], os.environ["OMP_NUM_THREADS"]) == ("3", "5")
    assert os.environ["TF_NUM_INTRAOP_THREADS"] == "6"
    assert limits == {"limits": 3, "user_api": "blas"}
