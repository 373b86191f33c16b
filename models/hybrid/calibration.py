"""Calibration of two scores against each other: each becomes log-odds of relevance, affine in the score for a user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

TYPICAL = 4.0
"""Log of a typical number of a user's movies, so that coefficients speak of a typical user."""
SHORTEST = 10
"""Users with fewer movies are treated like users with so many."""
LEAST_APPEAL = 0.05
"""Of a movie's appeal, so that its logarithm exists."""
PLACES = 10
"""Length of the list that new movies enter at its end."""
SPREAD = 0.3
"""How far new movies spread around the last place of that list; chosen on draws 100 to 105 of the mixed split."""
_STEPS = 50


@dataclass(frozen=True, eq=False)
class Calibration:
    """Log-odds that a user rates a movie, apart for rated (warm) and unrated (cold) movies.

    With l = log(1 + n) - 4, n the number of the user's movies, s a collaborative and g a content score, and a the
    movie's log-appeal, what anybody's content score for it tells:

        warm: w₀ + w₁ l + (w₂ + w₃ l) s        cold: c₀ + c₁ l + (c₂ + c₃ l) g + (c₄ + c₅ l) a + knob

    A cold movie counts where these say that it belongs among the user's first ten; with b the warm log-odds of the
    tenth it scores b + SPREAD (cold - b): it enters at the end of the ten, where it costs the others least. Ranking is
    unchanged among warm movies and nearly so among cold ones. The defaults were learned on MovieLens-100K.

    Attributes:
        warm: [4] w.
        cold: [6] c.
        knob: Added to all cold movies; higher brings them forward.
    """

    warm: tuple[float, ...] = (-5.1, 1.4, 1.3, -0.2)
    cold: tuple[float, ...] = (-2.9, 1.2, 1.1, 0.2, 0.5, 0.0)
    knob: float = -2.5

    def warm_terms(self, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Offset and slope by s, both [users], from the users' numbers of movies [users]."""
        offset, slope = _terms(self.warm, lengths, 2)
        return offset, slope

    def cold_terms(self, lengths: np.ndarray, bars: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Offset, slope by g and slope by log-appeal, each [users].

        Args:
            lengths: [users] numbers of movies.
            bars: [users] s of the tenth best rated movie that the user does not know.
        """
        warm_offset, warm_slope = self.warm_terms(lengths)
        bar = warm_offset + warm_slope * bars
        offset, slope, by_appeal = (np.float32(SPREAD) * term for term in _terms(self.cold, lengths, 3))
        return (1 - np.float32(SPREAD)) * bar + offset + np.float32(SPREAD * self.knob), slope, by_appeal


def _terms(coefficients: tuple[float, ...], lengths: np.ndarray, terms: int) -> tuple[np.ndarray, ...]:
    pairs = np.array(coefficients, dtype=np.float32).reshape(terms, 2)
    log_length = _log_length(lengths)
    return tuple(first + second * log_length for first, second in pairs)


def _log_length(lengths: np.ndarray) -> np.ndarray:
    return (np.log1p(np.maximum(lengths, SHORTEST)) - TYPICAL).astype(np.float32)


def log_appeal(anybody: np.ndarray) -> np.ndarray:
    """[movies] float32 from what anybody's content score is [movies]; bounded below."""
    return np.log(np.maximum(anybody, LEAST_APPEAL)).astype(np.float32)


def bars(scores: np.ndarray) -> np.ndarray:
    """[users] the tenth best of the scores [users, movies], in which known movies are -inf; the least if fewer."""
    place = min(PLACES, scores.shape[1])
    best = -np.partition(-scores, place - 1, axis=1)[:, :place]
    least = best.min(axis=1, initial=np.inf, where=np.isfinite(best))
    return np.where(np.isfinite(least), least, 0.0).astype(np.float32)


def calibrate(lengths: np.ndarray, scores: Mapping[str, np.ndarray], relevant: np.ndarray) -> tuple[float, ...]:
    """Logistic regression of relevance on scores, each with its interaction with the length of the history.

    Args:
        lengths: [rows] number of movies of the row's user.
        scores: Name → [rows].
        relevant: [rows] bool.

    Returns:
        Coefficients in the order of ``Calibration``: 1, l, then each score and its product with l.
    """
    log_length = _log_length(lengths).astype(np.float64)
    columns = [column for score in (np.ones(len(relevant)), *scores.values()) for column in (score, score * log_length)]
    return tuple(logistic_regression(np.stack(columns, axis=1), relevant).tolist())


def logistic_regression(inputs: np.ndarray, targets: np.ndarray, penalty: float = 1.0) -> np.ndarray:
    """Coefficients [columns] by Newton's method.

    Args:
        inputs: [rows, columns] float64.
        targets: [rows] bool.
        penalty: L2 penalty.
    """
    weights = np.zeros(inputs.shape[1])
    for _ in range(_STEPS):
        odds = 1.0 / (1.0 + np.exp(-np.clip(inputs @ weights, -30, 30)))
        gradient = inputs.T @ (odds - targets) + penalty * weights
        curvature = (inputs * (odds * (1 - odds))[:, None]).T @ inputs + penalty * np.eye(len(weights))
        step = np.linalg.solve(curvature, gradient)
        weights -= step
        if np.abs(step).max() < 1e-6:
            break
    return weights
