"""From a history to a query: sums of what its movies tell, each kind as plain arrays until it is asked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from scipy.sparse import csr_matrix

from tfrs_lab.models.sequential.config import SequenceConfig
from tfrs_lab.models.storage import under
from tfrs_lab.models.training.histories import in_order

if TYPE_CHECKING:
    from tfrs_lab.models.retrieval.tower_module import TowerModule

_BLOCK = 1024


@dataclass(frozen=True, eq=False)
class Bag:
    """What the movies of a history add up to: pooled rows of a table, scaled, and mapped to queries.

    Attributes:
        table: [movies, d] float32.
        turn: [d, dim] float32; None: the pooled rows are queries.
        mean: The mean of the rows, not their sum.
        halfway: The result counts n / (n + halfway), with n movies in the history.
        unit: Scaled to length 1.
    """

    table: np.ndarray
    turn: np.ndarray | None = None
    mean: bool = False
    halfway: float = 0.0
    unit: bool = False

    @property
    def matrix(self) -> np.ndarray:
        """``turn``, or that which changes nothing."""
        return np.eye(self.table.shape[1], dtype=np.float32) if self.turn is None else self.turn

    def folded(self) -> Bag:
        """The same with the map in the table, where nothing stands between them and it makes the table no wider."""
        if self.unit or self.turn is None or self.turn.shape[1] > self.table.shape[1]:
            return self
        return replace(self, table=(self.table.astype(np.float64) @ self.turn).astype(np.float32), turn=None)

    def state(self) -> dict[str, np.ndarray]:
        """What is not None, as arrays."""
        return {name: np.asarray(value) for name, value in vars(self).items() if value is not None}

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray]) -> Bag:
        """The inverse of ``state``."""
        values: dict[str, Any] = {one.name: state[one.name] for one in fields(cls) if one.name in state}
        return cls(**{name: value if value.ndim else value.item() for name, value in values.items()})


@dataclass(frozen=True, eq=False)
class EncodedSequence:
    """What a trained encoder makes of the end of a history; where the order is not known, as the movies come.

    Attributes:
        table: [movies, d] float32, the encoder's inputs.
        turn: [d, dim] float32: from its last state to queries.
        config: Of the encoder.
        weights: Of the encoder, in Keras's order.
    """

    table: np.ndarray
    turn: np.ndarray
    config: SequenceConfig
    weights: tuple[np.ndarray, ...]

    @property
    def matrix(self) -> np.ndarray:
        """``turn``."""
        return self.turn

    def folded(self) -> EncodedSequence:
        """Itself: there is nothing to fold."""
        return self

    def state(self) -> dict[str, np.ndarray]:
        """As plain arrays."""
        weights = {f"weight-{number}": weight for number, weight in enumerate(self.weights)}
        return {"table": self.table, "turn": self.turn, "encoder": np.array(json.dumps(asdict(self.config))), **weights}

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray]) -> EncodedSequence:
        """The inverse of ``state``."""
        weights = [state[f"weight-{number}"] for number in range(len(state) - 3)]
        config = SequenceConfig(**json.loads(str(state["encoder"])))
        return cls(state["table"], state["turn"], config, tuple(weights))


@dataclass(frozen=True, eq=False)
class LeastSquares:
    """The user's side of implicit matrix factorisation, given the movies' (Hu et al., ICDM 2008, eq. 4).

    x = (YᵀY + (α - 1) Σ y yᵀ + λ I)⁻¹ α Σ y, sums over the history.

    Attributes:
        table: [movies, factors] float32, Y.
        turn: [factors, dim] float32: from x to queries.
        alpha: α.
        regularization: λ.
        gram: [factors, factors] float32, YᵀY of all movies, also where ``table`` has but some.
    """

    table: np.ndarray
    turn: np.ndarray
    alpha: float
    regularization: float
    gram: np.ndarray

    @property
    def matrix(self) -> np.ndarray:
        """``turn``."""
        return self.turn

    def folded(self) -> LeastSquares:
        """Itself: there is nothing to fold."""
        return self

    def state(self) -> dict[str, np.ndarray]:
        """As plain arrays."""
        return {name: np.asarray(value) for name, value in vars(self).items()}

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray]) -> LeastSquares:
        """The inverse of ``state``."""
        numbers = {name: state[name].item() for name in ("alpha", "regularization")}
        return cls(**{**state, **numbers})


Summand: TypeAlias = Bag | EncodedSequence | LeastSquares


@dataclass(frozen=True, eq=False)
class QueryTower:
    """A sum of what bags and the like make of a history, and a constant.

    Attributes:
        bags: Over the same movies.
        constant: [dim] float32.
    """

    bags: tuple[Summand, ...]
    constant: np.ndarray

    @classmethod
    def of(cls, *bags: Summand) -> QueryTower:
        """Bags alone."""
        return cls(bags, np.zeros(bags[0].matrix.shape[1], np.float32))

    @classmethod
    def mean_of(cls, table: np.ndarray) -> QueryTower:
        """The mean of the movies' vectors [movies, dim]."""
        return cls.of(Bag(table, mean=True))

    def turned(self, matrix: np.ndarray) -> QueryTower:
        """The same in another space, by a matrix [dim, n]."""
        bags = [replace(bag, turn=(bag.matrix @ matrix).astype(np.float32)) for bag in self.bags]
        return QueryTower(tuple(bags), (self.constant @ matrix).astype(np.float32))

    def times(self, factor: float) -> QueryTower:
        """So many times the same queries."""
        bags = [replace(bag, turn=np.float32(factor) * bag.matrix) for bag in self.bags]
        return QueryTower(tuple(bags), np.float32(factor) * self.constant)

    def inside(self, before: int, after: int) -> QueryTower:
        """The same queries with so many zeros before and behind them."""
        bags = [replace(bag, turn=np.pad(bag.matrix, ((0, 0), (before, after)))) for bag in self.bags]
        return QueryTower(tuple(bags), np.pad(self.constant, (before, after)))

    def folded(self) -> QueryTower:
        """The same with as few and as small tables as can be."""
        together: dict[tuple[float, ...], Summand] = {}
        for place, bag in enumerate(one.folded() for one in self.bags):
            apart: tuple[float, ...] = (place,)
            if isinstance(bag, Bag) and not bag.unit and bag.turn is None:
                apart = (-1, bag.mean, bag.halfway)
            before = together.get(apart)
            together[apart] = bag if before is None else replace(before, table=before.table + bag.table)
        return replace(self, bags=tuple(together.values()))

    @cached_property
    def module(self) -> TowerModule:
        """The tower as a ``tf.Module``; loads TensorFlow."""
        from tfrs_lab.models.retrieval.tower_module import TowerModule

        return TowerModule(self)

    def queries(self, history: csr_matrix) -> np.ndarray:
        """Queries of histories.

        Args:
            history: [batch, movies]: a movie's place in the history, 1 for the oldest; equal values where the order is
                not known.

        Returns:
            [batch, dim] float32.
        """
        history = csr_matrix(history)
        found = np.tile(self.constant, (history.shape[0], 1))
        for start in range(0, len(found) if history.nnz else 0, _BLOCK):
            part = slice(start, start + _BLOCK)
            found[part] = self.module(in_order(history[part])[0]).numpy()
        return found

    def state(self) -> dict[str, np.ndarray]:
        """The arrays that ``from_state`` needs."""
        named = {f"{place}/{name}": value for place, bag in enumerate(self.bags) for name, value in bag.state().items()}
        return {"constant": self.constant, **named}

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray]) -> QueryTower:
        """The inverse of ``state``."""
        bags: list[Summand] = []
        while f"{len(bags)}/table" in state:
            own = under(f"{len(bags)}/", state)
            kind = EncodedSequence if "encoder" in own else LeastSquares if "gram" in own else Bag
            bags.append(kind.from_state(own))
        return cls(tuple(bags), state["constant"])


def side_by_side(towers: Sequence[QueryTower]) -> QueryTower:
    """The tower whose queries are those of all of these, one after the other."""
    ends = np.cumsum([len(tower.constant) for tower in towers]).tolist()
    starts = [0, *ends[:-1]]
    wide = [tower.inside(start, ends[-1] - end) for tower, start, end in zip(towers, starts, ends, strict=True)]
    bags = tuple(bag for tower in wide for bag in tower.bags)
    return QueryTower(bags, np.sum([tower.constant for tower in wide], axis=0))
