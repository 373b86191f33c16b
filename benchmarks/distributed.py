"""In-batch training by one process against two workers over loopback, each with one thread and one core.

    python -m benchmarks.distributed [--write]

Generated rows: 50,000 users, 20,000 movies of uneven popularity, 32 dimensions. Both take the same steps. A row of the
table is the fastest of some stretches of steps; ``--write`` keeps the record in ``docs/results/distributed.json``.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl

from benchmarks.shared.record import Numbers, command

USERS, MOVIES, ROWS, DIMENSION = 50_000, 20_000, 1_000_000, 32


@dataclass(frozen=True)
class Case:
    """What is trained, and for how long: stretches of steps, after one to warm up."""

    batch_size: int
    optimizer: Literal["adam", "adagrad"]
    steps: int
    stretches: int = 3


CASES = (Case(8192, "adagrad", 4), Case(8192, "adam", 4), Case(1024, "adagrad", 20), Case(1024, "adam", 20))


def compared() -> Numbers:
    """One worker and two."""
    rows = []
    for case, one, two in zip(CASES, measure(1), measure(2), strict=True):
        if not np.allclose(one["losses"], two["losses"], rtol=1e-4):
            raise RuntimeError(f"{case}: expected the losses of one process, {one['losses']}, got {two['losses']}")
        rows.append(
            {
                "batch": case.batch_size,
                "optimizer": case.optimizer,
                "one": case.batch_size * case.steps / one["seconds"],
                "two": case.batch_size * case.steps / two["seconds"],
                "speedup": one["seconds"] / two["seconds"],
                "processor": two["processor_seconds"] / one["processor_seconds"],
            }
        )
    return Numbers("distributed", {"rows": rows})


def main(words: list[str] | None = None) -> int:
    """Measures, prints, keeps; returns the exit code."""
    if (sys.argv[1:] if words is None else words) == ["--worker"]:
        print(json.dumps(train_here()))
        return 0
    return command(__doc__, compared)(words)


def measure(workers: int) -> list[dict[str, Any]]:
    """Runs workers together; for each case ``losses``, ``seconds`` of a stretch, and those of the processors in all."""
    with ExitStack() as stack:
        addresses = []
        for _ in range(workers):
            held = stack.enter_context(socket.socket())  # kept bound, so that nobody else is given the port
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            held.bind(("127.0.0.1", 0))
            addresses.append(f"127.0.0.1:{held.getsockname()[1]}")
        started = [stack.enter_context(_worker(index, addresses)) for index in range(workers)]
        told = [process.communicate()[0] for process in started]
    if any(process.returncode for process in started):
        raise RuntimeError(f"expected {workers} workers to end well, got {[one.returncode for one in started]}")
    found = [json.loads(text.splitlines()[-1]) for text in told]
    return [
        {**of_case[0], "processor_seconds": sum(one["processor_seconds"] for one in of_case)}
        for of_case in zip(*found, strict=True)
    ]


def _worker(index: int, addresses: list[str]) -> subprocess.Popen[str]:
    task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
    environment = {**os.environ, "TF_CONFIG": json.dumps(task), "TF_GRPC_REUSE_PORT": "1"}
    command = [sys.executable, "-m", "benchmarks.distributed", "--worker"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def train_here() -> list[dict[str, Any]]:
    """Trains every case as the worker that TF_CONFIG names, with one thread, on a core of its own where that exists."""
    task = json.loads(os.environ["TF_CONFIG"])
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[task["task"]["index"] % len(cores)]})
    from tfrs_lab.models.backend import tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    several = len(task["cluster"]["worker"]) > 1
    strategy = tf.distribute.MultiWorkerMirroredStrategy() if several else tf.distribute.get_strategy()
    data = generated()
    return [_train(case, data, strategy) for case in CASES]


def generated() -> Any:
    """Rows with a few popular movies and many rare ones."""
    from tfrs_lab.data import Interactions
    from tfrs_lab.models.training.data import TrainingData

    rng = np.random.default_rng(0)
    chance = 1 / np.arange(1, MOVIES + 1) ** 0.8
    movies = rng.choice(MOVIES, ROWS, p=chance / chance.sum())
    table = pl.DataFrame({"user_id": rng.integers(USERS, size=ROWS), "movie_id": movies}).unique(maintain_order=True)
    return TrainingData.without_features(Interactions.from_ratings(table.with_columns(pl.all().cast(pl.String))))


def _train(case: Case, data: Any, strategy: Any) -> dict[str, Any]:
    from tfrs_lab.models.backend import tf
    from tfrs_lab.models.two_tower.config import PairConfig
    from tfrs_lab.models.two_tower.model import build_pair

    rate = {"adam": 2e-3, "adagrad": 0.06}[case.optimizer]
    config = PairConfig(dimension=DIMENSION, batch_size=case.batch_size, optimizer=case.optimizer, learning_rate=rate)
    with strategy.scope():
        pair = build_pair(config, data, 0)
        pair.compile(optimizer=pair.new_optimizer())
    clock: list[tuple[float, float]] = []
    tick = tf.keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: clock.append((time.perf_counter(), time.process_time()))
    )
    epochs = 1 + case.stretches
    fitted = pair.fit(
        pair.batches(0, 0, epochs), epochs=epochs, steps_per_epoch=case.steps, callbacks=[tick], verbose=0
    )
    passed = np.diff(np.array(clock), axis=0).min(axis=0)
    return {"losses": fitted.history["loss"], "seconds": passed[0], "processor_seconds": passed[1]}


if __name__ == "__main__":
    sys.exit(main())
