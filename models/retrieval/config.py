"""Configuration of the retrieval model: parts that are trained one by one and end in one vector per user and movie."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal, get_args

from tfrs_lab.models.baselines.ials import IALSConfig
from tfrs_lab.models.checks import Checked, Count, NotEmpty, Positive, require, require_known
from tfrs_lab.models.closed_form.linear import LinearConfig
from tfrs_lab.models.closed_form.spectral import SpectralConfig
from tfrs_lab.models.closed_form.transitions import TransitionsConfig
from tfrs_lab.models.closed_form.trends import TrendConfig
from tfrs_lab.models.multitask.config import JointConfig, reconstruction_pair
from tfrs_lab.models.sequential.config import SequenceConfig
from tfrs_lab.models.two_tower.config import PairConfig

PartName = Literal[
    "in_batch",
    "id",
    "history",
    "reconstruction",
    "joint",
    "linear",
    "ials",
    "spectral",
    "sequence",
    "transitions",
    "trend",
]
CATALOGUE_WIDE: tuple[PartName, ...] = ("id", "history", "reconstruction", "joint")
"""Parts that score every movie for every user at each epoch."""


@dataclass(frozen=True)
class RetrievalConfig(Checked):
    """Two-tower retrieval; each part is a pair of towers with its objective, or closed form."""

    parts: Annotated[tuple[PartName, ...], NotEmpty(distinct=True)] = (
        "history",
        "reconstruction",
        "linear",
        "ials",
        "spectral",
        "sequence",
        "transitions",
        "trend",
    )
    """What may be trained and combined. in_batch alone is plain TFRS; it adds nothing to the others, nor does id, which
    knows users by their number and answers new histories by a regression."""
    towers: Literal["auto", "all"] = "auto"
    """Whether validation tells which towers are trained, or all are that are among the parts. Where taste in closed
    form (linear, ials or spectral) and transitions are parts, they are fitted first: if what follows what predicts
    validation better than taste, the sequence is trained and id, history and reconstruction are not; if not, or without
    validation, the other way round."""
    dimension: Count = 128
    """Length of the final vectors; half or a quarter of it where that is as good on validation, up to four times as
    many numbers where that is clearly better."""
    budget: Positive = 12.0
    """Minutes that training towers may take, both fits together. What is estimated to take longer is left out, and the
    sequence is trained for fewer epochs."""
    in_batch: PairConfig = field(
        default_factory=lambda: PairConfig(temperature=0.3, bias=True, epochs=25, learning_rate=3e-3)
    )
    """Id embeddings and TFRS's in-batch softmax with logQ correction."""
    id: PairConfig = field(
        default_factory=lambda: PairConfig(
            objective="softmax",
            dimension=256,
            temperature=0.3,
            bias=True,
            dropout=0.2,
            batch_size=64,
            learning_rate=3e-3,
            epochs=40,
        )
    )
    """Id embeddings and a softmax over the whole catalogue."""
    history: PairConfig = field(
        default_factory=lambda: PairConfig(
            query=("history",),
            objective="softmax",
            dimension=256,
            temperature=0.25,
            bias=True,
            batch_size=128,
            learning_rate=3e-3,
            epochs=40,
            patience=20,
        )
    )
    """The user as the mean of their movies; predicts what was hidden from it."""
    reconstruction: PairConfig = field(default_factory=reconstruction_pair)
    """The same with vectors of its own for the history and a squared error."""
    joint: JointConfig = field(default_factory=JointConfig)
    """The same, sharing its vectors with further tasks; what the hybrid is made of."""
    linear: LinearConfig = field(default_factory=LinearConfig)
    """Movies regressed on all others, EASE; closed form."""
    ials: IALSConfig = field(default_factory=IALSConfig)
    """Matrix factorisation by alternating least squares; what is left open is chosen on validation."""
    spectral: SpectralConfig = field(default_factory=SpectralConfig)
    """The smoothest directions of the graph of users and movies; closed form."""
    sequence: SequenceConfig = field(default_factory=SequenceConfig)
    """The user as a sequence; predicts what comes next."""
    transitions: TransitionsConfig = field(default_factory=TransitionsConfig)
    """What follows what; closed form, in a sparse table."""
    trend: TrendConfig = field(default_factory=TrendConfig)
    """What is rising now."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(not isinstance(self.parts, str), "parts", "a tuple of names, such as ('id',)", self.parts)
        for part in self.parts:
            require_known(part, get_args(PartName), "parts")
        require(self.parts != ("trend",), "parts", "another part beside trend", self.parts)
        require(self.towers in ("auto", "all"), "towers", "'auto' or 'all'", self.towers)
