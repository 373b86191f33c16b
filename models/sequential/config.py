"""Configuration of the sequence tower: plain Python, so that the command line shows it without loading TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tfrs_lab.models.checks import Checked, Count, NotNegative, Positive, Share, Size, require


@dataclass(frozen=True)
class SequenceConfig(Checked):
    """Retrieval from the order in which a user watched: the next movies are the target."""

    encoder: Literal["attention", "gru"] = "gru"
    """Gated recurrent units (GRU4Rec) or causal self-attention (SASRec), which learns more slowly: on 100,000 ratings
    it needs 14 epochs and less dropout, 0.2."""
    dimension: Count = 64
    """Length of the vectors of movies and of the encoder's state."""
    blocks: Count = 1
    """Self-attention blocks, or layers of the GRU."""
    heads: Count = 1
    """Attention heads; they share the dimension."""
    max_length: Count = 32
    """Most recent movies that the encoder sees."""
    horizon: NotNegative = 1.0
    """Targets are the movies ahead, weighted by exp(-distance / horizon); 0 for the next movie alone."""
    dropout: Share = 0.3
    """Share of values dropped from the input, the attention weights and each block's output."""
    negatives: Count = 1024
    """Catalogues above ``full_softmax`` movies: movies drawn per step, beside those of the batch's users."""
    full_softmax: Size = 5_000
    """Up to so many movies the softmax is over all of them."""
    positions: Count = 1024
    """Movies per training step, in windows of at most ``max_length``."""
    learning_rate: Positive = 1e-2
    """Step size of Adam at its height: it rises for 30 steps, then falls to nearly 0 along a cosine."""
    epochs: Count = 6
    """Passes over the training rows."""
    patience: Count = 10
    """Stop after this many epochs without a better validation nDCG."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.encoder in ("attention", "gru"), "encoder", "'attention' or 'gru'", self.encoder)
        require(self.dimension % self.heads == 0, "heads", f"a divisor of dimension {self.dimension}", self.heads)
