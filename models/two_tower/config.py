"""Configurations of the models: plain Python, so that the command line can show them without loading TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

QueryTowerName = Literal["id", "history", "demographics", "context"]
CandidateTowerName = Literal["id", "features"]
ObjectiveName = Literal["in-batch", "softmax", "reconstruction"]
OptimizerName = Literal["adam", "adagrad"]


def require(condition: bool, field: str, expected: str, got: object) -> None:
    """Raises ValueError naming the field, what was expected and what came."""
    if not condition:
        raise ValueError(f"{field}: expected {expected}, got {got!r}")


@dataclass(frozen=True)
class PairConfig:
    """A query tower, a candidate tower and the objective that trains them."""

    query: tuple[QueryTowerName, ...] = ("id",)
    """What the query tower knows of a user: id, history (the movies they rated), demographics; context: of the time."""
    candidate: tuple[CandidateTowerName, ...] = ("id",)
    """What the candidate tower knows of a movie: id, features (genres, decade)."""
    combine: Literal["sum", "concatenate", "mlp"] = "sum"
    """How several vectors of one side become one: added up, concatenated and projected, or through a hidden layer."""
    objective: ObjectiveName = "in-batch"
    """in-batch: TFRS's sampled softmax; softmax: over the whole catalogue; reconstruction: of dropped movies."""
    dimension: int = 128
    """Length of the vectors."""
    normalize: bool = True
    """Scale user and movie vectors to unit length, so that the score is a cosine."""
    temperature: float = 0.2
    """Scores are divided by this before the softmax; lower sharpens."""
    bias: bool = False
    """A learned bias for each movie, at first its log-popularity; folded into the vectors."""
    dropout: float = 0.0
    """Share of the values of both vectors dropped in training."""
    periods: int = 24
    """context: so many periods with equally many rows; each has a vector, and between them the vector moves evenly."""
    tied: bool = True
    """The history sums up the candidate tower's own vectors of movies; otherwise it has vectors of its own."""
    id_dropout: float = 0.0
    """Share of the movies whose id is dropped at each step, so that their features learn to stand for it."""
    history_dropout: float = 0.3
    """Share of the history hidden in training; with softmax and reconstruction only what was hidden is a target."""
    logq: bool = True
    """in-batch: correct negatives for how often each movie turns up as one (log of its train frequency)."""
    logq_epsilon: float | None = None
    """in-batch: no movie counts as a rarer negative than this share; None: 1 / (10 · rows), which bounds no movie."""
    remove_accidental_hits: bool = True
    """in-batch: ignore negatives that are the row's own movie."""
    hard_negatives: int | None = None
    """in-batch: only so many negatives of each row count, those with the highest scores; None for all."""
    uniform_negatives: int = 0
    """in-batch: so many movies drawn uniformly join the batch's as negatives (mixed negative sampling)."""
    max_catalogue: int = 100_000
    """softmax: above so many movies, as many are drawn at each step instead of all."""
    positive_weight: float = 2.0
    """reconstruction: weight of a movie to be reconstructed beside one for every movie."""
    weight_decay: float = 0.0
    """reconstruction: L2 penalty on all weights."""
    batch_size: int = 1024
    """Rows (in-batch) or users (softmax, reconstruction) per training step."""
    optimizer: OptimizerName = "adam"
    """adam, or adagrad, whose steps touch only the vectors that a batch looked up: for tables of millions of rows."""
    learning_rate: float = 2e-3
    """Step size; of Adagrad one about thirty times as large as of Adam."""
    epochs: int = 40
    """At most this many passes over the training rows."""
    patience: int = 10
    """Stop after this many epochs without a better validation nDCG."""

    def __post_init__(self) -> None:
        for field in ("query", "candidate"):
            require(bool(getattr(self, field)), field, "at least one tower", getattr(self, field))
        for field in ("dimension", "periods", "batch_size", "epochs", "patience", "max_catalogue"):
            require(getattr(self, field) >= 1, field, "an integer of at least 1", getattr(self, field))
        for field in ("temperature", "learning_rate"):
            require(getattr(self, field) > 0, field, "a number above 0", getattr(self, field))
        for field in ("dropout", "id_dropout", "history_dropout"):
            require(0 <= getattr(self, field) < 1, field, "a share of at least 0 and below 1", getattr(self, field))
        for field in ("uniform_negatives", "weight_decay", "positive_weight"):
            require(getattr(self, field) >= 0, field, "a number of at least 0", getattr(self, field))
        epsilon = self.logq_epsilon
        require(epsilon is None or 0 < epsilon <= 1, "logq_epsilon", "None or a share above 0", epsilon)
        hard = self.hard_negatives
        require(hard is None or hard >= 1, "hard_negatives", "None or an integer of at least 1", hard)
        timeless = "context" not in self.query or (self.objective == "in-batch" and len(self.query) > 1)
        require(timeless, "query", "context only with the in-batch objective, and beside another tower", self.query)
        stands_in = self.candidate == ("id", "features") and self.combine == "sum" and not self.bias
        expected = "0 but for a sum of id and features as candidate, without bias"
        require(stands_in or not self.id_dropout, "id_dropout", expected, self.id_dropout)
        untied = not self.tied or not self.sees_history or "id" in self.candidate
        require(untied, "tied", "a candidate tower with ids to share with the history", self.candidate)

    @property
    def sees_history(self) -> bool:
        """Whether a part of the query tower sees the user's movies; its name then ends in ``history``."""
        return any(name.endswith("history") for name in self.query)
