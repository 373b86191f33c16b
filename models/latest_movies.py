"""The end of a history, in the graph."""

from __future__ import annotations

from tfrs_lab.models.backend import tf


def latest_movies(movies: tf.Tensor, number: int | tf.Tensor) -> tf.Tensor:
    """The latest movies of histories, right-aligned.

    Args:
        movies: [batch, any] int32 rows, oldest first; -1 anywhere for none.
        number: How many, int32.

    Returns:
        [batch, number] int32, the latest one last, -1 before the first.
    """
    real = tf.cast(movies >= 0, tf.int32)
    behind = tf.cumsum(real, axis=1, exclusive=True, reverse=True)  # 0 for the latest movie
    place = tf.where((movies >= 0) & (behind < number))
    column = tf.cast(number - 1 - tf.gather_nd(behind, place), tf.int64)
    shape = tf.stack([tf.shape(movies, tf.int64)[0], tf.cast(number, tf.int64)])
    return tf.scatter_nd(tf.stack([place[:, 0], column], axis=1), tf.gather_nd(movies, place) + 1, shape) - 1
