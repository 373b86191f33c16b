"""Scores of the movies that are to be ranked, whatever movies the recommender holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from tfrs_lab.data.interactions import Vocabulary
from tfrs_lab.evaluation.recommender import Recommender

_CELLS_AT_ONCE = 1 << 24


@dataclass(frozen=True)
class Scorer:
    """A recommender that is asked to rank certain movies.

    Attributes:
        recommender: The recommender.
        ranked: The movies to rank.
        columns: [ranked] int32 places of these movies among the recommender's, -1 for those that it does not hold; None
            if they are the recommender's own.
    """

    recommender: Recommender
    ranked: Vocabulary
    columns: np.ndarray | None

    @classmethod
    def of(cls, recommender: Recommender, candidates: Sequence[str] | None) -> Scorer:
        """Ranks the candidates, without any the recommender's own movies."""
        if candidates is None:
            return cls(recommender, recommender.movies, None)
        ranked = Vocabulary.from_ids(candidates)
        return cls(recommender, ranked, recommender.movies.encode(ranked.ids))

    def __call__(self, users: Sequence[str], history: csr_matrix) -> np.ndarray:
        """As ``scores``, in an array that the caller may write to."""
        return np.array(self.scores(users, history))

    def scores(self, users: Sequence[str], history: csr_matrix) -> np.ndarray:
        """[batch, ranked] float32 scores to look at: they may be the recommender's own.

        Users whom the recommender does not know are scored from their history, which may be empty. Movies that it does
        not hold come after all others, in order of id.

        ``history`` is [batch, the recommender's movies], as of ``Recommender.score_history``.

        Raises:
            ValueError: The recommender's scores are NaN or of the wrong shape.
        """
        known = self.recommender.users.encode(users)
        expected = (len(known), len(self.recommender.movies))
        scores = _checked(self.recommender.score(known), expected)
        unknown_users = np.flatnonzero(known < 0)
        if len(unknown_users):
            names = [users[int(index)] for index in unknown_users]
            by_history = self.recommender.score_history(history[unknown_users], names)
            scores = np.array(scores)
            scores[unknown_users] = _checked(by_history, (len(unknown_users), expected[1]))
        return scores if self.columns is None else _selected(scores, self.columns)


def users_at_once(movies: int) -> int:
    """How many users are scored at a time: at most 1,024, and fewer where [users, movies] float32 would pass 64 MB."""
    return max(1, min(1024, _CELLS_AT_ONCE // max(movies, 1)))


def _selected(scores: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """[batch, columns] float32: these columns of the scores; where a column is -1, less than all other scores."""
    held = columns >= 0
    last = scores.min(axis=1, initial=0.0, where=np.isfinite(scores)) - 1.0
    selected = np.repeat(last[:, None], len(columns), axis=1)
    selected[:, held] = scores[:, columns[held]]
    return selected


def _checked(scores: np.ndarray, expected: tuple[int, int]) -> np.ndarray:
    """The scores in float32, if they have the right shape and no NaN."""
    if scores.shape != expected:
        raise ValueError(f"expected scores of shape [batch, movies] = {expected}, got {scores.shape}")
    scores = np.asarray(scores, dtype=np.float32)
    missing = np.isnan(scores.max(axis=1, initial=-np.inf)).sum()  # the maximum of anything with NaN is NaN
    if missing:
        raise ValueError(
            f"expected scores that can be ordered, got NaN for {missing} of a block of {len(scores)} users"
        )
    return scores
