"""The movies as the graph knows them: ids, titles and what is filtered by; and the users with what they have seen."""

from __future__ import annotations

import numpy as np

from tfrs_lab.serving.backend import tf
from tfrs_lab.serving.servable import Servable


def _numbers_of(ids: np.ndarray) -> tf.lookup.StaticHashTable:
    """A table from ids [n] str to their places, -1 for any other."""
    # a table cannot be empty: where there are no ids, it says of padding what it says of all
    keys, places = ids.tolist() or [""], list(range(len(ids))) or [-1]
    initializer = tf.lookup.KeyValueTensorInitializer(keys, places, key_dtype=tf.string, value_dtype=tf.int32)
    return tf.lookup.StaticHashTable(initializer, default_value=-1)


class Movies(tf.Module):
    """Ids to rows and back, genres and years."""

    def __init__(self, servable: Servable) -> None:
        super().__init__()
        self.table = _numbers_of(servable.movie_ids)
        self.genre_table = _numbers_of(np.array(servable.genre_names, dtype=str))
        # row -1 is the empty answer: everything here is looked up at row + 1
        self.ids = tf.constant(["", *servable.movie_ids.tolist()])
        self.titles = tf.constant(["", *servable.titles.tolist()])
        self.genres = tf.Variable(np.pad(servable.genres, ((1, 0), (0, 0))), dtype=tf.bool, trainable=False)
        self.years = tf.Variable(np.pad(servable.years, (1, 0)), dtype=tf.int32, trainable=False)

    def rows(self, ids: tf.Tensor) -> tf.Tensor:
        """int32 rows of string ids of any shape; -1 for unknown ones and for padding."""
        return self.table.lookup(ids)

    def answer(self, scores: tf.Tensor, rows: tf.Tensor) -> dict[str, tf.Tensor]:
        """What a signature returns, from scores and rows [batch, k], padded with -inf and -1."""
        return {
            "movie_id": tf.gather(self.ids, rows + 1),
            "movie_title": tf.gather(self.titles, rows + 1),
            "score": scores,
        }

    def have_genre(self, rows: tf.Tensor, genres: tf.Tensor) -> tf.Tensor:
        """Which movies have one of the genres that are wanted.

        Args:
            rows: [batch, n] int32.
            genres: [batch, any] string, padded with ""; nothing but padding wants every movie.

        Returns:
            [batch, n] bool.
        """
        width = self.genres.shape[1]
        wanted = tf.reduce_max(tf.one_hot(self.genre_table.lookup(genres), width, dtype=tf.int32), axis=1)
        anything = tf.reduce_all(tf.equal(genres, ""), axis=1, keepdims=True)
        having = tf.gather(self.genres, rows + 1) & tf.cast(wanted, tf.bool)[:, None, :]
        return tf.reduce_any(having, axis=2) | anything

    def are_from(self, rows: tf.Tensor, first: tf.Tensor, last: tf.Tensor) -> tf.Tensor:
        """[batch, n] bool: released in these years [batch] int32, 0 for an open end; unknown years are in no range."""
        years = tf.gather(self.years, rows + 1)
        first, last = first[:, None], last[:, None]
        inside = (years >= first) & ((years <= last) | (last == 0)) & (years > 0)
        return inside | ((first == 0) & (last == 0))


class Users(tf.Module):
    """Ids to numbers, queries, and what each has seen."""

    def __init__(self, servable: Servable) -> None:
        super().__init__()
        values, starts = servable.seen
        self.table = _numbers_of(servable.user_ids)
        self.first = tf.constant(servable.user_ids[:1].tolist() or [""])
        self.queries = tf.Variable(np.vstack([servable.stranger, servable.queries]), dtype=tf.float32, trainable=False)
        self.seen_rows = tf.Variable(np.append(values, 0), dtype=tf.int32, trainable=False)
        # user -1 begins and ends at 0
        self.starts = tf.Variable(np.insert(starts, 0, 0), dtype=tf.int32, trainable=False)

    def numbers(self, ids: tf.Tensor) -> tf.Tensor:
        """[batch] int32 from [batch] string; -1 for unknown ones."""
        return self.table.lookup(ids)

    def query(self, users: tf.Tensor) -> tf.Tensor:
        """[batch, dim] float32 from [batch] int32; the stranger's for -1."""
        return tf.gather(self.queries, users + 1)

    def seen(self, users: tf.Tensor) -> tf.Tensor:
        """[batch, any] int32 rows that the users [batch] int32 know, padded with -1."""
        first, last = (tf.gather(self.starts, users + place) for place in (1, 2))
        places = tf.ragged.range(first, last).to_tensor(-1)
        return tf.where(places < 0, -1, tf.gather(self.seen_rows, tf.maximum(places, 0)))
