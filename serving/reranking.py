"""The last stage: what was retrieved in a new order. Every form of it is a ``Reranker``."""

from __future__ import annotations

import numpy as np

from tfrs_lab.serving.backend import tf
from tfrs_lab.serving.retrieve import best
from tfrs_lab.serving.servable import Reranker


class StoredOrder(tf.Module):
    """Scores of known users' best movies that were computed before; all their other movies keep the retriever's order.

    Inner products of a user become comparable with the stored scores by (score - mean) / deviation.

    Args:
        movies: [users, depth] int32 rows, -1 for none.
        scores: [users, depth] float32.
        mean: [users] float32.
        deviation: [users] float32, above 0.
    """

    def __init__(self, movies: np.ndarray, scores: np.ndarray, mean: np.ndarray, deviation: np.ndarray) -> None:
        super().__init__()
        self.users, self.depth = movies.shape
        order = np.argsort(movies, axis=1, kind="stable")  # ascending rows: a movie is found by bisection
        movies, scores = (np.take_along_axis(table, order, axis=1) for table in (movies, scores))
        # one more user without any movies, whose scores stay as they are
        self.movies = tf.Variable(np.pad(movies, ((0, 1), (0, 0)), constant_values=-1), dtype=tf.int32, trainable=False)
        self.scores = tf.Variable(np.pad(scores, ((0, 1), (0, 0))), dtype=tf.float32, trainable=False)
        self.mean = tf.Variable(np.append(mean, 0.0), dtype=tf.float32, trainable=False)
        self.deviation = tf.Variable(np.append(deviation, 1.0), dtype=tf.float32, trainable=False)

    def __call__(self, users: tf.Tensor, movies: tf.Tensor, scores: tf.Tensor) -> tf.Tensor:
        """See ``Reranker``."""
        place = tf.where((users >= 0) & (users < self.users), users, self.users)
        own = tf.gather(self.movies, place)  # [batch, depth]
        column = tf.minimum(tf.searchsorted(own, movies), self.depth - 1)
        stored = (movies >= 0) & (tf.gather(own, column, batch_dims=1) == movies)
        others = (scores - tf.gather(self.mean, place)[:, None]) / tf.gather(self.deviation, place)[:, None]
        return tf.where(stored, tf.gather(tf.gather(self.scores, place), column, batch_dims=1), others)


def rerank(
    reranker: Reranker, users: tf.Tensor, scores: tf.Tensor, rows: tf.Tensor, k: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """The k best in the reranker's order.

    Args:
        reranker: See there.
        users: [batch] int32, -1 for unknown ones.
        scores: [batch, n] float32 of what was retrieved, padded with -inf; n at least k and the reranker's depth.
        rows: [batch, n] int32, padded with -1.
        k: [] int32.

    Returns:
        Scores and rows [batch, k], padded likewise.
    """
    return best(reranker(users, rows, scores), rows, k)
