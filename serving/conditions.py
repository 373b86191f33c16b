"""What must not be in an answer: exclusions and filters, as tensors of one request."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tfrs_lab.serving.backend import tf
from tfrs_lab.serving.catalogue import Movies


@dataclass(frozen=True, eq=False)
class Conditions:
    """Which movies each row of a request may be answered with.

    Attributes:
        movies: Knows genres and years.
        excluded: [batch, any] int32 rows in ascending order, -1 for padding; at least one column.
        filters: [batch, any] string genres, padded with ""; and [batch] int32 first and last year, 0 for an open end.
            None for no filters.
    """

    movies: Movies
    excluded: tf.Tensor
    filters: tuple[tf.Tensor, tf.Tensor, tf.Tensor] | None = None

    @classmethod
    def excluding(cls, movies: Movies, *rows: tf.Tensor) -> Conditions:
        """Excludes all of these, each [batch, any] int32 and padded with -1."""
        nothing = tf.fill([tf.shape(rows[0])[0], 1], -1)
        return cls(movies, tf.sort(tf.concat([nothing, *rows], axis=1), axis=1))

    def wanting(self, genres: tf.Tensor, first: tf.Tensor, last: tf.Tensor) -> Conditions:
        """The same with filters."""
        return replace(self, filters=(genres, first, last))

    @property
    def slack(self) -> tf.Tensor:
        """[] int32: so many of the best movies may be excluded."""
        return tf.reduce_max(tf.reduce_sum(tf.cast(self.excluded >= 0, tf.int32), axis=1))

    def only(self, place: tf.Tensor) -> Conditions:
        """The conditions of one row of the request, [] int."""
        one = [tensor[place][None] for tensor in (self.excluded, *(self.filters or ()))]
        return replace(self, excluded=one[0], filters=tuple(one[1:]) or None)

    def allow(self, rows: tf.Tensor) -> tf.Tensor:
        """[batch, n] bool: which of the rows [batch, n] int32 fulfil them; -1 does not."""
        place = tf.searchsorted(self.excluded, rows)
        place = tf.minimum(place, tf.shape(self.excluded)[1] - 1)
        allowed = (rows >= 0) & (tf.gather(self.excluded, place, batch_dims=1) != rows)
        if self.filters is None:
            return allowed
        genres, first, last = self.filters
        return allowed & self.movies.have_genre(rows, genres) & self.movies.are_from(rows, first, last)
