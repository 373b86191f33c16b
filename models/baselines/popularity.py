"""Popularity and recency popularity: the same movies for everybody."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from tfrs_lab.data.errors import DataError
from tfrs_lab.data.interactions import Interactions
from tfrs_lab.models.baselines.base import FittedBaseline, Range, popularity_scores
from tfrs_lab.models.checks import Checked, Finite

_DAY = 86_400.0
HALF_LIFE = Range(3.0, 0.04, 20_000.0, steps=(4, 2))


@dataclass(frozen=True)
class PopularityConfig:
    """Popularity has nothing to set."""


@dataclass(frozen=True)
class RecencyConfig(Checked):
    """Settings of recency popularity.

    Attributes:
        half_life_days: After how many days a rating counts half. Default: chosen on validation, 3 where nothing is.
    """

    half_life_days: Finite | None = None


@dataclass(frozen=True)
class SameForAll(FittedBaseline):
    """One list of scores for every user."""

    def similarity(self, movies: np.ndarray) -> np.ndarray:
        """[batch, movies] zeros, since nothing is known about likeness."""
        return np.zeros((len(movies), len(self.movies)), dtype=np.float32)

    def _score_users(self, users: np.ndarray) -> np.ndarray:
        return self._fallback(len(users))

    def _score_histories(self, history: csr_matrix) -> np.ndarray:
        return self._fallback(history.shape[0])


def fit_popularity(interactions: Interactions, config: PopularityConfig, *, seed: int, now: int | None) -> SameForAll:
    """Scores a movie by its number of interactions; nothing else matters."""
    return SameForAll(interactions.users, interactions.movies, popularity_scores(interactions))


def fit_recency(interactions: Interactions, config: RecencyConfig, *, seed: int, now: int | None) -> SameForAll:
    """Scores a movie by its exponentially decayed interactions: log2 Σ 2^(−age / half-life).

    Close to the "decay" variant of Ji et al., "A re-visit of the popularity baseline in recommender systems",
    SIGIR 2020. The logarithm keeps the order and lets counts of decades ago stay above 0 instead of
    underflowing into one tie.

    Raises:
        DataError: If there are no rows or no timestamps, or all rows are after ``now``.
    """
    popularity_scores(interactions)
    if interactions.timestamp is None:
        raise DataError("recency popularity needs timestamps, the train table has no column timestamp")
    latest = int(interactions.timestamp.max()) if now is None else now
    past = interactions.timestamp <= latest
    if not past.any():
        raise DataError(f"recency popularity as of {latest}: all train rows are later than that")
    exponent = (interactions.timestamp[past] - latest) / (HALF_LIFE.of(config.half_life_days) * _DAY)
    scores = _log2_sum(interactions.movie[past], exponent, len(interactions.movies))
    return SameForAll(interactions.users, interactions.movies, scores.astype(np.float32))


def _log2_sum(group: np.ndarray, exponent: np.ndarray, groups: int) -> np.ndarray:
    """[groups] log2 Σ 2^exponent over each group's rows; just below all others for a group without rows."""
    peak = np.full(groups, -np.inf)
    np.maximum.at(peak, group, exponent)
    total = np.bincount(group, weights=np.exp2(exponent - peak[group]), minlength=groups)
    filled = total > 0
    result = np.full(groups, peak[filled].min() - 1.0)
    result[filled] = peak[filled] + np.log2(total[filled])
    return result


@dataclass(frozen=True)
class RandomConfig:
    """Random recommendations have nothing to set but the seed of the fit."""


@dataclass(frozen=True)
class RandomScores(FittedBaseline):
    """Uniform scores that depend on the seed and the user only; all unknown users share one list.

    Attributes:
        seed: Same seed, same lists, in whatever batches users are scored.
    """

    seed: int = 0

    def similarity(self, movies: np.ndarray) -> np.ndarray:
        """[batch, movies] uniform numbers."""
        return np.stack([self._row(1, movie) for movie in movies])

    def _score_users(self, users: np.ndarray) -> np.ndarray:
        return np.stack([self._row(0, user) for user in users])

    def _score_histories(self, history: csr_matrix) -> np.ndarray:
        return np.stack([self._row(2, *np.sort(row.indices)) for row in history])

    def _row(self, *key: int) -> np.ndarray:
        """[movies] float32 drawn with a generator of its own."""
        return np.random.default_rng([self.seed, *map(int, key)]).random(len(self.movies), dtype=np.float32)


def fit_random(interactions: Interactions, config: RandomConfig, *, seed: int, now: int | None) -> RandomScores:
    """Takes note of users and movies, and of nothing else."""
    popularity_scores(interactions)  # refuses an empty table
    unknown = np.random.default_rng([seed]).random(len(interactions.movies), dtype=np.float32)
    return RandomScores(interactions.users, interactions.movies, unknown, seed=seed)
