"""The pipeline of TFRS's tutorial "basic_retrieval"; examples are counted without its metrics of training."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.contenders.worker import serve_fits
from tfrs_lab.models.backend import tf, tfrs


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


def main() -> None:
    """Answers "batch size, epochs" with examples per second."""
    stored = np.load(sys.argv[1], allow_pickle=False)
    columns = {name: stored[name] for name in ("user_id", "movie_title")}

    def build(batch_size: int) -> Callable[[int], object]:
        model = TutorialModel(*(np.unique(column) for column in columns.values()))
        model.compile(optimizer=tf.keras.optimizers.Adagrad(learning_rate=0.1))
        batches = tf.data.Dataset.from_tensor_slices(columns).shuffle(100_000).batch(batch_size).cache()
        return lambda epochs: model.fit(batches, epochs=epochs, verbose=0)

    serve_fits(len(columns["user_id"]), build, ("tensorflow", "tf-keras", "tensorflow-recommenders"))


if __name__ == "__main__":
    main()
