"""Ratings encoded as integers: what models train on and baselines count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix

from tfrs_lab.data.errors import DataError


@dataclass(frozen=True)
class Vocabulary:
    """Sorted ids; an id's position is its index.

    Indices are in ascending (string) order of id, so that breaking ties by index is breaking ties by id.

    >>> movies = Vocabulary.from_ids(["50", "1", "50"])
    >>> movies.ids
    ['1', '50']
    >>> movies.encode(["50", "7"])
    array([ 1, -1], dtype=int32)
    """

    ids: list[str]

    def __post_init__(self) -> None:
        """Refuses an id that is there twice: a movie would be recommended twice, under two numbers."""
        if len(set(self.ids)) != len(self.ids):
            again = next(id for id, count in Counter(self.ids).items() if count > 1)
            raise DataError(f"duplicated candidates: expected each id once in a vocabulary, got {again!r} again")

    @classmethod
    def from_ids(cls, ids: Iterable[str] | pl.Series) -> Vocabulary:
        """The distinct ids, sorted."""
        return cls(sorted(set(ids)))

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def _index(self) -> pl.DataFrame:
        return pl.DataFrame(
            {"id": self.ids, "index": np.arange(len(self.ids), dtype=np.int32)}, schema_overrides={"id": pl.String}
        )

    def cut(self, indices: np.ndarray) -> tuple[Vocabulary, np.ndarray]:
        """The vocabulary of the indices [n] that occur, and [n] int32 indices into that."""
        occurs = np.bincount(indices, minlength=len(self)) > 0
        place = (np.cumsum(occurs) - 1).astype(np.int32)
        return Vocabulary([self.ids[index] for index in np.flatnonzero(occurs)]), place[indices]

    def encode(self, ids: Iterable[str] | pl.Series) -> np.ndarray:
        """[n] int32 indices of [n] ids, -1 where an id is unknown."""
        column = pl.Series("id", ids if isinstance(ids, pl.Series) else list(ids), dtype=pl.String).to_frame()
        joined = column.join(self._index, on="id", how="left", maintain_order="left")
        return joined["index"].fill_null(-1).to_numpy().astype(np.int32, copy=False)

    def decode(self, indices: np.ndarray) -> pl.Series:
        """[n] ids of [n] indices, null where an index is negative, which is padding."""
        taken = pl.Series(self.ids, dtype=pl.String).gather(np.maximum(indices, 0))
        return taken.zip_with(pl.Series(indices >= 0), pl.Series([None], dtype=pl.String))


@dataclass(frozen=True)
class Interactions:
    """A ratings table in integers, in the table's row order.

    Attributes:
        users: Vocabulary of the rows' users.
        movies: Vocabulary of the rows' movies.
        user: [n] int32 indices into ``users``.
        movie: [n] int32 indices into ``movies``.
        rating: [n] float32, or None for implicit feedback.
        timestamp: [n] int64 seconds, or None.
    """

    users: Vocabulary
    movies: Vocabulary
    user: np.ndarray
    movie: np.ndarray
    rating: np.ndarray | None = None
    timestamp: np.ndarray | None = None

    @classmethod
    def from_ratings(cls, ratings: pl.DataFrame) -> Interactions:
        """Encodes a ratings table; the vocabularies are its own ids and nobody else's.

        Args:
            ratings: [n] rows with ``user_id`` and ``movie_id``, as text or as unsigned whole numbers, which stand for
                their digits; with or without ``user_rating`` and ``timestamp``.
        """
        users, user = _encoded(ratings["user_id"])
        movies, movie = _encoded(ratings["movie_id"])
        columns = ratings.columns
        return cls(
            users=users,
            movies=movies,
            user=user,
            movie=movie,
            rating=ratings["user_rating"].to_numpy().astype(np.float32) if "user_rating" in columns else None,
            timestamp=ratings["timestamp"].to_numpy() if "timestamp" in columns else None,
        )

    def __len__(self) -> int:
        return len(self.user)

    def take(self, rows: np.ndarray) -> Interactions:
        """Rows by their numbers [m], in that order, as if they had been encoded alone."""
        users, user = self.users.cut(self.user[rows])
        movies, movie = self.movies.cut(self.movie[rows])
        rating = None if self.rating is None else self.rating[rows]
        timestamp = None if self.timestamp is None else self.timestamp[rows]
        return Interactions(users, movies, user, movie, rating, timestamp)

    def without_time(self) -> Interactions:
        """The same rows without timestamps."""
        return replace(self, timestamp=None)

    def to_ratings(self) -> pl.DataFrame:
        """The ratings table that ``from_ratings`` encoded, ids as text."""
        columns = {
            "user_id": pl.Series(self.users.ids, dtype=pl.String).gather(self.user),
            "movie_id": pl.Series(self.movies.ids, dtype=pl.String).gather(self.movie),
        }
        if self.rating is not None:
            columns["user_rating"] = pl.Series(self.rating)
        if self.timestamp is not None:
            columns["timestamp"] = pl.Series(self.timestamp)
        return pl.DataFrame(columns)

    @cached_property
    def matrix(self) -> csr_matrix:
        """[users, movies] float32, 1 where the user has rated the movie, with sorted indices."""
        ones = np.ones(len(self), dtype=np.float32)
        matrix = csr_matrix((ones, (self.user, self.movie)), shape=(len(self.users), len(self.movies)))
        matrix.sum_duplicates()
        matrix.data[:] = 1.0
        return matrix

    @cached_property
    def movie_counts(self) -> np.ndarray:
        """[movies] int64: how often each movie occurs."""
        return np.bincount(self.movie, minlength=len(self.movies))


def _encoded(ids: pl.Series) -> tuple[Vocabulary, np.ndarray]:
    """A column's vocabulary, and [n] int32 indices into it."""
    if ids.dtype == pl.String:
        vocabulary = Vocabulary.from_ids(ids.unique())
        return vocabulary, vocabulary.encode(ids)
    numbers, distinct = ids.to_numpy(), ids.unique().sort()
    digits = distinct.cast(pl.String)
    order = digits.arg_sort().to_numpy()
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order))
    vocabulary, values = Vocabulary(digits.gather(order).to_list()), distinct.to_numpy()
    if len(values) == 0 or values[-1] >= 4 * len(numbers) + 1024:
        return vocabulary, rank[np.searchsorted(values, numbers)]
    table = np.zeros(int(values[-1]) + 1, dtype=np.int32)  # a tenth of the time, and no longer than the column
    table[values] = rank
    return vocabulary, table[numbers]
