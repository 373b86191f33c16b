"""Configuration of the hybrid model: plain Python, no TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from tfrs_lab.models.content.config import ContentConfig
from tfrs_lab.models.retrieval.config import RetrievalConfig
from tfrs_lab.models.two_tower.config import require

Caution = Literal["cautious", "balanced"]


@dataclass(frozen=True)
class HybridConfig:
    """One model: rated movies by a collaborative score, unrated ones by a content score, and predicted ratings."""

    cold: Caution | float = "balanced"
    """How far unrated movies come forward: cautious, so that rated ones lose at most about 1 % of nDCG;
    balanced, as is best for all together; or what is added to the logits of unrated movies."""
    simulations: int = 4
    """So many times a tenth of the movies is hidden to learn what content scores are worth."""
    prior: float = 30.0
    """For new users, what people like them rate counts like so many movies of their own."""
    people_regularization: float = 3000.0
    """Ridge penalty, in ratings, of what people's demographics tell about rated movies."""
    retrieval: RetrievalConfig = field(default_factory=lambda: RetrievalConfig(parts=("joint", "linear", "recency")))
    """The collaborative score, and the tasks that share its vectors."""
    content: ContentConfig = field(default_factory=ContentConfig)
    """The content score."""

    def __post_init__(self) -> None:
        known = isinstance(self.cold, (int, float)) or self.cold in ("cautious", "balanced")
        require(known, "cold", "cautious, balanced or a number", self.cold)
        require(self.simulations >= 1, "simulations", "an integer of at least 1", self.simulations)
        require(self.prior > 0, "prior", "a number above 0", self.prior)
        require(self.people_regularization > 0, "people_regularization", "a number above 0", self.people_regularization)
