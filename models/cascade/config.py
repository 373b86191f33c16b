"""Configuration of the cascade: plain Python, no TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from tfrs_lab.models.checks import Checked, Count, Finite, NotEmpty, NotNegative, Positive, Share
from tfrs_lab.models.retrieval.config import RetrievalConfig

FeatureName = Literal[
    "retrieval", "models", "popularity", "age", "latest", "genres", "ratings", "people", "stage", "activity"
]
RankingObjective = Literal["listwise", "pointwise", "rating"]


@dataclass(frozen=True)
class RankerConfig(Checked):
    """A small network that scores a user's candidates."""

    features: Annotated[tuple[FeatureName, ...], NotEmpty(distinct=True)] = (
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
    """Groups of features of a user and a candidate; see tfrs_lab.models.cascade.features."""
    half_lives_days: tuple[Finite, ...] = (0.04, 0.25, 1.0, 3.0, 14.0, 60.0)
    """popularity: recent ratings are counted with these half-lives."""
    objective: RankingObjective = "listwise"
    """listwise: softmax over each user's candidates; pointwise: is each one relevant; rating: how well it is rated."""
    hidden: tuple[Count, ...] = (32,)
    """Units of the hidden layers; none for a linear ranker."""
    dropout: Share = 0.3
    """Share of the hidden units dropped in training."""
    weight_decay: NotNegative = 1e-2
    """L2 penalty on the layers' weights."""
    batch_size: Count = 64
    """Users per training step."""
    learning_rate: Positive = 3e-3
    """Step size of Adam."""
    epochs: Count = 20
    """Passes over the users."""


@dataclass(frozen=True)
class CascadeConfig(Checked):
    """Retrieve, filter what is known, rank: a retriever and a ranker of its best candidates."""

    depths: Annotated[tuple[Count, ...], NotEmpty()] = (50, 100, 200)
    """Numbers of the retriever's movies that are re-ranked; one of these is chosen on validation."""
    weights: Annotated[tuple[Finite, ...], NotEmpty()] = (0.25, 0.5, 1.0, 2.0, 4.0)
    """What the ranker's scores may count beside standardised retrieval scores; one is chosen on validation, or 0."""
    least_gain: NotNegative = 0.01
    """Minimum relative gain of validation nDCG@10 for which the ranker is used."""
    least_errors: NotNegative = 2.0
    """Minimum gain in standard errors, paired over users."""
    max_lists: Count = 10_000
    """Maximum number of users that the ranker learns from."""
    retrieval: RetrievalConfig = field(default_factory=RetrievalConfig)
    """The retriever."""
    ranker: RankerConfig = field(default_factory=RankerConfig)
    """The ranker."""
