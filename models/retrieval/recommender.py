"""A trained two-tower model as plain numpy: one vector per user and movie. Needs no TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_matrix

from tfrs_lab.data.interactions import Vocabulary
from tfrs_lab.models.retrieval.query_tower import QueryTower
from tfrs_lab.models.retrieval.ridge import corrected_mean
from tfrs_lab.models.storage import Stored, from_arrays
from tfrs_lab.models.vectors import cosines


@dataclass(frozen=True)
class FactorRecommender(Stored):
    """Scores are dot products of user and movie vectors.

    Attributes:
        users: The users with a vector.
        movies: The candidate movies.
        queries: [users, dim] float32.
        candidates: [movies, dim] float32.
        popularity: [movies] float32; the order of movies for users of whom nothing is known.
        tower: Makes queries of histories.
    """

    users: Vocabulary
    movies: Vocabulary
    queries: np.ndarray
    candidates: np.ndarray
    popularity: np.ndarray
    tower: QueryTower

    def score(self, users: np.ndarray) -> np.ndarray:
        """Scores of all movies.

        Args:
            users: [batch] int32 indices into ``users``; -1 for an unknown user, who gets popularity.

        Returns:
            [batch, movies] float32.
        """
        known = users >= 0
        scores = self.queries[np.where(known, users, 0)] @ self.candidates.T
        scores[~known] = self.popularity
        return scores

    def score_history(self, history: csr_matrix, user_ids: Sequence[str] | None = None) -> np.ndarray:
        """Scores for users who were not there in training, from the movies they know.

        Ratings are not used.

        Args:
            history: [batch, movies]: a movie's place in the history, 1 for the oldest; equal values where the order is
                not known.
            user_ids: Not used.

        Returns:
            [batch, movies] float32; popularity for an empty history.
        """
        scores = self.tower.queries(history) @ self.candidates.T
        scores[np.asarray(history.astype(bool).sum(axis=1)).ravel() == 0] = self.popularity
        return scores.astype(np.float32)

    def among(self, movies: np.ndarray) -> FactorRecommender:
        """The same model with only these candidates [n], indices into ``movies``, ascending."""
        return replace(
            self,
            movies=Vocabulary(self.movies.decode(movies).to_list()),
            candidates=self.candidates[movies],
            popularity=self.popularity[movies],
            tower=self.tower.among(movies),
        )

    def similarity(self, movies: np.ndarray) -> np.ndarray:
        """[batch, movies] float32 in [-1, 1]: cosines of movies [batch], indices into ``movies``, with all of them."""
        return cosines(self.candidates, movies)

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray]) -> FactorRecommender:
        """The inverse of ``state``; earlier runs stored no tower but the two tables of one."""
        if "fold_in_scale" in state:
            plain = np.float32(state["fold_in_scale"]) * state["candidates"]
            tower = corrected_mean(plain, state["fold_in_corrections"])
            state = {**state, **{f"tower/{name}": values for name, values in tower.state().items()}}
        return from_arrays(cls, state)
