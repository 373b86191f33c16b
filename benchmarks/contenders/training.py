"""The model of TFRS's tutorial "basic_retrieval", trained by its own pipeline and by this project.

``python -m benchmarks.contenders.training {tutorial,ours} ROWS`` answers "batch size, epochs" with examples per second,
the tutorial's without its metrics of training; ours also answers "difference".
"""

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

PACKAGES = ("tensorflow", "tf-keras", "tensorflow-recommenders")


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


class TutorialModel(tfrs.Model):
    """Strings looked up in the model, vectors of 32 numbers, softmax over the batch.

    Args:
        users: Distinct user ids.
        movies: Distinct titles.
        metrics: Whether factorized top-k is computed for every batch, as in the tutorial.
    """

    def __init__(self, users: np.ndarray, movies: np.ndarray, *, metrics: bool = False) -> None:
        super().__init__()
        self.user_model, self.movie_model = (
            tf.keras.Sequential(
                [
                    tf.keras.layers.StringLookup(vocabulary=ids, mask_token=None),
                    tf.keras.layers.Embedding(len(ids) + 1, 32),
                ]
            )
            for ids in (users, movies)
        )
        candidates = tf.data.Dataset.from_tensor_slices(movies).batch(128).map(self.movie_model)
        self.task = tfrs.tasks.Retrieval(metrics=tfrs.metrics.FactorizedTopK(candidates) if metrics else None)

    def compute_loss(self, features: dict[str, Any], training: bool = False) -> Any:
        """Sum over the rows."""
        return self.task(self.user_model(features["user_id"]), self.movie_model(features["movie_title"]))


def by_tutorial(stored: Any) -> None:
    """Strings, shuffled, batched and cached, and Keras's ``fit``."""
    columns = {name: stored[name] for name in ("user_id", "movie_title")}

    def build(batch_size: int) -> Callable[[int], object]:
        model = TutorialModel(*(np.unique(column) for column in columns.values()))
        model.compile(optimizer=tf.keras.optimizers.Adagrad(learning_rate=0.1))
        batches = tf.data.Dataset.from_tensor_slices(columns).shuffle(100_000).batch(batch_size).cache()
        return lambda epochs: model.fit(batches, epochs=epochs, verbose=0)

    serve_fits(len(columns["user_id"]), build, PACKAGES)


def by_us(stored: Any) -> None:
    """The function that every experiment is trained by."""
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

    serve_fits(len(data.rows), build, PACKAGES, {"difference": lambda: difference(pairs[max(pairs)])})


if __name__ == "__main__":
    {"tutorial": by_tutorial, "ours": by_us}[sys.argv[1]](np.load(sys.argv[2], allow_pickle=False))
