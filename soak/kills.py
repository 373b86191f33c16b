"""Kills ``recs run`` at random moments, then lets it finish: the numbers must be those of an undisturbed run."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from soak.tally import Tally, hunting
from tfrs_lab.data import generate

KILLS = 60
DEADLINE = 300.0
_EASE = ("ease",)
_RETRIEVAL = ("retrieval", "--retrieval.parts", "in_batch", "--retrieval.in-batch.epochs", "4")
_EVERY_EPOCH = """
import sys
from tfrs_lab.models.training import callbacks
from tfrs_lab.experiments.cli import main

callbacks.SECONDS_BETWEEN = 0.0  # so short a training would otherwise store nothing before its end
sys.exit(main())
"""
_PROGRAMS = {"ease": ["-m", "tfrs_lab.experiments.cli"], "retrieval": ["-c", _EVERY_EPOCH]}


@dataclass(frozen=True)
class Undisturbed:
    """A run that nobody killed: its words and metrics, the seconds it took, and of these until it could be resumed."""

    words: Sequence[str]
    metrics: dict
    seconds: float
    begun: float


def hunt(seed: int, *, kills: int = KILLS, seconds: float = 600.0, neural: bool = True) -> Tally:
    """Kills runs at moments that are spread over their whole length, every other one a run that trains with Keras."""
    rng = random.Random(seed)
    with hunting("kills", seconds) as (tally, root):
        generate(60, 40, 1200, seed=0).ratings.write_csv(root / "ratings.csv")
        models = [undisturbed(root, words) for words in ([_EASE, _RETRIEVAL] if neural else [_EASE])]
        for number in range(kills):
            if tally.is_over:
                break
            model = models[number % len(models)]
            # of many short runs the first second is imports; a stratum each, so that every part of a run is met
            stratum = (number // len(models) + rng.random()) / max(1, kills // len(models))
            problem = kill_and_finish(root / str(number), root, model, stratum, rng.random() < 0.5, tally)
            if problem:
                tally.fail(f"kill {number}: {problem}", f"python -m soak kills --seed {seed}")
    return tally


def command(root: Path, words: Sequence[str], out: Path) -> list[str]:
    """``recs run`` on the small data."""
    own = ["--ratings", str(root / "ratings.csv"), "--split", "random", "--out", str(out)]
    return [sys.executable, *_PROGRAMS[words[0]], "run", *words, *own]


def undisturbed(root: Path, words: Sequence[str]) -> Undisturbed:
    """Runs an experiment to its end."""
    out = root / f"whole-{words[0]}"
    started = time.monotonic()
    process = _start(root, words, out)
    begun = _until_begun(process, out) - started
    if process.wait(DEADLINE):
        raise RuntimeError(f"expected a run that ends well, got exit status {process.returncode}")
    return Undisturbed(words, read(out), time.monotonic() - started, begun)


def _start(root: Path, words: Sequence[str], out: Path) -> subprocess.Popen:
    return subprocess.Popen(command(root, words, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _until_begun(process: subprocess.Popen, out: Path) -> float:
    """Waits until there is something to resume, or the end; returns the moment."""
    while process.poll() is None and not (_left(out) / "config.json").exists():
        time.sleep(0.005)
    return time.monotonic()


def _left(out: Path) -> Path:
    """What a run is called until it is finished."""
    return out.with_name(out.name + ".partial")


def read(out: Path) -> dict:
    """The metrics of a finished run."""
    found: dict = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    return found


def kill_and_finish(out: Path, root: Path, model: Undisturbed, stage: float, resume: bool, tally: Tally) -> str | None:
    """Kills the run ``out`` and finishes it; what went wrong, None if nothing did.

    It is killed at a stage from 0, its beginning (or when it can be resumed, if it is to be), to 1, its end. With
    ``resume`` it is finished with ``--resume``, if it has not ended before, rather than by running it again.
    """
    out.parent.mkdir(exist_ok=True)
    process = _start(root, model.words, out)
    if resume:
        _until_begun(process, out)
    try:
        process.wait(stage * (model.seconds - model.begun if resume else model.seconds))
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        tally.counts["faults"] += 1
    if out.exists() and read(out) != model.metrics:
        return "a directory under its final name holds other metrics than the undisturbed run"
    left = _left(out)
    again = command(root, model.words, out)
    if resume and (out.exists() or (left / "config.json").exists()):
        again = [sys.executable, *_PROGRAMS[model.words[0]], "run", "--resume", str(out)]
        tally.counts["resumed"] += 1
    else:
        tally.counts["run again"] += 1
    done = subprocess.run(again, capture_output=True, text=True, timeout=DEADLINE, check=False)
    if done.returncode:
        return f"it did not finish: {done.stderr.strip()[-300:]}"
    if left.exists():
        return f"{left.name} was left"
    return None if read(out) == model.metrics else "other metrics than the undisturbed run"
