"""Calibration of two scores against each other: each becomes log-odds of relevance, affine in the score for a user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

TYPICAL = 4.0
"""Log of a typical number of a user's movies, so that coefficients speak of a typical user."""
SHORTEST = 10
"""Users with fewer movies are treated as if they had this many."""
LEAST_GENERAL = 0.05
"""Of a non-personalised content score, so that its logarithm exists."""
_STEPS = 50


@dataclass(frozen=True, eq=False)
class Calibration:
    """Log-odds that a user rates a movie, separately for rated (warm) and unrated (cold) movies.

    With l = log(1 + n) - 4, n the number of the user's movies, s a collaborative and g a content score, and a the log
    of the movie's non-personalised content score:

        warm: w₀ + w₁ l + (w₂ + w₃ l) s        cold: c₀ + c₁ l + (c₂ + c₃ l) g + (c₄ + c₅ l) a + offset

    Ranking is unchanged among warm movies. The defaults were learned on MovieLens-100K.

    Attributes:
        warm: [4] w.
        cold: [6] c.
        cold_start_offset: Added to all cold movies; higher brings them forward.
    """

    warm: tuple[float, ...] = (-5.1, 1.4, 1.3, -0.2)
    cold: tuple[float, ...] = (-2.9, 1.2, 1.1, 0.2, 0.5, 0.0)
    cold_start_offset: float = -2.5

    @classmethod
    def from_plan(cls, plan: Mapping[str, Any]) -> Calibration:
        """The inverse of ``to_plan``; the defaults from an empty plan."""
        return cls(tuple(plan["warm"]), tuple(plan["cold"]), plan["offset"]) if plan else cls()

    def to_plan(self) -> dict[str, Any]:
        """Entries of the plan of a fit."""
        return {"warm": self.warm, "cold": self.cold, "offset": self.cold_start_offset}

    def warm_terms(self, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Offset and slope by s, both [users], from the users' numbers of movies [users]."""
        offset, slope = _terms(self.warm, lengths, 2)
        return offset, slope

    def cold_terms(self, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Offset and slopes by g and a, each [users], from the users' numbers of movies [users]."""
        offset, slope, by_general = _terms(self.cold, lengths, 3)
        return offset + np.float32(self.cold_start_offset), slope, by_general


def _terms(coefficients: tuple[float, ...], lengths: np.ndarray, terms: int) -> tuple[np.ndarray, ...]:
    pairs = np.array(coefficients, dtype=np.float32).reshape(terms, 2)
    log_length = _log_length(lengths)
    return tuple(first + second * log_length for first, second in pairs)


def _log_length(lengths: np.ndarray) -> np.ndarray:
    return (np.log1p(np.maximum(lengths, SHORTEST)) - TYPICAL).astype(np.float32)


def log_general_score(scores: np.ndarray) -> np.ndarray:
    """[movies] float32 log of the non-personalised content scores [movies], bounded below."""
    return np.log(np.maximum(scores, LEAST_GENERAL)).astype(np.float32)


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
