"""Configurations of the models: plain Python, so that the command line can show them without loading TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from tfrs_lab.models.checks import (
    Above,
    AtMost,
    Checked,
    Count,
    NotEmpty,
    NotNegative,
    Positive,
    Share,
    Size,
    require,
)

QueryTowerName = Literal["id", "history", "demographics", "context"]
CandidateTowerName = Literal["id", "features"]
ObjectiveName = Literal["in-batch", "softmax", "reconstruction"]
OptimizerName = Literal["adam", "adagrad"]


@dataclass(frozen=True)
class PairConfig(Checked):
    """A query tower, a candidate tower and the objective that trains them."""

    query: Annotated[tuple[QueryTowerName, ...], NotEmpty()] = ("id",)
    """What the query tower knows of a user: id, history (the movies they rated), demographics; context: of the time."""
    candidate: Annotated[tuple[CandidateTowerName, ...], NotEmpty()] = ("id",)
    """What the candidate tower knows of a movie: id, features (genres, decade)."""
    combine: Literal["sum", "concatenate", "mlp"] = "sum"
    """How several vectors of one side become one: added up, concatenated and projected, or through a hidden layer."""
    objective: ObjectiveName = "in-batch"
    """in-batch: TFRS's sampled softmax; softmax: over the whole catalogue; reconstruction: of dropped movies."""
    dimension: Count = 128
    """Length of the vectors."""
    normalize: bool = True
    """Scale user and movie vectors to unit length, so that the score is a cosine."""
    temperature: Positive = 0.2
    """Scores are divided by this before the softmax; lower sharpens."""
    bias: bool = False
    """A learned bias for each movie, at first its log-popularity; folded into the vectors."""
    dropout: Share = 0.0
    """Share of the values of both vectors dropped in training."""
    periods: Count = 24
    """context: number of equal-frequency time bins; their embeddings are interpolated linearly."""
    tied: bool = True
    """The history sums up the candidate tower's own vectors of movies; otherwise it has vectors of its own."""
    id_dropout: Share = 0.0
    """Share of the movies whose id is dropped at each step, so that their features learn to stand for it."""
    history_dropout: Share = 0.3
    """Share of the history hidden in training; with softmax and reconstruction only what was hidden is a target."""
    logq: bool = True
    """in-batch: correct negatives for how often each movie turns up as one (log of its train frequency)."""
    logq_epsilon: Annotated[float, Above(0), AtMost(1)] | None = None
    """in-batch: no movie counts as a rarer negative than this share; None: 1 / (10 · rows), which bounds no movie."""
    remove_accidental_hits: bool = True
    """in-batch: ignore negatives that are the row's own movie."""
    hard_negatives: Count | None = None
    """in-batch: keep this many of the hardest in-batch negatives of each row; None for all."""
    uniform_negatives: Size = 0
    """in-batch: number of uniformly drawn movies added to the batch's as negatives (mixed negative sampling)."""
    max_catalogue: Count = 100_000
    """softmax: in larger catalogues, this many movies are drawn at each step instead of all."""
    positive_weight: NotNegative = 2.0
    """reconstruction: weight of a movie to be reconstructed beside one for every movie."""
    weight_decay: NotNegative = 0.0
    """reconstruction: L2 penalty on all weights."""
    batch_size: Count = 1024
    """Rows (in-batch) or users (softmax, reconstruction) per training step."""
    optimizer: OptimizerName = "adam"
    """adam, or adagrad, whose steps touch only the vectors that a batch looked up: for tables of millions of rows."""
    learning_rate: Positive = 2e-3
    """Step size; of Adagrad one about thirty times as large as of Adam."""
    epochs: Count = 40
    """At most this many passes over the training rows."""
    patience: Count = 10
    """Stop after this many epochs without a better validation nDCG."""

    def __post_init__(self) -> None:
        super().__post_init__()
        timeless = "context" not in self.query or (self.objective == "in-batch" and len(self.query) > 1)
        require(timeless, "query", "context only with the in-batch objective, and beside another tower", self.query)
        summed = self.candidate == ("id", "features") and self.combine == "sum" and not self.bias
        expected = "0 but for a sum of id and features as candidate, without bias"
        require(summed or not self.id_dropout, "id_dropout", expected, self.id_dropout)
        untied = not self.tied or not self.sees_history or "id" in self.candidate
        require(untied, "tied", "a candidate tower with ids to share with the history", self.candidate)

    @property
    def sees_history(self) -> bool:
        """Whether a part of the query tower sees the user's movies; its name then ends in ``history``."""
        return any(name.endswith("history") for name in self.query)
