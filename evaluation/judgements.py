"""What is known about test users: which movies are relevant to them and which they have already seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix

from tfrs_lab.data.errors import DataError
from tfrs_lab.data.interactions import Vocabulary

_PAIR = ["user_id", "movie_id"]


@dataclass(frozen=True)
class Judgements:
    """Truth and seen tables in integers.

    Attributes:
        users: Test users, those with at least one relevant row.
        movies: Every movie that the tables or the candidates name, so that nothing relevant falls out of a
            denominator.
        relevant: [users, movies] bool.
        seen: [users, movies] int32, nonzero where the user has seen the movie; with timestamps the greater the later.
        raters: [movies] int64, users (of all, not only test users) with the movie in the seen table.
        raters_total: Users with anything in the seen table.
        catalogue: [movies] bool, movies that the truth or the seen table names.
    """

    users: Vocabulary
    movies: Vocabulary
    relevant: csr_matrix
    seen: csr_matrix
    raters: np.ndarray
    raters_total: int
    catalogue: np.ndarray

    @classmethod
    def from_tables(
        cls, truth: pl.DataFrame, seen: pl.DataFrame, *, threshold: float | None, candidates: Iterable[str]
    ) -> Judgements:
        """Encodes the tables: test rows, relevant if rated at least ``threshold`` (None: all), and rows already seen.

        ``candidates`` are ids of movies that may be recommended besides those in the tables.

        Raises:
            DataError: If a column is missing or holds nulls, nothing is relevant, or a movie is both seen by
                and relevant to one user.
        """
        known = _pairs(truth, "test")
        relevant, seen_pairs = _relevant_pairs(truth, threshold), _pairs(seen, "seen")
        _check_leakage(relevant, seen_pairs)
        users = Vocabulary.from_ids(relevant["user_id"])
        tables = pl.concat([known["movie_id"], seen_pairs["movie_id"]]).unique()
        movies = Vocabulary.from_ids([*tables.to_list(), *candidates])
        catalogue = np.zeros(len(movies), dtype=bool)
        catalogue[movies.encode(tables)] = True
        return cls(
            users=users,
            movies=movies,
            relevant=interaction_matrix(relevant, users, movies).astype(bool),
            seen=interaction_matrix(seen_pairs, users, movies),
            raters=np.bincount(movies.encode(seen_pairs["movie_id"]), minlength=len(movies)),
            raters_total=seen_pairs["user_id"].n_unique(),
            catalogue=catalogue,
        )

    @cached_property
    def history(self) -> np.ndarray:
        """[users] int64: movies that each test user has seen."""
        return np.diff(self.seen.indptr)

    def seen_among(self, movies: Vocabulary) -> csr_matrix:
        """[users, movies] int32: what each test user has seen, in another numbering; movies not in it fall out."""
        number = movies.encode(self.movies.ids)
        held = number >= 0
        columns = csr_matrix(
            (np.ones(held.sum(), dtype=np.int32), (np.flatnonzero(held), number[held])),
            shape=(len(number), len(movies)),
        )
        seen: csr_matrix = self.seen @ columns
        seen.sort_indices()
        return seen


def _pairs(table: pl.DataFrame, name: str) -> pl.DataFrame:
    """Distinct (user, movie) pairs of a table, with the latest timestamps where there are some, in their order."""
    for column in _PAIR:
        if column not in table.columns:
            raise DataError(f"the {name} table needs a column {column}, it has {', '.join(table.columns) or 'none'}")
        if table[column].null_count():
            raise DataError(f"the {name} table has {table[column].null_count()} rows without a {column}")
    times = ["timestamp"] if "timestamp" in table.columns else []
    pairs = table.select(pl.col(_PAIR).cast(pl.String), *times)
    if not times:
        return pairs.unique()
    in_time = pairs["timestamp"].to_numpy().argsort(kind="stable")
    return pairs[in_time].unique(_PAIR, keep="last", maintain_order=True)


def _relevant_pairs(truth: pl.DataFrame, threshold: float | None) -> pl.DataFrame:
    """Distinct (user, movie) pairs of the relevant rows."""
    if threshold is not None:
        if "user_rating" not in truth.columns:
            raise DataError(f"a relevance threshold of {threshold} needs a column user_rating in the test table")
        rating = truth["user_rating"].cast(pl.Float64)
        if not rating.is_finite().all() or rating.null_count():
            raise DataError("the test table has ratings that are not finite numbers", column="user_rating")
        truth = truth.filter(rating >= threshold)
    if truth.is_empty():
        wanted = "rows" if threshold is None else f"rows with user_rating >= {threshold}"
        raise DataError(f"the test table has no {wanted}: nothing is relevant to anyone")
    return _pairs(truth, "test")


def _check_leakage(relevant: pl.DataFrame, seen: pl.DataFrame) -> None:
    """Refuses tables in which a user has already seen what is to be predicted."""
    leaked = relevant.join(seen, on=_PAIR, how="semi").sort(_PAIR)
    if len(leaked):
        user, movie = leaked.row(0)[:2]
        raise DataError(
            f"{len(leaked)} of {len(relevant)} relevant (user, movie) pairs of the test table are also in "
            f"the seen table, the first is user {user!r} and movie {movie!r}: test and train must be disjoint"
        )


def interaction_matrix(ratings: pl.DataFrame, users: Vocabulary, movies: Vocabulary) -> csr_matrix:
    """Rows of other users and movies are left out.

    Returns:
        [users, movies] int32, nonzero where there is a rating: with timestamps the greater the later, else 1.
    """
    timed = "timestamp" in ratings.columns
    ratings = ratings.sort("timestamp", maintain_order=True) if timed else ratings
    ratings = ratings.unique(_PAIR, keep="last", maintain_order=True)
    values = np.arange(1, ratings.height + 1, dtype=np.int32) if timed else np.ones(ratings.height, np.int32)
    user, movie = users.encode(ratings["user_id"]), movies.encode(ratings["movie_id"])
    inside = (user >= 0) & (movie >= 0)
    matrix = csr_matrix((values[inside], (user[inside], movie[inside])), shape=(len(users), len(movies)))
    matrix.sort_indices()
    return matrix
