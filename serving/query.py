"""A query as tensors of one request: a dense vector, and what a history adds to the scores of some movies."""

from __future__ import annotations

from dataclasses import dataclass

from tfrs_lab.serving.backend import tf
from tfrs_lab.serving.servable import Following

NO_ROW: int = tf.int32.max
"""Padding of rows in ascending order."""


@dataclass(frozen=True, eq=False)
class Added:
    """What is added to the scores of some movies.

    Attributes:
        rows: [batch, any] int32 rows of these movies, each once and in ascending order; then ``NO_ROW``, at least once.
        values: [batch, any] float32, 0 for padding.
    """

    rows: tf.Tensor
    values: tf.Tensor

    @classmethod
    def after(cls, history: tf.Tensor, following: Following, times: tf.Tensor, movies: int) -> Added:
        """The sums of what a history adds.

        Args:
            history: [batch, any] int32 distinct rows, oldest first; -1 anywhere for none.
            following: What its movies add.
            times: [batch, 1] float32: what each sum counts.
            movies: How many there are.
        """
        rows, values = following(history)
        real = tf.where(rows >= 0)  # [entries, 2]
        # one number for a row of the request and a movie
        keys, place = tf.unique(real[:, 0] * movies + tf.cast(tf.gather_nd(rows, real), tf.int64))
        sums = tf.math.unsorted_segment_sum(tf.gather_nd(values, real), place, tf.size(keys))
        order = tf.argsort(keys)
        keys, sums = tf.gather(keys, order), tf.gather(sums, order)
        batch = tf.shape(history, tf.int64)[0]

        def padded(flat: tf.Tensor, padding: float) -> tf.Tensor:
            table = tf.RaggedTensor.from_value_rowids(flat, keys // movies, batch, validate=False).to_tensor(padding)
            return tf.pad(table, [[0, 0], [0, 1]], constant_values=padding)

        return cls(padded(tf.cast(keys % movies, tf.int32), NO_ROW), padded(sums, 0.0) * times)

    @property
    def named(self) -> tf.Tensor:
        """[batch, any] int32: the rows, padded with -1."""
        return tf.where(self.rows < NO_ROW, self.rows, -1)

    def find(self, rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Of [batch, n] int32 rows: which are among these, and at which places; [batch, n] bool and int32."""
        place = tf.searchsorted(self.rows, rows)
        return tf.gather(self.rows, place, batch_dims=1) == rows, place

    def to(self, rows: tf.Tensor) -> tf.Tensor:
        """[batch, n] float32: what is added to the scores of rows [batch, n] int32."""
        among, place = self.find(rows)
        return tf.where(among, tf.gather(self.values, place, batch_dims=1), 0.0)


@dataclass(frozen=True, eq=False)
class Query:
    """A movie's score is vector · candidate, plus what is added to it.

    Attributes:
        vectors: [batch, dim] float32.
        added: To the scores of some movies; None where there is nothing of the kind.
    """

    vectors: tf.Tensor
    added: Added | None = None

    def scores(self, candidates: tf.Tensor, rows: tf.Tensor) -> tf.Tensor:
        """[batch, n] float32 of given rows [batch, n] int32, anything for -1; candidates [movies, dim] float32."""
        found = tf.einsum("bd,bnd->bn", self.vectors, tf.gather(candidates, tf.maximum(rows, 0)))
        return found if self.added is None else found + self.added.to(rows)

    def all_scores(self, candidates: tf.Tensor, place: tf.Tensor) -> tf.Tensor:
        """[movies] float32 of all candidates [movies, dim] float32, for one row of the request, [] int."""
        every = tf.linalg.matvec(candidates, self.vectors[place])
        if self.added is None:
            return every
        rows, values = self.added.rows[place], self.added.values[place]
        real = rows < NO_ROW
        return tf.tensor_scatter_nd_add(every, tf.boolean_mask(rows, real)[:, None], tf.boolean_mask(values, real))
