"""The ratings that a user gave, and that a movie got, around the time of another one. Needs no TensorFlow.

Moods and sessions: Koren, "Collaborative filtering with temporal dynamics", KDD 2009, whose day-specific biases these
means of residuals stand for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

USER_SCALES = (60.0, 600.0, 3600.0, 86_400.0, 2_592_000.0)
"""Seconds: a rating of the same user so far away counts 1/e."""
MOVIE_SCALES = (21_600.0, 86_400.0, 604_800.0, 2_592_000.0, 10_368_000.0)
"""The same for ratings of the same movie."""


@dataclass(frozen=True, eq=False)
class TimeNeighbours:
    """For each row asked about, ratings of its user or movie around its time.

    Attributes:
        index: [rows, neighbours] int32 places in the known ratings.
        seconds_apart: [rows, neighbours] float32; infinite where there is no such rating.
    """

    index: np.ndarray
    seconds_apart: np.ndarray


def time_neighbours(
    known: tuple[np.ndarray, np.ndarray],
    asked: tuple[np.ndarray, np.ndarray],
    count: int,
    *,
    past: bool,
    own: np.ndarray | None = None,
) -> TimeNeighbours:
    """Finds up to ``count`` of them: about half before and half after, or, for ``past``, none that is later.

    Args:
        known: Group (user or movie) [n] int32 and seconds [n] float64 of the known ratings.
        asked: The same of the rows asked about, [rows]; a group of -1 is unknown and has no neighbours.
        count: Number of neighbours.
        past: Only those that are not later.
        own: [rows] place of the row itself among the known ratings, which is no neighbour; None if it is not there.
    """
    order = np.lexsort((known[1], known[0]))
    group, time = known[0][order], known[1][order]
    side = "right" if past else "left"
    first, last = np.searchsorted(group, asked[0], "left"), np.searchsorted(group, asked[0], "right")
    place = _places(group, time, asked, side)
    start = place - count if past else place - count // 2
    index = start[:, None] + np.arange(count)
    inside = (index >= first[:, None]) & (index < last[:, None])
    index = order[np.clip(index, 0, max(len(order) - 1, 0))].astype(np.int32)
    seconds_apart = np.abs(known[1][index] - asked[1][:, None])
    if own is not None:
        inside &= index != own[:, None]
    return TimeNeighbours(index, np.where(inside, seconds_apart, np.inf).astype(np.float32))


def _places(group: np.ndarray, time: np.ndarray, asked: tuple[np.ndarray, np.ndarray], side: str) -> np.ndarray:
    """[rows] where (group, time) belongs among the sorted ones."""
    times = np.unique(np.concatenate([time, asked[1]]))
    width = len(times) + 1
    key = group.astype(np.int64) * width + np.searchsorted(times, time)
    return np.searchsorted(key, asked[0].astype(np.int64) * width + np.searchsorted(times, asked[1]), side)  # type: ignore[call-overload]


@dataclass(frozen=True, eq=False)
class TimeCorrection:
    """What the ratings around the time add to a prediction.

    Σ_s w_s (Σ_j e^(−apart_j / s) residual_j) / (Σ_j e^(−apart_j / s) + strength_s), over scales s of user and movie.

    Attributes:
        user: [n] int32 users of the known ratings.
        movie: [n] int32 their movies.
        time: [n] float64 seconds.
        residual: [n] float32: known ratings less mean and biases.
        weights: [scales of users and movies] float32 w.
        strengths: [the same] float32.
        neighbours: Number of ratings that are used.
        past: Only those that are not later.
    """

    user: np.ndarray
    movie: np.ndarray
    time: np.ndarray
    residual: np.ndarray
    weights: np.ndarray
    strengths: np.ndarray
    neighbours: int
    past: bool

    def __call__(self, user: np.ndarray, movie: np.ndarray, time: np.ndarray) -> np.ndarray:
        """[rows] float32 from users and movies [rows] int32 (-1: unknown) and seconds [rows]."""
        sides = ((self.user, user, USER_SCALES), (self.movie, movie, MOVIE_SCALES))
        total, column = np.zeros(len(user), np.float32), 0
        for known, asked, scales in sides:
            found = time_neighbours((known, self.time), (asked, time), self.neighbours, past=self.past)
            for scale in scales:
                weight = np.exp(-found.seconds_apart / np.float32(scale))
                sums = (weight * self.residual[found.index]).sum(axis=1)
                total += self.weights[column] * sums / (weight.sum(axis=1) + self.strengths[column])
                column += 1
        return total
