"""The same model trained by this project, through the function that every experiment is trained by."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.contenders.worker import serve_fits
from tfrs_lab.data import Interactions
from tfrs_lab.models.backend import tf, tfrs
from tfrs_lab.models.training.data import TrainingData
from tfrs_lab.models.training.loop import Schedule, compile_model, fit_keras
from tfrs_lab.models.training.reporter import Reporter
from tfrs_lab.models.two_tower.config import PairConfig
from tfrs_lab.models.two_tower.model import TowerPair, build_pair


def tutorial_config(batch_size: int) -> PairConfig:
    """The model of TFRS's tutorial."""
    return PairConfig(
        query=("id",),
        objective="in-batch",
        dimension=32,
        normalize=False,
        temperature=1.0,
        logq=False,
        remove_accidental_hits=False,
        optimizer="adagrad",
        learning_rate=0.1,
        batch_size=batch_size,
    )


def difference(pair: TowerPair) -> float:
    """How far loss and gradients of one batch are from those of ``tfrs.tasks.Retrieval``, as shares of the largest."""
    batch = next(iter(pair.batches(0, 0, 1)))
    tables = pair.trainable_variables
    rows = tf.cast(tf.shape(batch["user"])[0], tf.float32)

    def by_tfrs() -> Any:
        vectors = [pair.query_tower(batch), pair.candidate_tower(batch)]
        return tfrs.tasks.Retrieval()(*vectors, compute_metrics=False) / rows

    found = []
    for loss in (by_tfrs, lambda: pair.compute_loss(batch, training=True)):
        with tf.GradientTape() as tape:
            value = loss()
        found.append([value, *map(tf.convert_to_tensor, tape.gradient(value, tables))])
    return max(
        float(tf.reduce_max(tf.abs(one - two)) / tf.reduce_max(tf.abs(one))) for one, two in zip(*found, strict=True)
    )


def train(pair: TowerPair, epochs: int, seed: int = 0) -> None:
    """Trains a compiled pair as every experiment is trained, with checkpoints and TensorBoard."""
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder, name) for name in ("checkpoints", "tensorboard")}
        fit_keras(pair, Schedule(epochs, 1), seed=seed, **files, reporter=Reporter(), label="in_batch", score=None)


def main() -> None:
    """Answers "batch size, epochs" with examples per second, and "difference" with that."""
    stored = np.load(sys.argv[1], allow_pickle=False)
    columns = {
        "user_id": np.char.decode(stored["user_id"], "utf-8"),
        "movie_id": np.char.decode(stored["movie_title"], "utf-8"),
    }
    data = TrainingData.without_features(Interactions.from_ratings(pl.DataFrame(columns)))
    pairs: dict[int, TowerPair] = {}

    def build(batch_size: int) -> Callable[[int], object]:
        pairs[batch_size] = build_pair(tutorial_config(batch_size), data, 0)
        compile_model(pairs[batch_size])
        return partial(train, pairs[batch_size])

    packages = ("tensorflow", "tf-keras", "tensorflow-recommenders")
    serve_fits(len(data.rows), build, packages, {"difference": lambda: difference(pairs[max(pairs)])})


if __name__ == "__main__":
    main()
