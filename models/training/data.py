"""What models train on: encoded rows, each user's movies, and features."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tfrs_lab.data.interactions import Interactions
from tfrs_lab.models.backend import tf


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Train rows and what goes with them.

    Attributes:
        rows: Encoded train rows.
        user_features: [users, features] float32, may have no columns.
        movie_features: [movies, features] float32, may have no columns.
    """

    rows: Interactions
    user_features: np.ndarray
    movie_features: np.ndarray

    @classmethod
    def without_features(cls, rows: Interactions) -> TrainingData:
        """Ratings alone."""
        return cls(rows, np.zeros((len(rows.users), 0), np.float32), np.zeros((len(rows.movies), 0), np.float32))

    @property
    def users(self) -> int:
        """Number of users."""
        return len(self.rows.users)

    @property
    def movies(self) -> int:
        """Number of movies."""
        return len(self.rows.movies)

    @cached_property
    def times(self) -> np.ndarray:
        """[rows] float32 in (0, 1]: the share of rows that are not later, so that 1 is now.

        Raises:
            ValueError: The rows have no timestamps.
        """
        stamps = self.rows.timestamp
        if stamps is None:
            raise ValueError("expected timestamps of the ratings for the context tower, got none; leave this tower out")
        return (np.searchsorted(np.sort(stamps), stamps, side="right") / len(stamps)).astype(np.float32)

    @cached_property
    def histories(self) -> tf.RaggedTensor:
        """[users, (movies)] int32: the movies of each user, ascending."""
        matrix = self.rows.matrix
        matrix.sort_indices()
        with tf.init_scope():  # outside of whatever function is being traced, since it is kept
            values, splits = tf.constant(matrix.indices, tf.int32), tf.constant(matrix.indptr, tf.int64)
            return tf.RaggedTensor.from_row_splits(values, splits, validate=False)


def shuffled_batches(count: int, batch_size: int, seed: int, first_epoch: int, epochs: int) -> tf.data.Dataset:
    """Numbers of examples in batches [batch] int32, in a new order for each epoch; the last batch may be smaller.

    Equal to caching the examples, shuffling them anew for each epoch and then batching; but examples are gathered
    from memory by whole batches instead of passing one by one through a shuffle buffer (four times faster), and the
    order is a function of (seed, epoch), so that a resumed run sees the batches that it would have seen.
    """

    @tf.autograph.experimental.do_not_convert  # nothing to convert, as elsewhere in the pipeline
    def one_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
        order = tf.random.experimental.stateless_shuffle(
            tf.range(count), seed=tf.stack([tf.constant(seed, tf.int64), epoch])
        )
        return tf.data.Dataset.range(0, count, batch_size).map(lambda start: order[start : start + batch_size])

    return tf.data.Dataset.range(first_epoch, epochs).flat_map(one_epoch)
