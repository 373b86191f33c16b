"""A trained two-tower model as plain numpy: one vector per user and movie, and a sparse table of neighbours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from tfrs_lab.data.interactions import Interactions, Vocabulary
from tfrs_lab.models.closed_form.neighbours import NeighbourTable, add_to, recent_places
from tfrs_lab.models.retrieval.combine import Part
from tfrs_lab.models.retrieval.query_tower import QueryTower
from tfrs_lab.models.retrieval.ridge import corrected_mean
from tfrs_lab.models.storage import Stored, from_arrays
from tfrs_lab.models.vectors import cosines


@dataclass(frozen=True)
class FactorRecommender(Stored):
    """Scores are dot products of user and movie vectors, and what the latest movies add to their neighbours.

    Attributes:
        users: The users with a vector.
        movies: The candidate movies.
        queries: [users, dim] float32.
        candidates: [movies, dim] float32.
        popularity: [movies] float32; the order of movies for users of whom nothing is known.
        tower: Makes queries of histories.
        neighbours: Adds to the scores; None for nothing.
        recent: [users, movies] places of the users' latest movies, what ``neighbours`` goes by.
        likeness: [movies, any] float32: movies are as alike as the cosines of these; None for the candidates, in which
            popularity, order and trends have a share.
    """

    users: Vocabulary
    movies: Vocabulary
    queries: np.ndarray
    candidates: np.ndarray
    popularity: np.ndarray
    tower: QueryTower
    neighbours: NeighbourTable | None = None
    recent: csr_matrix | None = None
    likeness: np.ndarray | None = None

    @classmethod
    def of(
        cls, rows: Interactions, part: Part, popularity: np.ndarray, neighbours: NeighbourTable | None = None
    ) -> FactorRecommender:
        """Vectors, and neighbours if there are any, of the users and movies of train rows."""
        recent = None if neighbours is None else recent_places(rows, neighbours.latest)
        vectors = (part.queries, part.candidates, popularity, part.tower)
        return cls(rows.users, rows.movies, *vectors, neighbours, recent)

    def score(self, users: np.ndarray) -> np.ndarray:
        """Scores of all movies.

        Args:
            users: [batch] int32 indices into ``users``; -1 for an unknown user, who gets popularity.

        Returns:
            [batch, movies] float32.
        """
        known = users >= 0
        number = np.where(known, users, 0)
        scores = self.queries[number] @ self.candidates.T
        if self.neighbours is not None and self.recent is not None:
            add_to(scores, self.neighbours.scores(self.recent[number]))
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
        if self.neighbours is not None:
            add_to(scores, self.neighbours.scores(history))
        scores[np.asarray(history.astype(bool).sum(axis=1)).ravel() == 0] = self.popularity
        return scores.astype(np.float32)

    @property
    def alike(self) -> np.ndarray:
        """[movies, any] float32: the vectors whose cosines are ``similarity``."""
        return self.candidates if self.likeness is None else self.likeness

    def similarity(self, movies: np.ndarray) -> np.ndarray:
        """[batch, movies] float32 in [-1, 1]: cosines of movies [batch], indices into ``movies``, with all of them."""
        return cosines(self.alike, movies)

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray]) -> FactorRecommender:
        """The inverse of ``state``; earlier runs stored no tower but the two tables of one."""
        if "fold_in_scale" in state:
            plain = np.float32(state["fold_in_scale"]) * state["candidates"]
            tower = corrected_mean(plain, state["fold_in_corrections"])
            state = {**state, **{f"tower/{name}": values for name, values in tower.state().items()}}
        return from_arrays(cls, state)
