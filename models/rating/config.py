"""Configuration of the rating model: plain Python, no TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from tfrs_lab.models.checks import Above, Below, Checked, Count, NotNegative, Positive, Share, Size

STEPS = 10
"""Of the rating task in an epoch, where it is alone: a step sees all ratings, and epochs of one step would spend most
of their time on checkpoints."""

HeadName = Literal["regression", "ordinal"]
NeighbourChoice = Literal["none", "past", "both"]


@dataclass(frozen=True)
class RatingConfig(Checked):
    """What a user will rate a movie, from what else is known of both."""

    dimension: Count = 128
    """Length of the vectors."""
    head: HeadName = "regression"
    """regression: the rating by its squared error; ordinal: the probability of each rating."""
    hidden: Annotated[float, Above(0), Below(1)] = 0.2
    """Share of the ratings hidden at each step; only they are predicted, from the others."""
    dropout: Share = 0.5
    """Share of the values of both vectors dropped in training."""
    deviation: Positive = 0.01
    """Standard deviation of the initial weights."""
    penalty: NotNegative = 20.0
    """L2 penalty on all weights, beside the summed loss of all ratings."""
    user_shrink: Positive = 8.0
    """Pseudo-count of average ratings that shrinks a user's bias."""
    movie_shrink: Positive = 6.0
    """The same for a movie's."""
    title_words: Size = 0
    """Number of words of titles that are features of movies too."""
    cross_layers: Size = 0
    """Number of cross layers (TFRS DCN) over both vectors, which add to their inner product."""
    time_neighbours: NeighbourChoice = "none"
    """Whether ratings of the same user and movie around the same time count more: none, those before (past), or those
    before and after (both), which no system has when it is asked for a prediction."""
    neighbours: Count = 48
    """Number of ratings around the time that are used."""
    learning_rate: Positive = 5e-3
    """Step size of Adam."""
    epochs: Count = 11
    """Epochs of ten steps; each step sees all ratings."""
