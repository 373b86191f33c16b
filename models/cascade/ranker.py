"""A small network that orders a user's candidates, as a TFRS ranking model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tfrs_lab.models.backend import tf, tfrs
from tfrs_lab.models.cascade.config import RankerConfig
from tfrs_lab.models.training.data import shuffled_batches

LOSSES: dict[str, Any] = {
    "listwise": lambda: tf.keras.losses.CategoricalCrossentropy(from_logits=True),
    "pointwise": lambda: tf.keras.losses.BinaryCrossentropy(from_logits=True),
    "rating": tf.keras.losses.MeanSquaredError,
}
"""listwise: softmax over a user's candidates against the relevant ones among them (Cao et al., "Learning to rank: from
pairwise approach to listwise approach", ICML 2007, with binary relevance); the others for each candidate by itself."""

MASKED = -1e9
"""The score of what fills up a list."""


@dataclass(frozen=True, eq=False)
class Examples:
    """Lists of candidates with what became of them.

    Attributes:
        features: [lists, n, features] float32.
        there: [lists, n] bool; the others fill up lists that are shorter.
        relevant: [lists, n] bool; at least one in each list.
        ratings: [lists, n] float32 ratings of the relevant candidates, 0 elsewhere.
    """

    features: np.ndarray
    there: np.ndarray
    relevant: np.ndarray
    ratings: np.ndarray

    def targets(self, objective: str) -> tuple[np.ndarray, np.ndarray]:
        """What is to be predicted, and the weights of the loss.

        Returns:
            listwise: [lists, n] shares of the relevant ones, and [lists] ones. Else [lists, n, 1] and [lists, n]:
            pointwise 1 or 0 for all candidates; rating: ratings less their mean, of the relevant ones alone.
        """
        relevant = self.relevant.astype(np.float32)
        if objective == "listwise":
            return relevant / relevant.sum(axis=1, keepdims=True), np.ones(len(relevant), np.float32)
        if objective == "pointwise":
            return relevant[..., None], self.there.astype(np.float32)
        mean = self.ratings.sum() / relevant.sum()
        return ((self.ratings - mean) * relevant)[..., None], relevant


class Ranker(tfrs.Model):
    """Scores [batch, n] of candidates from features [batch, n, features]."""

    def __init__(self, config: RankerConfig, examples: Examples, seed: int) -> None:
        super().__init__()
        self.config = config
        self.center = examples.features.mean(axis=(0, 1))
        self.scale = examples.features.std(axis=(0, 1)) + 1e-6
        self.examples = examples
        self.targets, self.weights_of_loss = examples.targets(config.objective)
        self.wide = self._dense(1, None, seed)
        self.hidden = [self._dense(units, "relu", seed + number) for number, units in enumerate(config.hidden)]
        self.dropout = tf.keras.layers.Dropout(config.dropout, seed=seed)
        self.output_layer = self._dense(1, None, seed + len(config.hidden))
        self.task = tfrs.tasks.Ranking(loss=LOSSES[config.objective]())
        self.mean_loss = tf.keras.metrics.Mean(name="loss")

    def _dense(self, units: int, activation: str | None, seed: int) -> tf.keras.layers.Layer:
        return tf.keras.layers.Dense(
            units,
            activation,
            kernel_initializer=tf.keras.initializers.GlorotUniform(seed),
            kernel_regularizer=tf.keras.regularizers.L2(self.config.weight_decay),
        )

    def call(self, features: tf.Tensor, training: bool = False) -> tf.Tensor:
        """[batch, n, 1] float32."""
        values = inputs = (features - self.center) / self.scale
        for layer in self.hidden:
            values = self.dropout(layer(values), training=training)
        deep = self.output_layer(values) if self.hidden else 0.0
        return self.wide(inputs) + deep

    def compute_loss(self, inputs: dict[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """The objective's loss."""
        scores = self(inputs["features"], training=training)
        if self.config.objective == "listwise":
            scores = tf.where(inputs["there"], tf.squeeze(scores, 2), MASKED)
        return self.task(labels=inputs["targets"], predictions=scores, sample_weight=inputs["weights"])

    @tf.autograph.experimental.do_not_convert  # nothing to convert, and to find that out takes seconds
    def train_step(self, inputs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """One step; reports the epoch's mean loss, where TFRS reports the last batch's."""
        logs = super().train_step(inputs)
        self.mean_loss.update_state(logs["loss"])
        return {"loss": self.mean_loss.result()}

    def batches(self, seed: int, first_epoch: int, epochs: int) -> tf.data.Dataset:
        """Batches epoch after epoch, a function of (seed, epoch)."""
        tables = {
            "features": tf.constant(self.examples.features),
            "there": tf.constant(self.examples.there),
            "targets": tf.constant(self.targets),
            "weights": tf.constant(self.weights_of_loss),
        }
        numbers = shuffled_batches(len(self.targets), self.config.batch_size, seed, first_epoch, epochs)
        return numbers.map(lambda rows: {name: tf.gather(table, rows) for name, table in tables.items()})

    @property
    def steps_per_epoch(self) -> int:
        """Batches in an epoch."""
        return -(-len(self.targets) // self.config.batch_size)

    def network(self) -> RankingNetwork:
        """The trained network without TensorFlow."""
        deep = (*self.hidden, self.output_layer) if self.hidden else ()
        layers = [layer.get_weights() for layer in (self.wide, *deep)]
        return RankingNetwork(self.center, self.scale, [layer[0] for layer in layers], [layer[1] for layer in layers])


@dataclass(frozen=True, eq=False)
class RankingNetwork:
    """A linear layer beside dense layers with rectifiers in between, over standardised features.

    Attributes:
        center: [features] float32.
        scale: [features] float32.
        kernels: [inputs, units] float32 of each layer; first the linear one; the last one has one unit too.
        biases: [units] float32 of each layer.
    """

    center: np.ndarray
    scale: np.ndarray
    kernels: list[np.ndarray]
    biases: list[np.ndarray]

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """[...] float32 scores from features [..., features] float32."""
        values = (features - self.center) / self.scale
        scores = values @ self.kernels[0] + self.biases[0]
        for kernel, bias in zip(self.kernels[1:-1], self.biases[1:-1], strict=True):
            values = np.maximum(values @ kernel + bias, 0)
        if len(self.kernels) > 1:
            scores = scores + values @ self.kernels[-1] + self.biases[-1]
        return np.asarray(scores[..., 0], dtype=np.float32)
