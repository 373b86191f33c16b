"""The process that ``benchmarks.scale`` measures: a directory with ratings.csv and movies.csv, and how many epochs."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.contenders.worker import peak_gb, say
from tfrs_lab.data import Interactions, Split, load, split
from tfrs_lab.evaluation import evaluate
from tfrs_lab.models.backend import tf
from tfrs_lab.models.retrieval.query_tower import QueryTower
from tfrs_lab.models.retrieval.recommender import FactorRecommender
from tfrs_lab.models.training.data import TrainingData
from tfrs_lab.models.two_tower.config import PairConfig
from tfrs_lab.models.two_tower.model import build_pair

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


def main() -> None:
    """Runs the stages and prints the record."""
    seconds: dict[str, float] = {}

    @contextmanager
    def stage(name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        seconds[name] = round(time.perf_counter() - start, 2)

    with stage("prepare"):
        dataset = load("32m", data_dir=sys.argv[1], cache_dir=Path(sys.argv[1], "cache"))
    with stage("split"):
        parts = split(dataset, "temporal-user")
    with stage("encode"):
        rows = parts.encoded("train")
    with stage("train"):
        model, epoch_gb = train(rows, int(sys.argv[2]))
    with stage("evaluate"):
        found = evaluate(model, some_users(parts), seen=parts.train_and_validation)
    memory = {"peak_gb": round(peak_gb(), 2), "epoch_gb": [round(gb, 3) for gb in epoch_gb]}
    say({"seconds": seconds, **memory, "ndcg@10": found.metrics["ndcg@10"]})


if __name__ == "__main__":
    main()
