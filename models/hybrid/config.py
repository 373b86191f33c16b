"""Configuration of the hybrid model: plain Python, no TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from tfrs_lab.models.checks import Checked, Count, Positive, require
from tfrs_lab.models.content.config import ContentConfig
from tfrs_lab.models.retrieval.config import RetrievalConfig

Caution = Literal["cautious", "balanced"]


@dataclass(frozen=True)
class HybridConfig(Checked):
    """One model: rated movies by a collaborative score, unrated ones by a content score, and predicted ratings."""

    cold: Caution | float = "balanced"
    """How far unrated movies come forward: cautious, so that rated ones lose at most about 1 % of nDCG;
    balanced, as is best for all together; or what is added to the logits of unrated movies."""
    simulations: Count = 4
    """Number of simulations that each hide a tenth of the movies, to calibrate content scores."""
    prior: Positive = 30.0
    """Pseudo-count: for new users, demographics count like this many movies of their own."""
    people_regularization: Positive = 3000.0
    """Ridge penalty, in ratings, of the regression of rated movies on demographics."""
    retrieval: RetrievalConfig = field(
        default_factory=lambda: RetrievalConfig(
            parts=("joint", "linear", "ials", "spectral", "sequence", "transitions", "trend")
        )
    )
    """The collaborative score, and the tasks that share its vectors."""
    content: ContentConfig = field(default_factory=ContentConfig)
    """The content score."""

    def __post_init__(self) -> None:
        super().__post_init__()
        known = isinstance(self.cold, (int, float)) or self.cold in get_args(Caution)
        require(known, "cold", "cautious, balanced or a number", self.cold)
