"""Known ratings as TensorFlow sees them: sums over a user's or a movie's, some of them left out."""

from __future__ import annotations

import numpy as np

from tfrs_lab.data.errors import DataError
from tfrs_lab.data.interactions import Interactions
from tfrs_lab.models.backend import tf
from tfrs_lab.models.training.histories import long_histories


class KnownRatings:
    """Ratings in order of user and movie.

    Attributes:
        user: [n] int32.
        movie: [n] int32.
        rating: [n] float32.
        timestamp: [n] float64 numpy, seconds; None where the rows have none.
        users: Number of users.
        movies: Number of movies.

    Raises:
        DataError: The rows have no ratings.
    """

    def __init__(self, rows: Interactions) -> None:
        if rows.rating is None:
            raise DataError("expected ratings to learn from (column user_rating), got implicit feedback")
        self.users, self.movies = len(rows.users), len(rows.movies)
        by_user = np.lexsort((rows.movie, rows.user))
        user, movie = rows.user[by_user], rows.movie[by_user]
        self._dense = long_histories(rows)
        self.timestamp = None if rows.timestamp is None else rows.timestamp[by_user].astype(np.float64)
        by_movie = np.lexsort((user, movie))
        with tf.init_scope():  # outside of whatever function is being traced, since they are kept
            self.user, self.movie = tf.constant(user), tf.constant(movie)
            self.rating = tf.constant(rows.rating[by_user])
            self._by_movie = tf.constant(by_movie)
            self._movies_of_users = tf.constant(np.stack([user, movie], axis=1).astype(np.int64))
            self._users_of_movies = tf.constant(np.stack([movie, user], axis=1)[by_movie].astype(np.int64))

    def __len__(self) -> int:
        return int(self.user.shape[0])

    def of_users(self, values: tf.Tensor) -> tf.Tensor:
        """[users] float32: sums of values [n] over each user's ratings."""
        return tf.math.unsorted_segment_sum(values, self.user, self.users)

    def of_movies(self, values: tf.Tensor) -> tf.Tensor:
        """[movies] float32: sums of values [n] over each movie's ratings."""
        return tf.math.unsorted_segment_sum(values, self.movie, self.movies)

    def users_times(self, values: tf.Tensor, table: tf.Tensor) -> tf.Tensor:
        """[users, dim]: sums of value · vector of the movie, from values [n] and a table [movies, dim]."""
        if self._dense:
            return tf.matmul(self._matrix(values), table)
        matrix = tf.SparseTensor(self._movies_of_users, values, (self.users, self.movies))
        return tf.sparse.sparse_dense_matmul(matrix, table)

    def movies_times(self, values: tf.Tensor, table: tf.Tensor) -> tf.Tensor:
        """[movies, dim]: sums of value · vector of the user, from values [n] and a table [users, dim]."""
        if self._dense:
            return tf.matmul(self._matrix(values), table, transpose_a=True)
        matrix = tf.SparseTensor(self._users_of_movies, tf.gather(values, self._by_movie), (self.movies, self.users))
        return tf.sparse.sparse_dense_matmul(matrix, table)

    def _matrix(self, values: tf.Tensor) -> tf.Tensor:
        """[users, movies] float32, zero where there is no rating."""
        return tf.scatter_nd(self._movies_of_users, values, (self.users, self.movies))
