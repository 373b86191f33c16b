"""Predicted ratings in the graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tfrs_lab.data import Vocabulary
from tfrs_lab.models.rating.recommender import RatingRecommender
from tfrs_lab.serving.backend import tf


class RatingModule(tf.Module):
    """A rating model's vectors and scale; what it knows of the time of a rating is left out."""

    def __init__(self, model: RatingRecommender, user_ids: Sequence[str], movies: Vocabulary) -> None:
        super().__init__()
        queries, user_bias = model.of_users(user_ids)
        candidates, movie_bias = model.of_movies(model.movies.encode(movies.ids))
        nobody = np.zeros((1, queries.shape[1]), np.float32)
        self.queries = _table(np.vstack([queries, nobody]))  # the last row is for unknown users
        self.user_bias = _table(np.append(user_bias, 0.0))
        self.candidates = _table(candidates)
        self.movie_bias = _table(movie_bias)
        self.crosses = model.crosses
        self.scale = model.scale

    def __call__(self, users: tf.Tensor, movies: tf.Tensor) -> tf.Tensor:
        """[batch, n] float32 from [batch] int32 users, -1 for unknown ones, and [batch, n] int32 rows, -1 for none."""
        user = tf.where(users < 0, self.user_bias.shape[0] - 1, users)
        movie = tf.maximum(movies, 0)
        query, candidate = tf.gather(self.queries, user), tf.gather(self.candidates, movie)
        score = tf.linalg.matvec(candidate, query) + tf.gather(self.user_bias, user)[:, None]
        score += tf.gather(self.movie_bias, movie)
        if self.crosses is not None:
            score += self._crossed(tf.broadcast_to(query[:, None], tf.shape(candidate)), candidate)
        return self._rating(score)

    def _crossed(self, query: tf.Tensor, candidate: tf.Tensor) -> tf.Tensor:
        both = crossed = tf.concat([query, candidate], axis=2)
        crosses: Any = self.crosses
        for kernel, bias in zip(crosses.kernels, crosses.biases, strict=True):
            crossed = both * (tf.tensordot(crossed, kernel, 1) + bias) + crossed
        return tf.tensordot(crossed, crosses.out, 1)

    def _rating(self, score: tf.Tensor) -> tf.Tensor:
        levels = self.scale.levels
        if not self.scale.ordinal:
            return tf.clip_by_value(score, levels[0], levels[-1])
        above = tf.sigmoid(self.scale.slope * (score[..., None] - self.scale.thresholds))
        return levels[0] + tf.reduce_sum(above * np.diff(levels), axis=-1)


def _table(values: np.ndarray) -> tf.Variable:
    """A variable, which is stored beside the graph; a constant would be part of it, and a graph holds 2 GB at most."""
    return tf.Variable(values.astype(np.float32), trainable=False)
