"""Linear item–item models: a user's scores are their history times a matrix of weights."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csr_matrix

from tfrs_lab.models.baselines.base import FittedBaseline
from tfrs_lab.models.storage import named


@dataclass(frozen=True)
class ItemItem(FittedBaseline):
    """Scores = history · weights, for item-kNN (sparse) and EASE (dense, and sparse for large catalogues).

    Attributes:
        history: [users, movies] float32, 1 where the user has rated the movie.
        weights: [movies, movies] float32 with an empty diagonal: what having rated the row's movie adds to
            the score of the column's movie.
        note: What is to be known about how the weights were found; not stored.
    """

    history: csr_matrix
    weights: csr_matrix | np.ndarray
    note: str = field(default="", metadata=named(None))

    @property
    def notes(self) -> tuple[str, ...]:
        """How the weights were found, where that is not as usual."""
        return (self.note,) if self.note else ()

    def similarity(self, movies: np.ndarray) -> np.ndarray:
        """[batch, movies] float32: rows of the weights."""
        return _dense(self.weights[np.asarray(movies)])

    def _score_users(self, users: np.ndarray) -> np.ndarray:
        return _dense(self.history[users] @ self.weights)

    def _score_histories(self, history: csr_matrix) -> np.ndarray:
        return _dense(history @ self.weights)


def _dense(matrix: csr_matrix | np.ndarray) -> np.ndarray:
    """The matrix as an array."""
    return matrix if isinstance(matrix, np.ndarray) else matrix.toarray()
