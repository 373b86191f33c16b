"""What a rating costs from 100,000 to 32 million of them: ``python -m benchmarks.scale [--rows N,N,...] [--write]``.

Generated ratings in GroupLens's CSV format, the largest with as many users and movies as MovieLens-32M, go through the
kit in a process of their own per size: prepare (parse, check, cache), split, encode, one epoch of a two-tower model by
in-batch softmax, and the full-catalogue evaluation of 20,000 users. Prints seconds, microseconds per rating and peak
memory; ``--write`` adds the record to ``docs/results`` and draws it. Exits 1 if a process took more than 16 GB, or if
memory grew from the second epoch to the fifth.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.contenders.worker import peak_gb
from benchmarks.shared.record import Numbers, command
from benchmarks.shared.turns import once
from tfrs_lab.data import Interactions, Split, generate, load, split
from tfrs_lab.data.sources.official_files import write_official
from tfrs_lab.evaluation import evaluate
from tfrs_lab.models.backend import tf
from tfrs_lab.models.retrieval.query_tower import QueryTower
from tfrs_lab.models.retrieval.recommender import FactorRecommender
from tfrs_lab.models.training.data import TrainingData
from tfrs_lab.models.two_tower.config import PairConfig
from tfrs_lab.models.two_tower.model import build_pair

ROWS, USERS, MOVIES = 32_000_204, 200_948, 87_585
SIZES = (100_000, 1_000_000, 3_200_000, 10_000_000, ROWS)
MOST_GB, GROWTH = 16.0, 1.05


CONFIG = PairConfig(dimension=64, batch_size=1024, optimizer="adagrad", learning_rate=0.1, temperature=0.3)
ASKED = 20_000
"""Users to evaluate."""


def resident_gb() -> float:
    """Memory of this process."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 1e9


def train(rows: Interactions, epochs: int) -> tuple[FactorRecommender, list[float]]:
    """A pair of id towers, in-batch softmax with logQ correction; and memory after each epoch."""
    pair = build_pair(CONFIG, TrainingData.without_features(rows), seed=0)
    pair.compile(optimizer=pair.new_optimizer())
    after: list[float] = []
    memory = tf.keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: after.append(resident_gb()))
    batches = pair.batches(0, 0, epochs)
    pair.fit(batches, epochs=epochs, steps_per_epoch=pair.steps_per_epoch, callbacks=[memory], verbose=0)
    queries, candidates = pair.vectors()
    counts = rows.movie_counts.astype(np.float32)
    tower = QueryTower.mean_of(candidates)
    return FactorRecommender(rows.users, rows.movies, queries, candidates, counts, tower), after


def some_users(parts: Split) -> pl.DataFrame:
    """The test rows of at most ``ASKED`` users."""
    users = parts.test["user_id"].unique(maintain_order=True)
    asked = users.sample(min(ASKED, len(users)), seed=0)
    return parts.test.filter(pl.col("user_id").is_in(asked.implode()))


def stages(folder: str, epochs: str) -> dict[str, Any]:
    """Goes through a directory with ratings.csv and movies.csv: seconds of each stage, memory, nDCG@10."""
    seconds: dict[str, float] = {}

    @contextmanager
    def stage(name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        seconds[name] = round(time.perf_counter() - start, 2)

    with stage("prepare"):
        dataset = load("32m", data_dir=folder, cache_dir=Path(folder, "cache"))
    with stage("split"):
        parts = split(dataset, "temporal-user")
    with stage("encode"):
        rows = parts.encoded("train")
    with stage("train"):
        model, epoch_gb = train(rows, int(epochs))
    with stage("evaluate"):
        found = evaluate(model, some_users(parts), seen=parts.train_and_validation)
    memory = {"peak_gb": round(peak_gb(), 2), "epoch_gb": [round(gb, 3) for gb in epoch_gb]}
    return {"seconds": seconds, **memory, "ndcg@10": found.metrics["ndcg@10"]}


def shape(rows: int) -> tuple[int, int]:
    """Users and movies: users grow with ratings, movies more slowly, as from MovieLens-100K to 32M."""
    return max(rows * USERS // ROWS, 600), int(MOVIES * (rows / ROWS) ** 0.68)


def one_size(rows: int, epochs: int = 1) -> dict[str, Any]:
    """One size, written to a temporary directory and read in a process of its own."""
    users, movies = shape(rows)
    with tempfile.TemporaryDirectory(prefix="tfrs-lab-scale-") as folder:
        write_official(generate(users, movies, rows, half_stars=True, by_user=True), "csv", Path(folder))
        found = once("benchmarks.scale:stages", folder, epochs)
    return {"rows": rows, "users": users, "movies": movies, **found}


def measure(rows: str) -> Numbers:
    """All sizes, and five epochs over a million."""
    points = []
    for size in map(int, rows.split(",")):
        points.append(one_size(size))
        print(points[-1], flush=True)
    epochs = one_size(1_000_000, epochs=5)["epoch_gb"]
    print("memory after each of five epochs over a million: " + ", ".join(f"{gb:.3f} GB" for gb in epochs))
    machine = {"threads": os.cpu_count(), "tensorflow": version("tensorflow")}
    fits = max(point["peak_gb"] for point in points) <= MOST_GB
    return Numbers(
        "scale", {"points": points, "epoch_gb": epochs, **machine}, fits and epochs[-1] <= GROWTH * epochs[1]
    )


main = command(__doc__, measure, rows=(",".join(map(str, SIZES)), "numbers of ratings"))


if __name__ == "__main__":
    sys.exit(main())
