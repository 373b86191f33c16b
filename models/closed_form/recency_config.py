"""Configuration of the recency part: plain Python, so that the command line shows it without loading anything."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Literal

from tfrs_lab.models.checks import Above, AtLeast, AtMost, Below, Checked, Count, Finite, NotEmpty, Size, require

Decay = Annotated[float, Above(0), AtMost(1)]
Weight = Annotated[float, AtLeast(0), Below(math.inf)]


@dataclass(frozen=True)
class RecencyWeights(Checked):
    """What the blocks count, in standard deviations of a part's scores."""

    trend: Weight = 1.0
    """Weight of what is rising as of the latest row, for known users."""
    session: Weight = 0.25
    """Weight of what follows the user's latest movies."""
    now: Literal["latest", "user"] = "latest"
    """When the question is asked: at the latest row, where a session counts less the longer ago it ended, or right
    after the user's own last row, where all sessions are going on."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.now in ("latest", "user"), "now", "'latest' or 'user'", self.now)


@dataclass(frozen=True)
class RecencyConfig(Checked):
    """Recency-aware popularity and the order in sessions. The defaults are chosen on cuts inside MovieLens-100K."""

    half_lives_days: Annotated[tuple[Finite, ...], NotEmpty()] = (3.0, 14.0)
    """A rating counts half after so many days; one count for each, besides the plain one."""
    first_session_days: Finite = 1.0
    """Rows so soon after their user's first row count as a newcomer's, the others as a returning user's."""
    prior: Finite = 50.0
    """So many ratings spread like overall popularity are added to each decayed count."""
    penalty: Weight = 0.003
    """L2 penalty on the weights' distance from plain popularity, beside the users' mean cross-entropy."""
    snapshots: Size = 12
    """So many moments inside the rows at which the regression predicts what comes next; 0: plain popularity."""
    horizon: Annotated[float, Above(0), Below(1)] = 0.1
    """The fraction of the rows after a snapshot that is to be predicted."""
    latest_movies: Size = 10
    """So many of the user's latest movies make the session's query; 0 leaves the session out."""
    latest_decay: Decay = 0.8
    """Each movie further back counts so much of the one after it."""
    reach: Count = 40
    """A movie is followed by the next so many of the same user's movies."""
    reach_decay: Decay = 0.95
    """Each place further ahead counts so much of the one before it."""
    shrink: Finite = 50.0
    """Added to a movie's number of transitions; draws rare movies towards 0."""
    session_dimension: Count = 64
    """Rank that is kept of the movie × movie transitions."""
    idle_half_life_days: Finite = 3.0
    """How soon an ended session stops counting."""
