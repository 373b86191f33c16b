"""What is rising now: movies' decayed counts, weighted by a small softmax regression on earlier moments.

Known users, and users of whom nothing is known, have weights of their own, because the two rate different movies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from tfrs_lab.data.interactions import Interactions
from tfrs_lab.models.checks import Above, AtLeast, Below, Checked, Finite, NotEmpty, Size

DAY = 86_400.0


@dataclass(frozen=True)
class TrendConfig(Checked):
    """Recency-aware popularity. The defaults are chosen on cuts inside MovieLens-100K."""

    half_lives_days: Annotated[tuple[Finite, ...], NotEmpty()] = (3.0, 14.0)
    """A rating counts half after so many days; one count for each, besides the plain one."""
    first_session_days: Finite = 1.0
    """Rows so soon after their user's first row count as a newcomer's, the others as a returning user's."""
    prior: Finite = 50.0
    """So many ratings spread like overall popularity are added to each decayed count."""
    penalty: Annotated[float, AtLeast(0), Below(np.inf)] = 0.003
    """L2 penalty on the weights' distance from plain popularity, beside the users' mean cross-entropy."""
    snapshots: Size = 12
    """So many moments inside the rows at which the regression predicts what comes next; 0: plain popularity."""
    horizon: Annotated[float, Above(0), Below(1)] = 0.1
    """The fraction of the rows after a snapshot that is to be predicted."""


def fit_trend(config: TrendConfig, rows: Interactions) -> tuple[np.ndarray, np.ndarray]:
    """What is rising as of the latest row; without timestamps, log-popularity.

    Args:
        config: See there.
        rows: Train rows, at least one.

    Returns:
        [movies] float32 scores for known users and for unknown ones, each of mean 0 and standard deviation 1, or 0.
    """
    columns = centred(trends(config, rows, latest(rows)))
    known, unknown = (columns @ weights for weights in trend_weights(config, rows))
    return _of_unit_deviation(known), _of_unit_deviation(unknown)


def _of_unit_deviation(scores: np.ndarray) -> np.ndarray:
    return np.asarray(scores / max(float(scores.std()), 1e-9), dtype=np.float32)


def latest(rows: Interactions) -> int:
    """Seconds of the latest row; 0 without timestamps."""
    return 0 if rows.timestamp is None else int(rows.timestamp.max())


def centred(vectors: np.ndarray) -> np.ndarray:
    """[movies, d]: the vectors less their mean, so that each query's scores have mean 0."""
    return vectors - vectors.mean(axis=0)


def trends(config: TrendConfig, rows: Interactions, now: int) -> np.ndarray:
    """What is known of the movies' popularity at a moment, as logarithms.

    The columns: all ratings; then for newcomers' ratings and for returning users' ratings the plain count and one
    decayed count per half-life, Σ 2^(−age / half-life), each as log((count + prior · popularity) / (sum + prior)); then
    log(1 + months since the movie's first rating). Decayed counts: Ji et al., "A re-visit of the popularity baseline in
    recommender systems", SIGIR 2020. Separate trends of separate groups over several time scales: after Koren,
    "Collaborative filtering with temporal dynamics", KDD 2009.

    Args:
        config: Half-lives, prior and what a newcomer is.
        rows: Rows after ``now`` do not count.
        now: Seconds.

    Returns:
        [movies, f] float64; only the first column if there are no timestamps.
    """
    movies = len(rows.movies)
    if rows.timestamp is None:
        return np.log(rows.movie_counts + 0.5)[:, None]
    past = rows.timestamp <= now
    movie, user, age = rows.movie[past], rows.user[past], (now - rows.timestamp[past]) / DAY
    popularity = np.bincount(movie, minlength=movies) + 0.5
    popularity /= popularity.sum()
    oldest = np.zeros(len(rows.users))
    np.maximum.at(oldest, user, age)
    newcomer = oldest[user] - age < config.first_session_days
    columns = [np.log(popularity)]
    for group in (newcomer, ~newcomer):
        for half_life in (np.inf, *config.half_lives_days):
            count = np.bincount(movie, weights=np.exp2(-age / half_life) * group, minlength=movies)
            columns.append(np.log((count + config.prior * popularity) / (count.sum() + config.prior)))
    first = np.zeros(movies)
    np.maximum.at(first, movie, age)
    return np.stack([*columns, np.log1p(first / 30.0)], axis=1)


