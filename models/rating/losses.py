"""Losses of predicted ratings, callable as ``tfrs.tasks.Ranking`` calls a Keras loss."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tfrs_lab.models.backend import tf
from tfrs_lab.models.rating.recommender import RatingScale


class SquaredError(tf.keras.layers.Layer):
    """The score is the rating; its squared error, half the derivative of which is the residual.

    Args:
        levels: [levels] the ratings that occur.
    """

    def __init__(self, levels: np.ndarray) -> None:
        super().__init__()
        self.levels = levels

    def call(self, y_true: tf.Tensor, y_pred: tf.Tensor, sample_weight: None = None) -> tf.Tensor:
        """Mean over rows of (score − rating)², from [rows] float32 each."""
        return tf.reduce_mean((y_pred - y_true) ** 2)

    def scale(self) -> RatingScale:
        """How scores become ratings."""
        return RatingScale(self.levels, np.zeros(0, np.float32))


class OrdinalLoss(tf.keras.layers.Layer):
    """log P(rating > level j) / P(rating ≤ level j) = slope · (score − threshold j).

    McCullagh, "Regression models for ordinal data", JRSS B 1980; for recommenders Koren & Sill, "OrdRec", RecSys 2011,
    whose thresholds are each user's own, where ours are common.

    Args:
        levels: [levels] the ratings that occur.
    """

    def __init__(self, levels: np.ndarray) -> None:
        super().__init__()
        self.levels = levels
        self.first = tf.Variable((levels[0] + levels[1]) / 2)
        self.log_gaps = tf.Variable(np.log(np.diff((levels[1:] + levels[:-1]) / 2)).astype(np.float32))
        self.log_slope = tf.Variable(np.float32(np.log(2.0)))

    def thresholds(self) -> tf.Tensor:
        """[levels - 1] float32, ascending."""
        gaps = tf.concat([[0.0], tf.cumsum(tf.exp(self.log_gaps))], axis=0)
        return self.first + gaps

    def call(self, y_true: tf.Tensor, y_pred: tf.Tensor, sample_weight: None = None) -> tf.Tensor:
        """Mean over rows of −log P(the rating), from [rows] float32 each."""
        above = tf.sigmoid(tf.exp(self.log_slope) * (y_pred[:, None] - self.thresholds()))
        at_least = tf.concat([tf.ones_like(above[:, :1]), above, tf.zeros_like(above[:, :1])], axis=1)
        level = tf.searchsorted(tf.constant(self.levels), y_true)
        chance = tf.gather(at_least, level, batch_dims=1) - tf.gather(at_least, level + 1, batch_dims=1)
        return -tf.reduce_mean(tf.math.log(tf.maximum(chance, 1e-7)))

    def scale(self) -> RatingScale:
        """How scores become ratings."""
        return RatingScale(self.levels, self.thresholds().numpy(), float(tf.exp(self.log_slope)))


RATING_LOSSES: dict[str, Callable[[np.ndarray], tf.keras.layers.Layer]] = {
    "regression": SquaredError,
    "ordinal": OrdinalLoss,
}
