"""Configuration of the multitask network: plain Python, no TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from tfrs_lab.models.checks import Checked, Count, NotEmpty, Positive, require
from tfrs_lab.models.rating.config import RatingConfig
from tfrs_lab.models.two_tower.config import PairConfig

TaskName = Literal["retrieval", "content", "rating"]
Weighting = Literal["fixed", "uncertainty", "gradnorm"]


def reconstruction_pair() -> PairConfig:
    """Histories and candidates with vectors of their own, and a squared error."""
    return PairConfig(
        query=("history",),
        objective="reconstruction",
        tied=False,
        normalize=False,
        dimension=256,
        weight_decay=1e-5,
        batch_size=64,
        learning_rate=1e-3,
        epochs=70,
        patience=25,
    )


@dataclass(frozen=True)
class TaskWeights(Checked):
    """What the loss of each task counts, if weights are fixed; to ignore a task, leave it out of ``tasks``."""

    retrieval: Positive = 1.0
    """Reconstructing the movies hidden from a history."""
    content: Positive = 0.3
    """Finding them by their features."""
    rating: Positive = 30.0
    """Predicting hidden ratings."""


@dataclass(frozen=True)
class JointConfig(Checked):
    """One network for several tasks, which share vectors of movies."""

    tasks: Annotated[tuple[TaskName, ...], NotEmpty(distinct=True)] = ("retrieval", "content", "rating")
    """What it learns. Any of them alone is a single-task model of the same code."""
    weighting: Weighting = "fixed"
    """How losses are weighed: fixed; uncertainty, learned with the tasks; gradnorm, so that their gradients on the
    shared vectors are equally long."""
    weights: TaskWeights = field(default_factory=TaskWeights)
    """fixed: the weights."""
    retrieval: PairConfig = field(default_factory=reconstruction_pair)
    """The shared vectors of movies, in histories and as candidates, and how they are trained."""
    content: PairConfig = field(
        default_factory=lambda: PairConfig(
            query=("history",), candidate=("features",), objective="softmax", tied=False, dimension=64, temperature=0.3,
            bias=True,
        )
    )  # fmt: skip
    """The content task: candidates are features, queries a projection of the shared histories."""
    rating: RatingConfig = field(default_factory=RatingConfig)
    """The rating task."""
    rating_every: Count = 8
    """Steps from one of the rating task to its next: each sees all ratings."""

    @property
    def epochs(self) -> int:
        """At most this many passes over the users; where the rating task is alone, epochs of its own."""
        return self.rating.epochs if self.tasks == ("rating",) else self.retrieval.epochs

    @property
    def patience(self) -> int:
        """Stop after this many epochs without a better validation nDCG."""
        return self.retrieval.patience

    def __post_init__(self) -> None:
        super().__post_init__()
        own = self.retrieval
        fits = own.query == ("history",) and own.candidate == ("id",) and not own.tied
        require(fits, "retrieval", "a history as query, ids as candidates and tied false, the vectors to share", own)
        require(own.objective != "in-batch", "retrieval.objective", "softmax or reconstruction", own.objective)
        require(self.content.objective == "softmax", "content.objective", "softmax", self.content.objective)
