"""Time as a part of the retrieval vectors: what is rising now, and what comes after what.

Two blocks of one inner product, fitted in closed form or by a small softmax regression, without TensorFlow:

- *trend*: per-movie log decayed counts; the query holds their learned weights, one set for known users and one for
  users of whom nothing is known, because the two rate different movies.
- *session*: which movies follow which in the users' histories; the query is the user's latest movies.

Each block's scores have mean 0 and standard deviation 1 over the movies, so that weights of blocks compare with a
collaborative part that is standardised alike: concatenate the vectors and choose ``RecencyWeights`` on validation. Time
tells nothing about a random split, where the session's weight comes out as 0.

On MovieLens the session block probably learns the order in which the site showed movies more than taste: Fan et al.,
"Our model achieves excellent performance on MovieLens: what does it mean?", TOIS 2024. Do not expect its gain on data
that was collected otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from tfrs_lab.data.interactions import Interactions
from tfrs_lab.models.checks import require
from tfrs_lab.models.closed_form.recency_config import RecencyConfig, RecencyWeights
from tfrs_lab.models.closed_form.transitions import latest_movies, session_tables
from tfrs_lab.models.closed_form.trends import DAY, centred, latest, trend_weights, trends


@dataclass(frozen=True)
class RecencyPart:
    """Vectors whose inner product is the time part of a score.

    Attributes:
        trend: [f] float32, known users' weights of the movies' trends; scores have standard deviation 1.
        unknown: [d] float32, the query of a user of whom nothing is known; does not depend on ``weights``.
        sessions: [users, s] float32, queries for what follows; scores have standard deviation 1, or are 0.
        activity: [users] float32 in (0, 1], 2^(−idle time / half-life) at the latest row.
        candidates: [movies, d = f + s] float32 with mean 0.
        follows: [movies, s] float32: what a movie adds to the query of a session.
        latest_movies: So many of the latest movies do.
        latest_decay: Each further back counts so much of the one after it.
        weights: What the blocks count in ``queries``.
    """

    trend: np.ndarray
    unknown: np.ndarray
    sessions: np.ndarray
    activity: np.ndarray
    candidates: np.ndarray
    follows: np.ndarray
    latest_movies: int
    latest_decay: float
    weights: RecencyWeights = field(default_factory=RecencyWeights)

    @property
    def queries(self) -> np.ndarray:
        """[users, d] float32; scores are ``queries @ candidates.T``."""
        trend = np.tile(np.float32(self.weights.trend) * self.trend, (len(self.sessions), 1))
        session = np.float32(self.weights.session) * self.sessions
        if self.weights.now == "latest":
            session *= self.activity[:, None]
        return np.concatenate([trend, session], axis=1)

    def weighted(self, weights: RecencyWeights) -> RecencyPart:
        """The same part with other weights: nothing is fitted again."""
        return replace(self, weights=weights)


def fit_recency_part(config: RecencyConfig, rows: Interactions, seed: int) -> RecencyPart:
    """Fits both blocks as of the latest row.

    Without timestamps the trend is log-popularity and there is no session.

    Args:
        config: See there.
        rows: Train rows, at least one.
        seed: Starts the singular value decomposition; equal seeds give equal vectors.

    Raises:
        ValueError: There are no rows.
    """
    require(len(rows) > 0, "rows", "at least one row", len(rows))
    trend_vectors = trends(config, rows, latest(rows))
    known, unknown = trend_weights(config, rows)
    follows, followers = session_tables(config, rows, seed)
    sessions = latest_movies(config, rows) @ follows
    known_query, unknown_query = _unit_scores(np.stack([known, unknown]), trend_vectors)
    nothing = np.zeros(followers.shape[1])
    return RecencyPart(
        trend=known_query.astype(np.float32),
        unknown=np.concatenate([unknown_query, nothing]).astype(np.float32),
        sessions=_unit_scores(sessions, followers).astype(np.float32),
        activity=_activity(rows, config.idle_half_life_days),
        candidates=np.concatenate([centred(trend_vectors), centred(followers)], axis=1).astype(np.float32),
        follows=follows.astype(np.float32),
        latest_movies=config.latest_movies,
        latest_decay=config.latest_decay,
    )


def _activity(rows: Interactions, half_life_days: float) -> np.ndarray:
    """[users] float32: 2^(−time since the user's last row / half-life), 1 without timestamps."""
    if rows.timestamp is None:
        return np.ones(len(rows.users), dtype=np.float32)
    last = np.full(len(rows.users), np.iinfo(np.int64).min)
    np.maximum.at(last, rows.user, rows.timestamp)
    idle_days = (rows.timestamp.max() - last) / DAY
    return np.exp2(-idle_days / half_life_days).astype(np.float32)


def _unit_scores(queries: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """[batch, d]: queries scaled so that the scores of the movies have standard deviation 1, or are all equal."""
    covariance = np.cov(candidates, rowvar=False, bias=True).reshape(2 * candidates.shape[1:])
    deviation = np.sqrt(np.maximum(((queries @ covariance) * queries).sum(axis=1, keepdims=True), 0))
    return np.where(deviation > 1e-9, queries / np.maximum(deviation, 1e-9), 0)
