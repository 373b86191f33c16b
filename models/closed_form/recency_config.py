"""Configuration of the recency part: plain Python, so that the command line shows it without loading anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tfrs_lab.models.two_tower.config import require


@dataclass(frozen=True)
class RecencyWeights:
    """What the blocks count, in standard deviations of a part's scores."""

    trend: float = 1.0
    """Weight of what is rising as of the latest row, for known users."""
    session: float = 0.25
    """Weight of what follows the user's latest movies."""
    now: Literal["latest", "user"] = "latest"
    """When the question is asked: at the latest row, where a session counts less the longer ago it ended, or right
    after the user's own last row, where all sessions are going on."""

    def __post_init__(self) -> None:
        for field in ("trend", "session"):
            value = getattr(self, field)
            require(0 <= value < float("inf"), field, "a finite number of at least 0", value)
        require(self.now in ("latest", "user"), "now", "'latest' or 'user'", self.now)


@dataclass(frozen=True)
class RecencyConfig:
    """Recency-aware popularity and the order in sessions. The defaults are chosen on cuts inside MovieLens-100K."""

    half_lives_days: tuple[float, ...] = (3.0, 14.0)
    """A rating counts half after so many days; one count for each, besides the plain one."""
    first_session_days: float = 1.0
    """Rows so soon after their user's first row count as a newcomer's, the others as a returning user's."""
    prior: float = 50.0
    """So many ratings spread like overall popularity are added to each decayed count."""
    penalty: float = 0.003
    """L2 penalty on the weights' distance from plain popularity, beside the users' mean cross-entropy."""
    snapshots: int = 12
    """So many moments inside the rows at which the regression predicts what comes next; 0: plain popularity."""
    horizon: float = 0.1
    """The fraction of the rows after a snapshot that is to be predicted."""
    latest_movies: int = 10
    """So many of the user's latest movies make the session's query; 0 leaves the session out."""
    latest_decay: float = 0.8
    """Each movie further back counts so much of the one after it."""
    reach: int = 40
    """A movie is followed by the next so many of the same user's movies."""
    reach_decay: float = 0.95
    """Each place further ahead counts so much of the one before it."""
    shrink: float = 50.0
    """Added to a movie's number of transitions; draws rare movies towards 0."""
    session_dimension: int = 64
    """Rank that is kept of the movie × movie transitions."""
    idle_half_life_days: float = 3.0
    """How soon an ended session stops counting."""

    def __post_init__(self) -> None:
        for field in ("first_session_days", "prior", "shrink", "idle_half_life_days"):
            value = getattr(self, field)
            require(0 < value < float("inf"), field, "a finite number above 0", value)
        positive = bool(self.half_lives_days) and all(0 < days < float("inf") for days in self.half_lives_days)
        require(positive, "half_lives_days", "finite numbers above 0, at least one", self.half_lives_days)
        require(0 <= self.penalty < float("inf"), "penalty", "a finite number of at least 0", self.penalty)
        require(0 < self.horizon < 1, "horizon", "a number between 0 and 1", self.horizon)
        for field in ("latest_decay", "reach_decay"):
            require(0 < getattr(self, field) <= 1, field, "a number above 0 and at most 1", getattr(self, field))
        for field, least in (("snapshots", 0), ("latest_movies", 0), ("reach", 1), ("session_dimension", 1)):
            require(getattr(self, field) >= least, field, f"an integer of at least {least}", getattr(self, field))
