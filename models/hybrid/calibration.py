"""Calibration of two scores against each other: each becomes log-odds of relevance, affine in the score for a user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfrs_lab.models.storage import named

TYPICAL = 4.0
"""Log of a typical number of a user's movies, so that coefficients speak of a typical user."""
SHORTEST = 10
"""Users with fewer movies are treated as if they had this many."""
LEAST_GENERAL = 0.05
"""Of a non-personalised content score, so that its logarithm exists."""
PLACES = 10
"""Length of the list that new movies enter at its end."""
SPREAD = 0.3
"""How far new movies spread around the last place of that list; chosen on draws 100 to 105 of the mixed split."""
_STEPS = 50


@dataclass(frozen=True, eq=False)
class Calibration:
    """Log-odds that a user rates a movie, separately for rated (warm) and unrated (cold) movies.

    With l = log(1 + n) - 4, n the number of the user's movies, s a collaborative and g a content score, and a the log
    of the movie's non-personalised content score:

        warm: w₀ + w₁ l + (w₂ + w₃ l) s        cold: c₀ + c₁ l + (c₂ + c₃ l) g + (c₄ + c₅ l) a + offset

    A cold movie counts where these say that it belongs among the user's first ten; with b the warm log-odds of the
    tenth it scores b + SPREAD (cold - b): it enters at the end of the ten, where it costs the others least. Ranking is
    unchanged among warm movies and nearly so among cold ones. The defaults were learned on MovieLens-100K.

    Attributes:
        warm: [4] w.
        cold: [6] c.
        cold_start_offset: Added to all cold movies; higher brings them forward.
    """

    warm: tuple[float, ...] = (-5.1, 1.4, 1.3, -0.2)
    cold: tuple[float, ...] = (-2.9, 1.2, 1.1, 0.2, 0.5, 0.0)
    cold_start_offset: float = field(default=-2.5, metadata=named("knob"))

    @classmethod
    def from_plan(cls, plan: Mapping[str, Any]) -> Calibration:
        """The inverse of ``to_plan``; the defaults from an empty plan."""
        return cls(tuple(plan["warm"]), tuple(plan["cold"]), plan["knob"]) if plan else cls()

    def to_plan(self) -> dict[str, Any]:
        """Entries of the plan of a fit, in which the offset is called knob."""
        return {"warm": self.warm, "cold": self.cold, "knob": self.cold_start_offset}

    def warm_terms(self, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Offset and slope by s, both [users], from the users' numbers of movies [users]."""
        offset, slope = _terms(self.warm, lengths, 2)
        return offset, slope

    def cold_terms(self, lengths: np.ndarray, thresholds: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Offset and slopes by g and a, each [users], from numbers of movies and entry thresholds, both [users]."""
        warm_offset, warm_slope = self.warm_terms(lengths)
        least = warm_offset + warm_slope * thresholds
        offset, slope, by_general = (np.float32(SPREAD) * term for term in _terms(self.cold, lengths, 3))
        offset = (1 - np.float32(SPREAD)) * least + offset + np.float32(SPREAD * self.cold_start_offset)
        return offset, slope, by_general


def _terms(coefficients: tuple[float, ...], lengths: np.ndarray, terms: int) -> tuple[np.ndarray, ...]:
    pairs = np.array(coefficients, dtype=np.float32).reshape(terms, 2)
    log_length = _log_length(lengths)
    return tuple(first + second * log_length for first, second in pairs)


def _log_length(lengths: np.ndarray) -> np.ndarray:
    return (np.log1p(np.maximum(lengths, SHORTEST)) - TYPICAL).astype(np.float32)


def log_general_score(scores: np.ndarray) -> np.ndarray:
    """[movies] float32 log of the non-personalised content scores [movies], bounded below."""
    return np.log(np.maximum(scores, LEAST_GENERAL)).astype(np.float32)


def entry_thresholds(scores: np.ndarray) -> np.ndarray:
    """[users] float32 tenth best of the scores [users, movies], in which known movies are -inf; the least if fewer."""
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
    """Coefficients [columns] by Newton's method, with an L2 penalty, from [rows, columns] float64 and [rows] bool."""
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
