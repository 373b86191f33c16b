"""The table of neighbours in the graph: from the latest movies of a history to what they add."""

from __future__ import annotations

import numpy as np

from tfrs_lab.models.backend import tf
from tfrs_lab.models.closed_form.neighbours import NeighbourTable
from tfrs_lab.models.latest_movies import latest_movies


class NeighboursModule(tf.Module):
    """``NeighbourTable`` in the graph.

    Args:
        table: Its entries, which become variables.
    """

    def __init__(self, table: NeighbourTable) -> None:
        super().__init__()
        weights = table.weights
        lengths = np.diff(weights.indptr)
        width = max(int(lengths.max(initial=0)), 1)
        row = np.repeat(np.arange(len(lengths)), lengths)
        column = np.arange(weights.nnz) - np.repeat(weights.indptr[:-1], lengths)
        movies = np.full((len(lengths) + 1, width), -1, np.int32)  # the last row: of no movie
        values = np.zeros((len(lengths) + 1, width), np.float32)
        movies[row, column], values[row, column] = weights.indices, weights.data
        self.movies = tf.Variable(movies, trainable=False)
        self.values = tf.Variable(values, trainable=False)
        self.nothing = len(lengths)
        self.decay = tf.constant(table.decay ** np.arange(table.latest)[::-1], tf.float32)

    def __call__(self, movies: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Movies [batch, n] int32, -1 for none, a movie possibly several times; and what each adds [batch, n] float32.

        Args:
            movies: [batch, any] int32 distinct rows, oldest first; -1 anywhere for none.
        """
        number = tf.minimum(tf.shape(movies)[1], self.decay.shape[0])
        latest = latest_movies(movies, number)
        rows = tf.where(latest < 0, self.nothing, latest)
        shape = [tf.shape(movies)[0], number * self.movies.shape[1]]
        values = tf.gather(self.values, rows) * self.decay[self.decay.shape[0] - number :, None]
        return tf.reshape(tf.gather(self.movies, rows), shape), tf.reshape(values, shape)
