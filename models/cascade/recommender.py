"""A fitted cascade as plain numpy: a retriever's first movies in a new order by a ranker. Needs no TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_matrix

from tfrs_lab.data.interactions import Vocabulary
from tfrs_lab.models.retrieval.recommender import FactorRecommender
from tfrs_lab.models.storage import Stored

ABOVE = 1e-3
"""Least distance of the movies in the list to those beyond it."""
BEYOND = 1e30
"""No score is so high."""


@dataclass(frozen=True, eq=False)
class CascadeRecommender(Stored):
    """Retrieve, filter what the user has seen, rank.

    The ranker knows when and in which order a user rated, so its scores of known users' candidates are kept, as their
    vectors are. Users who were not there in training are ranked by the retriever alone.

    Attributes:
        retrieval: The retriever.
        candidates: [users, depth] int32: the retriever's best movies that the user has not seen, best first; -1 where
            there are fewer.
        ranks: [users, depth] float32: the ranker's scores of them, higher is better.
        depth: Number of them that are re-ranked.
        weight: Of the ranker's scores, relative to the retriever's, which have standard deviation 1 for each user.
    """

    retrieval: FactorRecommender
    candidates: np.ndarray
    ranks: np.ndarray
    depth: int
    weight: float

    @classmethod
    def alone(cls, retrieval: FactorRecommender) -> CascadeRecommender:
        """The retriever without a ranker."""
        users = len(retrieval.users)
        return cls(retrieval, np.zeros((users, 0), np.int32), np.zeros((users, 0), np.float32), depth=0, weight=0.0)

    @property
    def users(self) -> Vocabulary:
        """Users known from fitting."""
        return self.retrieval.users

    @property
    def movies(self) -> Vocabulary:
        """Candidate movies."""
        return self.retrieval.movies

    def score(self, users: np.ndarray) -> np.ndarray:
        """[batch, movies] float32 scores of users [batch] int32, -1 for unknown ones."""
        scores = self.retrieval.score(users)
        known = np.flatnonzero(users >= 0)
        if self.weight and len(known):
            own = standardised_scores(scores[known])
            candidates, mixed = self.reordered(users[known], own)
            row, place = np.nonzero(candidates >= 0)
            own[row, candidates[row, place]] = mixed[row, place]
            scores[known] = own
        return scores

    def reordered(self, users: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Candidates [batch, depth] int32, -1 for none, and their final scores, above those of all other movies.

        Args:
            users: [batch] int32 indices into ``users``, all known.
            scores: [batch, movies] their standardised scores.
        """
        candidates, ranks = self.candidates[users, : self.depth], self.ranks[users, : self.depth]
        there = candidates >= 0
        listed = np.take_along_axis(scores, np.maximum(candidates, 0), axis=1)
        mixed = listed + np.float32(self.weight) * ranks
        least, lowest = (each.min(axis=1, initial=BEYOND, where=there) for each in (listed, mixed))
        lift = np.maximum(least - lowest, 0) + ABOVE
        return candidates, mixed + lift[:, None]

    def score_history(self, history: csr_matrix, user_ids: Sequence[str] | None = None) -> np.ndarray:
        """The retriever's scores [batch, movies] of users who were not there in training."""
        return self.retrieval.score_history(history, user_ids)

    def similarity(self, movies: np.ndarray) -> np.ndarray:
        """[batch, movies] float32: the retriever's."""
        return self.retrieval.similarity(movies)

    def mixed(self, depth: int, weight: float) -> CascadeRecommender:
        """The same with another mixture: nothing is computed again."""
        return replace(self, depth=depth, weight=weight)


def standardised_scores(scores: np.ndarray) -> np.ndarray:
    """[batch, movies] float32 scores less each user's mean, divided by each user's standard deviation."""
    mean, deviation = moments(scores)
    return np.asarray((scores - mean) / deviation, dtype=np.float32)


def moments(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation, above 0, of each row: [batch, 1] each, from scores [batch, movies]."""
    mean = scores.mean(axis=1, keepdims=True)
    return mean, np.maximum((scores - mean).std(axis=1, keepdims=True), 1e-12)
