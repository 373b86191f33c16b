"""Random recommendations: what a metric gives for nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from tfrs_lab.data.interactions import Interactions
from tfrs_lab.models.baselines.base import FittedBaseline, popularity_scores


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
