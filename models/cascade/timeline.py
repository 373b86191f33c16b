"""How often movies had been rated by a moment: plain and decayed counts, user by user."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tfrs_lab.data.interactions import Interactions

DAY = 86_400.0


@dataclass(frozen=True, eq=False)
class Counts:
    """Counts of candidates as of their users' moments.

    Attributes:
        decayed: [users, n, half-lives] float32: Σ 2^(−age / half-life) over the candidate's ratings.
        totals: [users, half-lives] float32: the same over all movies.
        age: [users, n] float32 days since the candidate's first rating; −1 where it had none by then.
    """

    decayed: np.ndarray
    totals: np.ndarray
    age: np.ndarray


@dataclass(frozen=True, eq=False)
class Timeline:
    """Ratings in order of time.

    Attributes:
        movie: [rows] int32.
        time: [rows] float64 seconds, ascending; all 0 without timestamps.
        movies: Size of the catalogue.
    """

    movie: np.ndarray
    time: np.ndarray
    movies: int

    @classmethod
    def of(cls, rows: Interactions) -> Timeline:
        """Sorts rows by time; stable."""
        time = np.zeros(len(rows)) if rows.timestamp is None else rows.timestamp.astype(np.float64)
        order = np.argsort(time, kind="stable")
        return cls(rows.movie[order], time[order], len(rows.movies))

    def counts(self, moments: np.ndarray, candidates: np.ndarray, half_lives: Sequence[float]) -> Counts:
        """Counts over the rows that are not later than each user's moment, in one pass over rows and users.

        Args:
            moments: [users] seconds.
            candidates: [users, n] int32 movies.
            half_lives: In days; infinite for a plain count.
        """
        users, n = candidates.shape
        result = Counts(
            np.empty((users, n, len(half_lives)), np.float32),
            np.empty((users, len(half_lives)), np.float32),
            np.empty((users, n), np.float32),
        )
        lives = np.asarray(half_lives, dtype=np.float64)[:, None] * DAY
        state, first = np.zeros((len(half_lives), self.movies)), np.full(self.movies, np.inf)
        now, done = (self.time[0] if len(self.time) else 0.0), 0
        for user in np.argsort(moments, kind="stable"):
            moment = max(float(moments[user]), now)
            until = int(np.searchsorted(self.time, moments[user], side="right"))
            state *= np.exp2(-(moment - now) / lives)
            movie, time = self.movie[done:until], self.time[done:until]
            for row, life in zip(state, lives[:, 0], strict=True):
                row += np.bincount(movie, weights=np.exp2(-(moment - time) / life), minlength=self.movies)
            np.minimum.at(first, movie, time)
            now, done = moment, max(until, done)
            result.decayed[user] = state[:, candidates[user]].T
            result.totals[user] = state.sum(axis=1)
            since = first[candidates[user]]
            result.age[user] = np.where(np.isinf(since), -1.0, (moment - since) / DAY)
        return result