@dataclass(frozen=True)
class _Snapshot:
    """What was known at a moment, and what its users rated next.

    Attributes:
        trends: [movies, f] centred.
        open: [movies] float64, 1 for movies that had been rated by then.
        seen: [users, movies] ones for what the users had rated.
        wanted: [users, movies] what each rated within the horizon; rows sum to 1.
    """

    trends: np.ndarray
    open: np.ndarray
    seen: csr_matrix
    wanted: csr_matrix

    def loss(self, weights: np.ndarray) -> tuple[float, np.ndarray]:
        """Sum over users of the softmax's cross-entropy over open movies that they have not seen, and its gradient."""
        scores = self.trends @ weights
        exponents = np.exp(scores - scores[self.open > 0].max()) * self.open
        # all open movies less the seen ones: a sparse product instead of one softmax per user
        total = np.maximum(exponents.sum() - self.seen @ exponents, 1e-12 * exponents.sum())
        weighted = exponents[:, None] * self.trends
        expected = (weighted.sum(axis=0) - self.seen @ weighted) / total[:, None]
        mass = np.asarray(self.wanted.sum(axis=0)).ravel()
        logs = np.log(total) + scores[self.open > 0].max()
        return float(logs.sum() - mass @ scores), expected.sum(axis=0) - mass @ self.trends


def trend_weights(config: TrendConfig, rows: Interactions) -> tuple[np.ndarray, np.ndarray]:
    """[f] weights of the trends for known users, and for unknown ones."""
    if rows.timestamp is None:
        return np.ones(1), np.ones(1)
    order = np.argsort(rows.timestamp, kind="stable")
    moments = np.linspace(0.2, 1 - config.horizon, config.snapshots) if config.snapshots else np.empty(0)
    known, unknown = [], []
    for first in np.unique(np.rint(moments * len(rows)).astype(int)):
        last = round(first + config.horizon * len(rows))
        if first >= 1 and last > first:
            both = _snapshots(config, rows, order[:first], order[first:last])
            known.append(both[0])
            unknown.append(both[1])
    return _regress(config, known), _regress(config, unknown)


def _snapshots(
    config: TrendConfig, rows: Interactions, past: np.ndarray, future: np.ndarray
) -> tuple[_Snapshot, _Snapshot]:
    """What known and what unknown users do next: [p] numbers of the ``past`` rows, [q] of the ``future`` ones."""
    shape = (len(rows.users), len(rows.movies))
    time = None if rows.timestamp is None else rows.timestamp[past]
    before = Interactions(rows.users, rows.movies, rows.user[past], rows.movie[past], timestamp=time)
    columns = centred(trends(config, before, latest(before)))
    is_open = (before.movie_counts > 0).astype(float)
    future = future[is_open[rows.movie[future]] > 0]
    next_rows = csr_matrix((np.ones(len(future)), (rows.user[future], rows.movie[future])), shape=shape)
    active = np.diff(next_rows.indptr) > 0
    has_past = np.diff(before.matrix.indptr) > 0
    result = []
    for group in (active & has_past, active & ~has_past):
        wanted = next_rows[group]
        size = np.diff(wanted.indptr)
        wanted.data = np.repeat(1.0 / np.maximum(size, 1), size)
        result.append(_Snapshot(columns, is_open, before.matrix[group].astype(float), wanted))
    return result[0], result[1]


def _regress(config: TrendConfig, snapshots: list[_Snapshot]) -> np.ndarray:
    """[f] weights that minimise the users' mean cross-entropy plus the penalty; plain popularity without users."""
    columns = 2 * (1 + len(config.half_lives_days)) + 2
    popularity = np.eye(columns)[0]
    users = sum(snapshot.wanted.shape[0] for snapshot in snapshots)
    if not users:
        return popularity

    def objective(weights: np.ndarray) -> tuple[float, np.ndarray]:
        losses, gradients = zip(*(snapshot.loss(weights) for snapshot in snapshots), strict=True)
        distance = weights - popularity
        loss = sum(losses) / users + config.penalty * distance @ distance
        return loss, np.sum(gradients, axis=0) / users + 2 * config.penalty * distance

    return np.asarray(minimize(objective, popularity, jac=True, method="L-BFGS-B").x)
