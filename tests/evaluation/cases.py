"""Small recommenders and tables for the tests of the evaluation room."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix

from tfrs_lab.data.interactions import Vocabulary


@dataclass
class FixedScores:
    """A recommender that returns the scores it was given; unknown users and histories get zeros."""

    users: Vocabulary
    movies: Vocabulary
    scores: np.ndarray

    def score(self, users: np.ndarray) -> np.ndarray:
        return np.where(users[:, None] >= 0, self.scores[users], 0.0).astype(np.float32)

    def score_history(self, history: csr_matrix, user_ids: Sequence[str] | None = None) -> np.ndarray:
        return np.zeros(history.shape, dtype=np.float32)

    def similarity(self, movies: np.ndarray) -> np.ndarray:
        return np.zeros((len(movies), len(self.movies)), dtype=np.float32)


def pairs(rows: Iterable[tuple[str, str]]) -> pl.DataFrame:
    """A table of (user_id, movie_id)."""
    return pl.DataFrame(list(rows), schema={"user_id": pl.String, "movie_id": pl.String}, orient="row")


def ids(prefix: str, n: int) -> list[str]:
    """Sorted ids."""
    return [f"{prefix}{i:03}" for i in range(n)]


@dataclass(frozen=True)
class Case:
    """A random recommender with the tables to evaluate it on."""

    recommender: FixedScores
    test: pl.DataFrame
    seen: pl.DataFrame


def random_case(seed: int, *, users: int = 30, movies: int = 40, unknown_movies: int = 3, levels: int = 6) -> Case:
    """Scores with many ties, users with everything seen, with nothing relevant, and movies that are no candidates.

    Args:
        seed: Of everything.
        users: Number of users; the first fifth has nothing relevant, the last one has seen every candidate.
        movies: Number of candidates.
        unknown_movies: Movies of the test table that are no candidates.
        levels: Different scores there are.
    """
    rng = np.random.default_rng(seed)
    user_ids, movie_ids = ids("u", users), ids("m", movies + unknown_movies)
    scores = rng.integers(levels, size=(users, movies)).astype(np.float32)
    kind = rng.choice(["seen", "test", "none"], p=[0.3, 0.2, 0.5], size=(users, movies + unknown_movies))
    kind[: users // 5][kind[: users // 5] == "test"] = "none"
    kind[-1, :movies], kind[-1, movies:] = "seen", "test"
    kind[:-1, movies:][kind[:-1, movies:] == "seen"] = "none"
    tables = {
        name: pairs((user_ids[u], movie_ids[m]) for u, m in np.argwhere(kind == name)) for name in ("test", "seen")
    }
    recommender = FixedScores(Vocabulary(user_ids), Vocabulary(movie_ids[:movies]), scores)
    return Case(recommender, tables["test"], tables["seen"])
