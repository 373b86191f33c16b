"""What the protocol evaluates: anything that scores every movie for a batch of users."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from scipy.sparse import csr_matrix

from tfrs_lab.data.interactions import Vocabulary


@runtime_checkable
class Recommender(Protocol):
    """Scores of all candidate movies, higher is better.

    Scores are comparable within one user only. A score of ``-inf`` means "never recommend"; NaN is an error.
    Movies that the user has seen are scored like any other: the caller masks them.
    """

    @property
    def users(self) -> Vocabulary:
        """Users known from fitting."""
        ...

    @property
    def movies(self) -> Vocabulary:
        """Candidate movies, among them those without a train rating where the model can score them."""
        ...

    def score(self, users: np.ndarray) -> np.ndarray:
        """[batch, movies] float32 for users [batch], int32 indices into ``self.users``; a fallback for -1, unknown."""
        ...

    def score_history(self, history: csr_matrix, user_ids: Sequence[str] | None = None) -> np.ndarray:
        """Scores for users who took no part in fitting, from the movies that they have rated.

        Args:
            history: [batch, movies] interactions, nonzero where the user has rated the movie: the greater the later,
                and equal throughout a row where the order is not known. Rows may be empty.
            user_ids: [batch] who they are, for models that know something else of new users; others ignore it.

        Returns:
            [batch, movies] float32.
        """
        ...

    def similarity(self, movies: np.ndarray) -> np.ndarray:
        """[batch, movies] float32: how alike the model finds movies [batch], int32 indices, and all; higher is more."""
        ...
