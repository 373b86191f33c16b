"""Configuration of the sequence tower: plain Python, so that the command line shows it without loading TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tfrs_lab.models.two_tower.config import require


@dataclass(frozen=True)
class SequenceConfig:
    """Retrieval from the order in which a user watched: the next movies are the target."""

    encoder: Literal["attention", "gru"] = "gru"
    """Gated recurrent units (GRU4Rec) or causal self-attention (SASRec), which learns more slowly: on 100,000 ratings
    it needs 14 epochs and less dropout, 0.2."""
    dimension: int = 64
    """Length of the vectors of movies and of the encoder's state."""
    blocks: int = 1
    """Self-attention blocks, or layers of the GRU."""
    heads: int = 1
    """Attention heads; they share the dimension."""
    max_length: int = 32
    """Most recent movies that the encoder sees."""
    horizon: float = 2.0
    """Targets are the movies ahead, weighted by exp(-distance / horizon); 0 for the next movie alone."""
    dropout: float = 0.3
    """Share of values dropped from the input, the attention weights and each block's output."""
    negatives: int = 4096
    """Catalogues above ``full_softmax`` movies: movies drawn per step, beside those of the batch's users."""
    full_softmax: int = 20_000
    """Up to so many movies the softmax is over all of them."""
    batch_size: int = 64
    """Windows of at most ``max_length`` movies per training step."""
    learning_rate: float = 1e-2
    """Step size of Adam at its height: it rises for 30 steps, then falls to nearly 0 along a cosine."""
    epochs: int = 6
    """Passes over the training rows."""
    patience: int = 10
    """Stop after this many epochs without a better validation nDCG."""

    def __post_init__(self) -> None:
        require(self.encoder in ("attention", "gru"), "encoder", "'attention' or 'gru'", self.encoder)
        for field in ("dimension", "blocks", "heads", "max_length", "negatives", "batch_size", "epochs", "patience"):
            require(getattr(self, field) >= 1, field, "an integer of at least 1", getattr(self, field))
        for field in ("horizon", "full_softmax"):
            require(getattr(self, field) >= 0, field, "a number of at least 0", getattr(self, field))
        require(0 <= self.dropout < 1, "dropout", "a number in [0, 1)", self.dropout)
        require(self.learning_rate > 0, "learning_rate", "a number above 0", self.learning_rate)
        require(self.dimension % self.heads == 0, "heads", f"a divisor of dimension {self.dimension}", self.heads)
