"""In-batch training with Keras 3 on TensorFlow, as keras-rs's guides train: integer ids, Keras's embeddings."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.contenders.worker import serve_fits

os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import tensorflow as tf


class Towers(keras.Model):
    """Vectors of 32 numbers, softmax over the batch."""

    def __init__(self, users: int, movies: int) -> None:
        super().__init__()
        self.user = keras.layers.Embedding(users, 32)
        self.movie = keras.layers.Embedding(movies, 32)

    def call(self, inputs: dict[str, Any]) -> Any:
        """[batch, batch] scores."""
        return keras.ops.matmul(self.user(inputs["user"]), keras.ops.transpose(self.movie(inputs["movie"])))

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Mean over the rows of the cross-entropy with their own movies."""
        own = keras.ops.eye(keras.ops.shape(y_pred)[0])
        return keras.ops.mean(keras.losses.categorical_crossentropy(own, y_pred, from_logits=True))


def main() -> None:
    """Answers "batch size, epochs" with examples per second."""
    stored = np.load(sys.argv[1], allow_pickle=False)
    columns = {name: stored[name] for name in ("user", "movie")}

    def build(batch_size: int) -> Callable[[int], object]:
        model = Towers(*(int(column.max()) + 1 for column in columns.values()))
        model.compile(optimizer=keras.optimizers.Adagrad(learning_rate=0.1), jit_compile="auto")
        batches = tf.data.Dataset.from_tensor_slices(columns).shuffle(100_000).batch(batch_size).cache()
        return lambda epochs: model.fit(batches, epochs=epochs, verbose=0)

    serve_fits(len(columns["user"]), build, ("tensorflow", "keras", "keras-rs"))


if __name__ == "__main__":
    main()
