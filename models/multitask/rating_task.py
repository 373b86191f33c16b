"""The rating task: hide some known ratings, predict them from the others."""

from __future__ import annotations

import numpy as np

from tfrs_lab.data.errors import DataError
from tfrs_lab.models.backend import tf, tfrs
from tfrs_lab.models.multitask.towers import SharedTables
from tfrs_lab.models.rating.config import RatingConfig
from tfrs_lab.models.rating.head import OwnTables, RatingHead
from tfrs_lab.models.rating.known_ratings import KnownRatings
from tfrs_lab.models.rating.losses import RATING_LOSSES
from tfrs_lab.models.training.data import TrainingData
from tfrs_lab.models.two_tower.model import TowerPair


class RatingTask(tf.keras.layers.Layer):
    """A rating head, its loss, and TFRS's ranking task around it.

    Raises:
        DataError: There are no ratings, or all are the same.
    """

    def __init__(
        self, config: RatingConfig, data: TrainingData, pair: TowerPair | None, content: TowerPair | None, seed: int
    ) -> None:
        super().__init__()
        known = KnownRatings(data.rows)
        levels = np.unique(known.rating.numpy())
        if len(levels) < 2:
            raise DataError(f"expected ratings that differ, for the rating task, got {levels.tolist()} alone")
        features, seed = data.movie_features.shape[1], 16 * seed + 100
        tables = (
            SharedTables(pair, content, config, features, seed)
            if pair
            else OwnTables(data.movies, features, config, seed)
        )
        self.config, self.known = config, known
        self.head = RatingHead(config, known, data.user_features, data.movie_features, tables, seed)
        self.rating_loss = RATING_LOSSES[config.head](levels)
        self.task = tfrs.tasks.Ranking(loss=self.rating_loss)

    def call(self, seed: tf.Tensor) -> tf.Tensor:
        """Scalar: the mean loss of hidden ratings and the penalty on the weights; ``seed`` [2] int32."""
        count = len(self.known)
        hidden = tf.random.stateless_uniform([count], seed) < self.config.hidden
        rows = tf.cast(tf.where(hidden)[:, 0], tf.int32)
        predictions = self.head(rows, 1.0 - tf.cast(hidden, tf.float32), seed + 1)
        fit = self.task(labels=tf.gather(self.known.rating, rows), predictions=predictions, compute_metrics=False)
        penalty = 2 * tf.add_n([tf.nn.l2_loss(weight) for weight in self.head.penalised()])
        return fit + self.config.penalty / count * penalty
