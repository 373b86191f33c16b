"""Configuration of the rating model: plain Python, no TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tfrs_lab.models.two_tower.config import require

STEPS = 10
"""Of the rating task in an epoch, where it is alone: a step sees all ratings, and epochs of one step would spend most
of their time on checkpoints."""

HeadName = Literal["regression", "ordinal"]
TimeNeighbours = Literal["none", "past", "both"]


@dataclass(frozen=True)
class RatingConfig:
    """What a user will rate a movie, from what else is known of both."""

    dimension: int = 128
    """Length of the vectors."""
    head: HeadName = "regression"
    """regression: the rating by its squared error; ordinal: the probability of each rating."""
    hidden: float = 0.2
    """Share of the ratings hidden at each step; only they are predicted, from the others."""
    dropout: float = 0.5
    """Share of the values of both vectors dropped in training."""
    deviation: float = 0.01
    """Standard deviation of the initial weights."""
    penalty: float = 20.0
    """L2 penalty on all weights, beside the summed loss of all ratings."""
    user_shrink: float = 8.0
    """A user's bias is shrunk as if they had given so many average ratings more."""
    movie_shrink: float = 6.0
    """The same for a movie's."""
    title_words: int = 0
    """So many words of titles are features of movies too."""
    cross_layers: int = 0
    """So many cross layers (TFRS DCN) over both vectors add to their inner product."""
    time_neighbours: TimeNeighbours = "none"
    """Whether ratings of the same user and movie around the same time count more: none, those before (past), or those
    before and after (both), which no system has when it is asked for a prediction."""
    neighbours: int = 48
    """So many ratings around the time are looked at."""
    learning_rate: float = 5e-3
    """Step size of Adam."""
    epochs: int = 11
    """Epochs of ten steps; each step sees all ratings."""

    def __post_init__(self) -> None:
        for field in ("dimension", "neighbours", "epochs"):
            require(getattr(self, field) >= 1, field, "an integer of at least 1", getattr(self, field))
        require(0 < self.hidden < 1, "hidden", "a share above 0 and below 1", self.hidden)
        require(0 <= self.dropout < 1, "dropout", "a share of at least 0 and below 1", self.dropout)
        for field in ("deviation", "learning_rate", "user_shrink", "movie_shrink"):
            require(getattr(self, field) > 0, field, "a number above 0", getattr(self, field))
        for field in ("penalty", "title_words", "cross_layers"):
            require(getattr(self, field) >= 0, field, "a number of at least 0", getattr(self, field))
