"""Disks that are full or read-only at each write of a run, and two processes that want one output or one cache."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from soak.artefacts import call
from soak.kills import command, read
from soak.tally import Tally, ends_with_one_error, hunting
from tfrs_lab.data import generate
from tfrs_lab.data.sources import cache
from tfrs_lab.data.sources.official_files import write_official
from tfrs_lab.experiments.storage.directory import partial_path

ERRORS = (errno.ENOSPC, errno.EROFS, errno.EIO)
PAIRS = 6


def hunt(seed: int, *, seconds: float = 120.0, pairs: int = PAIRS, errors: tuple[int, ...] = ERRORS) -> Tally:
    """Lets each write of a run fail in turn with every error; then starts processes two by two. Nothing is random."""
    with hunting("disks", seconds) as (tally, root):
        for what in (*_failing_writes(root, errors, tally), *_two_at_once(root, pairs, tally)):
            tally.fail(what, "python -m soak disks")
            if tally.is_over:
                break
    return tally


def _failing_writes(root: Path, errors: tuple[int, ...], tally: Tally) -> Iterator[str]:
    """A finished run is replaced by one with other settings, and its n-th write fails, for every n that there is."""
    generate(40, 30, 600, seed=0).ratings.write_csv(root / "ratings.csv")
    out = root / "run"
    source = ["--ratings", str(root / "ratings.csv"), "--split", "random"]
    words = ["run", "ease", *source, "--out", str(out), "--overwrite"]
    other = [*words, "--ease.regularization", "7"]
    call(words)
    before = read(out)
    for error in errors:
        place = 1
        while True:
            with failing(place, error) as left:
                status, _, said = call(other)
            if left() > 0:  # fewer writes than that: it ended well
                call(words)
                break
            tally.counts["faults"] += 1
            if status != 1 or not ends_with_one_error(said) or os.strerror(error) not in said:
                yield f"write {place}, {os.strerror(error)}: status {status}, {said[-200:]!r}"
            if not (out / "metrics.json").exists() or read(out) != before:
                yield f"write {place}, {os.strerror(error)}: the earlier run is not intact"
                call(words)
            shutil.rmtree(partial_path(out), ignore_errors=True)  # else the next one resumes, and has fewer writes
            place += 1


@contextmanager
def failing(place: int, error: int) -> Iterator[Callable[[], int]]:
    """The n-th rename of this process fails; gives a function that says how many were still to come."""
    left = place

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def rename(*arguments: Any, **options: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                raise OSError(error, os.strerror(error), str(arguments[-1]))
            return original(*arguments, **options)

        return rename

    with mock.patch("os.replace", wrap(os.replace)), mock.patch("os.rename", wrap(os.rename)):
        yield lambda: left


def _two_at_once(root: Path, pairs: int, tally: Tally) -> Iterator[str]:
    dataset = generate(60, 50, 1500, tastes=4, seed=1)
    (root / "ml-100k").mkdir()
    write_official(dataset, "100k", root / "ml-100k")
    for number in range(pairs):
        if number % 2:
            yield from _one_output(root, root / f"both-{number}", tally)
        else:
            yield from _one_cache(root, root / f"cache-{number}", tally)


def _together(words: list[str], environment: dict[str, str]) -> list[tuple[int, str]]:
    both = [
        subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    return [(process.returncode, said) for process in both for said in [process.communicate(timeout=600)[1]]]


def _one_output(root: Path, out: Path, tally: Tally) -> Iterator[str]:
    """One run wins; the other says so, or came when the first had finished."""
    found = _together(command(root, ("ease",), out), dict(os.environ))
    tally.counts["pairs"] += 1
    wins = [status for status, _ in found if status == 0]
    polite = all(status == 0 or "another process is working on this run" in said for status, said in found)
    if not wins or not polite or not read(out):
        yield f"two runs with one output: {found}"


def _one_cache(root: Path, place: Path, tally: Tally) -> Iterator[str]:
    """Both read the data, and the cache holds one whole entry."""
    info = ["data", "info", "100k", "--data-dir", str(root / "ml-100k")]
    words = [sys.executable, "-m", "tfrs_lab.experiments.cli", *info]
    found = _together(words, os.environ | {"TFRS_LAB_CACHE": str(place)})
    tally.counts["pairs"] += 1
    entries = [entry.name for entry in (place / "100k").iterdir()]
    whole = len(entries) == 1 and cache.find(place, "100k", entries[0].removeprefix(f"v{cache.VERSION}-")) is not None
    if any(status for status, _ in found) or not whole:
        yield f"two with one cache: {found}, {entries}"
