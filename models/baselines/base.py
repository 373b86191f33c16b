"""What all baselines share: a fallback to popularity, and a state of plain arrays."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from scipy.sparse import csr_matrix

from tfrs_lab.data.errors import DataError
from tfrs_lab.data.interactions import Interactions, Vocabulary
from tfrs_lab.models.storage import Stored


@dataclass(frozen=True)
class FittedBaseline(Stored, ABC):
    """A `Recommender` that gives users it knows nothing about the same popular movies.

    Attributes:
        users: Users of the train table.
        movies: Movies of the train table.
        popularity: [movies] float32, the scores of unknown users and of empty histories.
    """

    users: Vocabulary
    movies: Vocabulary
    popularity: np.ndarray

    def score(self, users: np.ndarray) -> np.ndarray:
        """Scores all movies; see `Recommender.score`."""
        users = np.asarray(users)
        known = users >= 0
        if known.all() and len(users):
            return self._score_users(users)
        scores = self._fallback(len(users))
        if known.any():
            scores[known] = self._score_users(users[known])
        return scores

    def score_history(self, history: csr_matrix, user_ids: Sequence[str] | None = None) -> np.ndarray:
        """Scores all movies, whatever their order; see `Recommender.score_history`."""
        history = csr_matrix(history).astype(bool).astype(np.float32)
        scores = self._fallback(history.shape[0])
        known = np.diff(history.indptr) > 0
        if known.any():
            scores[known] = self._score_histories(history[known])
        return scores

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of the model beside its numbers."""
        return ()

    @abstractmethod
    def similarity(self, movies: np.ndarray) -> np.ndarray:
        """Item–item similarity; see `Recommender.similarity`."""

    @abstractmethod
    def _score_users(self, users: np.ndarray) -> np.ndarray:
        """[batch, movies] scores of known users [batch]."""

    @abstractmethod
    def _score_histories(self, history: csr_matrix) -> np.ndarray:
        """[batch, movies] scores of histories [batch, movies], none of them empty."""

    def _fallback(self, batch: int) -> np.ndarray:
        """[batch, movies] float32, the same popularity in every row, writable."""
        return np.tile(self.popularity, (batch, 1))


def popularity_scores(interactions: Interactions) -> np.ndarray:
    """[movies] float32: interactions of each movie, the most popular one scaled to 1.

    Raises:
        DataError: If there are no interactions, since no baseline can be fitted then.
    """
    if not len(interactions):
        raise DataError("the train table has no rows: there is nothing to fit a baseline on")
    counts = interactions.movie_counts
    return (counts / counts.max()).astype(np.float32)


Number = TypeVar("Number", int, float)


@dataclass(frozen=True)
class Range(Generic[Number]):
    """Where such a number is looked for: the default times powers of √2.

    Attributes:
        default: What it is where nothing is chosen; a search starts here.
        low: No smaller value is tried.
        high: No larger value is tried.
        steps: How a search moves, in powers of √2, coarse to fine: by factors of 4, 2 and 1.4. Finer steps drown in the
            noise of validation.
    """

    default: Number
    low: Number
    high: Number
    steps: tuple[int, ...] = (4, 2, 1)

    def of(self, value: Number | None) -> Number:
        """The value that was given, or the default."""
        return self.default if value is None else value

    def at(self, place: int) -> Number | None:
        """The value this many powers of √2 from the default, to three digits; None outside the range.

        >>> numbers = Range(800.0, 1.0, 20_000.0)
        >>> numbers.at(0), numbers.at(-4), numbers.at(1), numbers.at(20)
        (800.0, 200.0, 1130.0, None)
        """
        value = float(f"{self.default * 2 ** (place / 2):.3g}")
        return type(self.default)(value) if self.low <= value <= self.high else None
