"""From a history to a query: the forms that models in this project have. Every one is a ``HistoryQuery``."""

from __future__ import annotations

import numpy as np

from tfrs_lab.serving.backend import tf


def count(movies: tf.Tensor) -> tf.Tensor:
    """[batch, 1] float32: how many rows of [batch, any] are not padding."""
    return tf.reduce_sum(tf.cast(movies >= 0, tf.float32), axis=1, keepdims=True)


def total(table: tf.Tensor, movies: tf.Tensor) -> tf.Tensor:
    """[batch, dim] sums of the table's rows; [movies, dim] and [batch, any] int32, padded with -1."""
    real = tf.where(movies >= 0)
    batch = tf.shape(movies)[0]
    return tf.math.unsorted_segment_sum(tf.gather(table, tf.gather_nd(movies, real)), real[:, 0], batch)


class MeanQuery(tf.Module):
    """A mean of movie vectors that starts from a prior.

    query = (Σ plain + prior · start) / (n + prior), over the n movies of a history.

    Args:
        plain: [movies, dim] float32.
        empty: [dim] float32: the query for an empty history.
        start: [dim] float32, or None for zeros.
        prior: See above.
    """

    def __init__(
        self,
        plain: np.ndarray,
        empty: np.ndarray,
        start: np.ndarray | None = None,
        prior: float = 0.0,
    ) -> None:
        super().__init__()
        self.plain = tf.Variable(plain, trainable=False)
        self.empty = tf.constant(empty, tf.float32)
        self.start = tf.zeros_like(self.empty) if start is None else tf.constant(start, tf.float32)
        self.prior = prior

    def __call__(self, movies: tf.Tensor, rating: tf.Tensor) -> tf.Tensor:
        """Neither order nor ratings are used."""
        number = count(movies)
        mean = total(self.plain, movies) + self.prior * self.start
        return tf.where(number > 0, mean / tf.maximum(number + self.prior, 1e-12), self.empty)


class LeastSquaresQuery(tf.Module):
    """The user's side of implicit matrix factorisation, given the movies' (Hu et al., ICDM 2008, eq. 4).

    query = (YᵀY + (α - 1) Σ y yᵀ + λ I)⁻¹ α Σ y, sums over the history.

    Args:
        movies: [movies, factors] float32: Y.
        alpha: α.
        regularization: λ.
        empty: [dim] float32: the query for an empty history; it has further numbers behind the factors, which are 0 for
            a history that is not empty.
    """

    def __init__(self, movies: np.ndarray, alpha: float, regularization: float, empty: np.ndarray) -> None:
        super().__init__()
        exact = movies.astype(np.float64)
        self.movies = tf.Variable(movies, trainable=False)
        self.every = tf.constant(exact.T @ exact + regularization * np.eye(exact.shape[1]))
        self.empty = tf.constant(empty, tf.float32)
        self.alpha = alpha
        self.further = len(empty) - movies.shape[1]

    def __call__(self, movies: tf.Tensor, rating: tf.Tensor) -> tf.Tensor:
        """Ratings are not used."""
        real = tf.cast(movies >= 0, tf.float64)[:, :, None]
        own = tf.cast(tf.gather(self.movies, tf.maximum(movies, 0)), tf.float64) * real  # [batch, any, factors]
        left = self.every + (self.alpha - 1.0) * tf.matmul(own, own, transpose_a=True)
        right = self.alpha * tf.reduce_sum(own, axis=1)
        query = tf.cast(tf.linalg.solve(left, right[:, :, None])[:, :, 0], tf.float32)
        return tf.where(count(movies) > 0, tf.pad(query, [[0, 0], [0, self.further]]), self.empty)
