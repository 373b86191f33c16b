"""Configuration of the hybrid by id dropout: plain Python, no TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass, field

from tfrs_lab.models.checks import Checked, Positive, require
from tfrs_lab.models.two_tower.config import PairConfig


@dataclass(frozen=True)
class IdDropoutConfig(Checked):
    """A pair whose candidate tower adds up ids and features, and drops ids in training.

    Volkovs, Yu and Poutanen, "DropoutNet: addressing cold start in recommender systems", NeurIPS 2017, with learned ids
    in place of given preference vectors.
    """

    pair: PairConfig = field(
        default_factory=lambda: PairConfig(
            query=("history",),
            candidate=("id", "features"),
            objective="softmax",
            tied=False,
            dimension=256,
            temperature=0.25,
            id_dropout=0.5,
            batch_size=128,
            learning_rate=3e-3,
            epochs=40,
            patience=20,
        )
    )
    """The pair of towers."""
    budget: Positive = 12.0
    """Minutes that training may take, both fits together, by an estimate: the pair is trained for fewer epochs, or
    refused."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.pair.id_dropout > 0, "pair.id_dropout", "a share above 0", self.pair.id_dropout)
