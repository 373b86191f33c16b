"""Configurations of the models: plain Python, so that the command line can show them without loading TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass


def require(condition: bool, field: str, expected: str, got: object) -> None:
    """Raises ValueError naming the field, what was expected and what came."""
    if not condition:
        raise ValueError(f"{field}: expected {expected}, got {got!r}")


@dataclass(frozen=True)
class RetrievalConfig:
    """Two-tower retrieval with in-batch negatives."""

    dimension: int = 128
    """Length of the user and movie vectors."""
    temperature: float = 0.2
    """Scores are divided by this before the softmax; lower sharpens."""
    normalize: bool = True
    """Scale user and movie vectors to unit length, so that the score is a cosine."""
    logq: bool = True
    """Correct in-batch negatives for how often each movie turns up as one (log of its train frequency)."""
    remove_accidental_hits: bool = True
    """Ignore negatives that are the row's own movie."""
    batch_size: int = 1024
    """Rows per training step; each row's movie is a negative for all the others."""
    learning_rate: float = 2e-3
    """Step size of Adam."""
    epochs: int = 40
    """At most this many passes over the training rows."""
    patience: int = 10
    """Stop after this many epochs without a better validation nDCG."""

    def __post_init__(self) -> None:
        for field in ("dimension", "batch_size", "epochs", "patience"):
            require(getattr(self, field) >= 1, field, "an integer of at least 1", getattr(self, field))
        for field in ("temperature", "learning_rate"):
            require(getattr(self, field) > 0, field, "a number above 0", getattr(self, field))
