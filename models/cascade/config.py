"""Configuration of the cascade: plain Python, no TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from tfrs_lab.models.retrieval.config import RetrievalConfig
from tfrs_lab.models.two_tower.config import require

FeatureName = Literal[
    "retrieval", "models", "popularity", "age", "latest", "genres", "ratings", "people", "stage", "activity"
]
RankingObjective = Literal["listwise", "pointwise", "rating"]


@dataclass(frozen=True)
class RankerConfig:
    """A small network that scores a user's candidates."""

    features: tuple[FeatureName, ...] = (
        "retrieval",
        "models",
        "popularity",
        "age",
        "latest",
        "genres",
        "ratings",
        "people",
        "stage",
        "activity",
    )
    """Groups of what it knows of a user and a candidate; see tfrs_lab.models.cascade.features."""
    half_lives_days: tuple[float, ...] = (0.04, 0.25, 1.0, 3.0, 14.0, 60.0)
    """popularity: recent ratings are counted with these half-lives."""
    objective: RankingObjective = "listwise"
    """listwise: softmax over each user's candidates; pointwise: is each one relevant; rating: how well it is rated."""
    hidden: tuple[int, ...] = (32,)
    """Units of the hidden layers; none for a linear ranker."""
    dropout: float = 0.3
    """Share of the hidden units dropped in training."""
    weight_decay: float = 1e-2
    """L2 penalty on the layers' weights."""
    batch_size: int = 64
    """Users per training step."""
    learning_rate: float = 3e-3
    """Step size of Adam."""
    epochs: int = 20
    """Passes over the users."""

    def __post_init__(self) -> None:
        require(bool(self.features), "features", "at least one group", self.features)
        require(len(set(self.features)) == len(self.features), "features", "each group once", self.features)
        lives = all(0 < days < float("inf") for days in self.half_lives_days)
        require(lives, "half_lives_days", "finite numbers above 0", self.half_lives_days)
        require(all(units >= 1 for units in self.hidden), "hidden", "integers of at least 1", self.hidden)
        require(0 <= self.dropout < 1, "dropout", "a share of at least 0 and below 1", self.dropout)
        require(self.weight_decay >= 0, "weight_decay", "a number of at least 0", self.weight_decay)
        require(self.learning_rate > 0, "learning_rate", "a number above 0", self.learning_rate)
        for name in ("batch_size", "epochs"):
            require(getattr(self, name) >= 1, name, "an integer of at least 1", getattr(self, name))


@dataclass(frozen=True)
class CascadeConfig:
    """Retrieve, filter what is known, rank: a retriever and a ranker of its best candidates."""

    depths: tuple[int, ...] = (50, 100, 200)
    """So many of the retriever's movies may be put in a new order; one of these is chosen on validation."""
    weights: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0, 4.0)
    """What the ranker's scores may count beside standardised retrieval scores; one is chosen on validation, or 0."""
    least_gain: float = 0.01
    """The ranker enters only for a relative gain of validation nDCG@10 of at least this."""
    least_errors: float = 2.0
    """... which must also be so many of its standard errors, paired over users."""
    max_lists: int = 10_000
    """The ranker learns from so many users at most."""
    retrieval: RetrievalConfig = field(default_factory=RetrievalConfig)
    """The retriever."""
    ranker: RankerConfig = field(default_factory=RankerConfig)
    """The ranker."""

    def __post_init__(self) -> None:
        depths = bool(self.depths) and all(depth >= 1 for depth in self.depths)
        require(depths, "depths", "integers of at least 1, at least one", self.depths)
        weights = bool(self.weights) and all(0 < weight < float("inf") for weight in self.weights)
        require(weights, "weights", "finite numbers above 0, at least one", self.weights)
        for name in ("least_gain", "least_errors"):
            require(getattr(self, name) >= 0, name, "a number of at least 0", getattr(self, name))
        require(self.max_lists >= 1, "max_lists", "an integer of at least 1", self.max_lists)
