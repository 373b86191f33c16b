"""What somebody did, as a request tells it, as a history: rows in order, each movie once."""

from __future__ import annotations

from tfrs_lab.serving.backend import tf
from tfrs_lab.serving.catalogue import Movies


def in_order(
    movies: Movies, movie_id: tf.Tensor, rating: tf.Tensor, timestamp: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Rows, -1 for unknown ones and padding, and ratings, both [batch, any], oldest first."""
    tf.debugging.assert_equal(tf.shape(movie_id), tf.shape(rating), "expected a rating for each movie_id")
    tf.debugging.assert_equal(tf.shape(movie_id), tf.shape(timestamp), "expected a timestamp, or 0, for each movie_id")
    order = tf.argsort(timestamp, axis=1, stable=True)
    return movies.rows(tf.gather(movie_id, order, batch_dims=1)), tf.gather(rating, order, batch_dims=1)


def each_once(rows: tf.Tensor) -> tf.Tensor:
    """Rows in order [batch, any] int32 with -1 where a movie comes again later."""
    by_movie = tf.argsort(rows, axis=1, stable=True)
    alike = tf.gather(rows, by_movie, batch_dims=1)
    again = tf.pad(alike[:, 1:] == alike[:, :-1], [[0, 0], [0, 1]])[:, : tf.shape(rows)[1]]
    return tf.where(tf.gather(again, tf.argsort(by_movie, axis=1), batch_dims=1), -1, rows)
