"""Users' histories in order of time, and windows of them to train on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from tfrs_lab.data import Interactions


def long_histories(rows: Interactions) -> bool:
    """Whether histories hold so much of so small a catalogue that zeros for the rest cost less than skipping it.

    TensorFlow multiplies dense matrices on all cores and some forty times as fast as sparse ones. The sums are the same
    either way, to rounding.
    """
    users, movies = rows.matrix.shape
    return movies <= 20_000 and rows.matrix.nnz >= 0.02 * users * movies


@dataclass(frozen=True, eq=False)
class Histories:
    """All users' movies, one user after the other, each oldest first.

    Equal times keep row order; without timestamps row order is all there is. Of repeated movies the first time counts,
    since what has been watched is not recommended again.

    Attributes:
        movie: [n] int32.
        starts: [users + 1] int32; user u's rows are ``starts[u]`` to ``starts[u + 1] - 1``.
        movies: Size of the catalogue.
    """

    movie: np.ndarray
    starts: np.ndarray
    movies: int

    @classmethod
    def from_interactions(cls, rows: Interactions) -> Histories:
        """Sorts rows by user and time."""
        n, users = len(rows), len(rows.users)
        time = np.zeros(n, np.int64) if rows.timestamp is None else rows.timestamp
        order = np.lexsort((np.arange(n), time, rows.user))
        pair = rows.user[order].astype(np.int64) * len(rows.movies) + rows.movie[order]
        order = order[np.sort(np.unique(pair, return_index=True)[1])]
        starts = np.searchsorted(rows.user[order], np.arange(users + 1)).astype(np.int32)
        return cls(rows.movie[order], starts, len(rows.movies))

    @property
    def lengths(self) -> np.ndarray:
        """[users] int32."""
        return np.diff(self.starts)

    def window_users(self, length: int) -> np.ndarray:
        """[windows] int32: the user of each window of an epoch.

        A user with up to ``length`` targets (all movies but the first) has one window; with more, as many as are needed
        to cover them and one for the latest.
        """
        targets = np.maximum(self.lengths - 1, 0)
        return np.repeat(np.arange(len(targets)), -(-targets // length) + (targets > length)).astype(np.int32)

    def movie_share(self, length: int) -> np.ndarray:
        """[movies] float32 below 1: the movie's share of the histories of an epoch's windows."""
        windows = np.bincount(self.window_users(length), minlength=len(self.lengths))
        count = np.bincount(self.movie, weights=np.repeat(windows, self.lengths), minlength=self.movies)
        return np.minimum(count / max(count.sum(), 1), 1 - 1e-6).astype(np.float32)

    def windows(self, length: int, seed: int, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """An epoch's windows in random order: User and row of the last target, both [windows] int32.

        The user's latest movie ends the first window; the remaining windows tile the history from a random offset, so
        that over the epochs each movie occurs at each place. Returns user and row of the last target, [windows] int32.
        """
        random = np.random.default_rng([seed, epoch])
        user = self.window_users(length)
        first, last = self.starts[user], self.starts[user + 1] - 1
        number = np.arange(len(user)) - np.searchsorted(user, user)
        shift = random.integers(0, length, len(self.lengths))[user]
        end = np.where(number == 0, last, last - shift - (number - 1) * length)
        order = random.permutation(len(user))
        return user[order], np.maximum(end, first + 1).astype(np.int32)[order]

    def steps(self, length: int, positions: int) -> int:
        """Batches in an epoch, of about so many positions each."""
        user = self.window_users(length)
        number = np.arange(len(user)) - np.searchsorted(user, user)
        targets = np.minimum(self.lengths[user] - 1, length) * (number == 0) + length * (number > 0)
        return max(1, min(-(-int(targets.sum()) // positions), len(user)))

    def batches(self, length: int, positions: int, seed: int, epochs: range) -> Iterator[dict[str, np.ndarray]]:
        """Batches of windows of like length, in random order.

        Windows are sorted by powers of two, so that padding takes hardly more than half of a batch. Batches of equal
        lengths save more, but then short histories meet in a few steps, which cost 2 to 6 % of nDCG@10 on 100k.

        Args:
            length: Of the longest window.
            positions: Of a batch, about.
            seed: Batches are a function of (seed, epoch, number).
            epochs: 0-based.
        """
        steps = self.steps(length, positions)
        for epoch in epochs:
            user, end = self.windows(length, seed, epoch)
            targets = np.minimum(end - self.starts[user], length)
            by_length = np.argsort(np.ceil(np.log2(targets)), kind="stable")
            filled = np.cumsum(targets[by_length])
            bounds = np.searchsorted(filled, np.linspace(0, filled[-1], steps + 1)[1:-1])
            batches = np.split(by_length, _apart(bounds, len(user)))
            for number in np.random.default_rng([seed, epoch, 1]).permutation(steps):
                part = batches[number]
                yield {"user": user[part], "end": end[part], "seed": np.array([seed, (epoch << 32) + number])}


def _apart(bounds: np.ndarray, size: int) -> np.ndarray:
    """The nearest bounds [n < size], ascending, that leave no piece of 0 to ``size`` empty."""
    least = np.arange(1, len(bounds) + 1)
    spread = np.maximum.accumulate(np.maximum(bounds - least, 0)) + least
    return np.minimum(spread, size - 1 - len(bounds) + least)


def in_order(history: csr_matrix) -> tuple[np.ndarray, np.ndarray]:
    """Histories as query towers take them.

    Args:
        history: [batch, movies]: a movie's place in the history, 1 for the oldest; equal values where the order is
            not known.

    Returns:
        [batch, any] int32 movies, oldest first, padded with -1; and [batch] bool, whether that is their order.
    """
    entries = history.tocoo()
    there = entries.data != 0
    row, movie, place = entries.row[there], entries.col[there], entries.data[there]
    order = np.lexsort((place, row))
    row, movie, place = row[order], movie[order], place[order]
    lengths = np.bincount(row, minlength=history.shape[0])
    starts = np.cumsum(lengths) - lengths
    movies = np.full((len(lengths), lengths.max(initial=0)), -1, np.int32)
    movies[row, np.arange(len(row)) - starts[row]] = movie
    known = np.ones(len(lengths), bool)
    longer = lengths > 1
    known[longer] = place[starts[longer]] < place[(starts + lengths - 1)[longer]]
    return movies, known
