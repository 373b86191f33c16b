"""Search spaces of ``recs tune``: for each experiment the fields of its configuration that are worth a search.

Names are dotted for nested configurations (``id.dimension``). What is not named here keeps its value.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optuna.trial import Trial


class Domain(ABC):
    """The values that one field may take; a study keeps them as they are."""

    @abstractmethod
    def suggest(self, trial: Trial, name: str) -> Any:
        """The trial's value of the field."""

    @abstractmethod
    def contains(self, value: Any) -> bool:
        """Whether the search can come upon this value."""

    def stored(self, value: Any) -> Any:
        """What the study keeps of a value."""
        return value

    def value(self, stored: Any) -> Any:
        """The value of which the study keeps this."""
        return stored


@dataclass(frozen=True)
class Float(Domain):
    """Real numbers of an interval, ends included; ``log``: evenly in the logarithm."""

    low: float
    high: float
    log: bool = False

    def suggest(self, trial: Trial, name: str) -> float:
        """The trial's value of the field."""
        return trial.suggest_float(name, self.low, self.high, log=self.log)

    def contains(self, value: Any) -> bool:
        """Whether it is a number between the ends."""
        return isinstance(value, (int, float)) and self.low <= value <= self.high


@dataclass(frozen=True)
class Int(Float):
    """Whole numbers of an interval, ends included."""

    low: int
    high: int

    def suggest(self, trial: Trial, name: str) -> int:
        """The trial's value of the field."""
        return trial.suggest_int(name, self.low, self.high, log=self.log)

    def contains(self, value: Any) -> bool:
        """Whether it is a whole number between the ends."""
        return isinstance(value, int) and super().contains(value)


@dataclass(frozen=True)
class Choice(Domain):
    """One of a few values; the study keeps tuples as text."""

    values: tuple[Any, ...]

    def suggest(self, trial: Trial, name: str) -> Any:
        """The trial's value of the field."""
        return self.value(trial.suggest_categorical(name, [self.stored(value) for value in self.values]))

    def contains(self, value: Any) -> bool:
        """Whether it is one of them."""
        return value in self.values

    def stored(self, value: Any) -> Any:
        """What the study keeps of a value.

        >>> towers = Choice((("id",), ("id", "history")))
        >>> towers.stored(("id", "history")), towers.value("id+history")
        ('id+history', ('id', 'history'))
        """
        return "+".join(map(str, value)) if isinstance(value, tuple) else value

    def value(self, stored: Any) -> Any:
        """The value of which the study keeps this."""
        return next(value for value in self.values if self.stored(value) == stored)


Space = dict[str, Domain]

SPACES: dict[str, Space] = {
    "recency": {"half_life_days": Float(0.25, 365, log=True)},
    "itemknn": {"neighbours": Int(10, 1000, log=True), "shrink": Float(1, 2000, log=True)},
    "ease": {"regularization": Float(20, 5000, log=True)},
    "ials": {
        "factors": Choice((16, 32, 64, 128)),
        "alpha": Float(1, 40, log=True),
        "regularization": Float(0.1, 200, log=True),
        "iterations": Int(5, 30),
    },
    "retrieval": {
        "in_batch.temperature": Float(0.1, 0.5, log=True),
        "in_batch.bias": Choice((False, True)),
        "in_batch.dropout": Float(0.0, 0.4),
        "in_batch.batch_size": Choice((256, 512, 1024, 2048)),
        "in_batch.learning_rate": Float(5e-4, 5e-3, log=True),
        "id.temperature": Float(0.1, 1.0, log=True),
        "id.dropout": Float(0.0, 0.5),
        "history.temperature": Float(0.1, 1.0, log=True),
        "history.history_dropout": Float(0.1, 0.7),
        "reconstruction.history_dropout": Float(0.1, 0.7),
        "reconstruction.positive_weight": Float(0.5, 5.0, log=True),
        "reconstruction.weight_decay": Float(1e-7, 1e-3, log=True),
        "linear.regularization": Float(0.5, 50, log=True),
        "linear.stay": Int(5, 200, log=True),
        "linear.apart": Float(0.03, 1.0, log=True),
        "sequence.horizon": Float(0.0, 20.0),
        "sequence.learning_rate": Float(5e-4, 1e-2, log=True),
    },
    "content": {
        "prior": Float(0.5, 30, log=True),
        "kernel.regularization": Float(2, 200, log=True),
        "kernel.common_regularization": Float(0.2, 50, log=True),
        "kernel.age_width": Float(0.2, 2, log=True),
        "kernel.genre_width": Float(0.5, 4),
        "kernel.words": Float(0.0, 2.0),
        "kernel.grams": Float(0.0, 2.0),
        "kernel.people_regularization": Float(300, 30_000, log=True),
    },
    "hybrid": {
        "prior": Float(3, 100, log=True),
        "people_regularization": Float(300, 30_000, log=True),
        "content.kernel.regularization": Float(2, 200, log=True),
        "content.kernel.common_regularization": Float(0.2, 50, log=True),
        "retrieval.joint.weights.content": Float(0.03, 3.0, log=True),
        "retrieval.joint.weights.rating": Float(1, 1000, log=True),
    },
}


def to_json(space: Space) -> dict[str, Any]:
    """Plain values that describe a space.

    >>> to_json({"factors": Choice((16, 32)), "alpha": Float(1, 40, log=True)})
    {'factors': {'values': [16, 32]}, 'alpha': {'low': 1, 'high': 40, 'log': True}}
    """
    return {
        name: {key: list(item) if isinstance(item, tuple) else item for key, item in vars(domain).items()}
        for name, domain in space.items()
    }
