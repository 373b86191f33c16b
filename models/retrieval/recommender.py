"""A trained two-tower model as plain numpy: one vector per user and movie. Needs no TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_matrix

from tfrs_lab.data.interactions import Vocabulary
from tfrs_lab.models.retrieval.fold_in import FoldIn


@dataclass(frozen=True)
class FactorRecommender:
    """Scores are dot products of user and movie vectors.

    Attributes:
        users: The users with a vector.
        movies: The candidate movies.
        queries: [users, dim] float32.
        candidates: [movies, dim] float32.
        popularity: [movies] float32; the order of movies for users of whom nothing is known.
        fold_in: Makes queries of histories; None: the mean of the movies' vectors.
    """

    users: Vocabulary
    movies: Vocabulary
    queries: np.ndarray
    candidates: np.ndarray
    popularity: np.ndarray
    fold_in: FoldIn | None = None

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
            history: [batch, movies], nonzero where the user knows the movie.
            user_ids: Not used.

        Returns:
            [batch, movies] float32; popularity for an empty history.
        """
        fold_in = self.fold_in or FoldIn(1.0, np.zeros_like(self.candidates))
        scores = fold_in.queries(history, self.candidates) @ self.candidates.T
        scores[np.asarray(history.astype(bool).sum(axis=1)).ravel() == 0] = self.popularity
        return scores.astype(np.float32)

    def among(self, movies: np.ndarray) -> FactorRecommender:
        """The same model with only these candidates [n], indices into ``movies``, ascending."""
        fold_in = self.fold_in and replace(self.fold_in, corrections=self.fold_in.corrections[movies])
        return replace(
            self,
            movies=Vocabulary(self.movies.decode(movies).to_list()),
            candidates=self.candidates[movies],
            popularity=self.popularity[movies],
            fold_in=fold_in,
        )

    def similarity(self, movies: np.ndarray) -> np.ndarray:
        """Cosine similarity of movies with all movies.

        Args:
            movies: [batch] indices into ``movies``.

        Returns:
            [batch, movies] float32 in [-1, 1].
        """
        norms = np.linalg.norm(self.candidates, axis=1, keepdims=True)
        unit = self.candidates / np.maximum(norms, 1e-12)
        return unit[movies] @ unit.T

    def state(self) -> dict[str, np.ndarray]:
        """The arrays that ``from_state`` needs, free of Python objects."""
        return {
            "users": np.array(self.users.ids, dtype=str),
            "movies": np.array(self.movies.ids, dtype=str),
            "queries": self.queries,
            "candidates": self.candidates,
            "popularity": self.popularity,
            **({} if self.fold_in is None else {f"fold_in_{k}": np.asarray(v) for k, v in vars(self.fold_in).items()}),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray]) -> FactorRecommender:
        """The inverse of ``state``."""
        return cls(
            users=Vocabulary(state["users"].tolist()),
            movies=Vocabulary(state["movies"].tolist()),
            queries=state["queries"],
            candidates=state["candidates"],
            popularity=state["popularity"],
            fold_in=FoldIn(float(state["fold_in_scale"]), state["fold_in_corrections"])
            if "fold_in_scale" in state
            else None,
        )
