"""From a score to a rating: the score itself, or the probability of each rating."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class RatingScale:
    """The ratings that occur, and how a score becomes one of them.

    Attributes:
        levels: [levels] float32 the ratings that occur, ascending.
        thresholds: [levels - 1] float32: at a score of thresholds[j] the rating is above levels[j] with even odds;
            empty where the score is the rating.
        slope: Of the log-odds by the score.
    """

    levels: np.ndarray
    thresholds: np.ndarray
    slope: float = 1.0

    @property
    def ordinal(self) -> bool:
        """Whether scores tell the probability of each rating."""
        return len(self.thresholds) > 0

    def rating(self, score: np.ndarray) -> np.ndarray:
        """Expected ratings of the same shape as the scores, float32."""
        if not self.ordinal:
            return np.clip(score, self.levels[0], self.levels[-1]).astype(np.float32)
        rating = np.full(score.shape, self.levels[0], np.float32)
        for step, threshold in zip(np.diff(self.levels), self.thresholds, strict=True):
            rating += step / (1.0 + np.exp(-self.slope * (score - threshold)))
        return rating

    def probabilities(self, score: np.ndarray) -> np.ndarray:
        """[rows, levels] float32 from scores [rows]: the probability of each rating.

        Raises:
            ValueError: The model was trained on the rating itself and knows no probabilities.
        """
        if not self.ordinal:
            raise ValueError("expected a model with an ordinal head for probabilities, got one trained by regression")
        above = 1.0 / (1.0 + np.exp(-self.slope * (score[:, None] - self.thresholds)))
        ends = np.ones((len(score), 1)), np.zeros((len(score), 1))
        return -np.diff(np.hstack([ends[0], above, ends[1]]), axis=1).astype(np.float32)
