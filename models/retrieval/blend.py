"""How the parts of the retrieval model become one: what time and order count is chosen on validation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any, Literal

import numpy as np

from tfrs_lab.data import Interactions
from tfrs_lab.models.closed_form.recency import RecencyPart
from tfrs_lab.models.closed_form.recency_config import RecencyWeights
from tfrs_lab.models.retrieval.combine import PartSum, shortened
from tfrs_lab.models.retrieval.part_towers import recency_tower
from tfrs_lab.models.retrieval.query_tower import side_by_side
from tfrs_lab.models.retrieval.recommender import FactorRecommender

SEQUENCE = (0.5, 1.0, 2.0)
TREND = (0.0, 1.0, 2.0, 4.0, 8.0)
SESSION = (0.0, 0.25, 0.5, 1.0, 1.5, 2.0)
NOW: tuple[Literal["latest", "user"], ...] = ("latest", "user")
LEAST_GAIN = 0.01
"""Time and order enter only for a relative gain of more than this: less is noise of one validation set."""


@dataclass(frozen=True)
class Blend:
    """Weights of the parts.

    Attributes:
        weights: Part → weight of its standardised scores; ``recency`` has its own. Those that learn who likes what all
            count 1: one validation set cannot tell their weights apart (its noise is larger than the differences).
        dimension: Length of the final vectors; None for whatever the parts take together.
        recency: Weights inside the recency part, beside collaborative scores of standard deviation 1.
        new_users: What users without a history get: "popularity", or the "trend" that recency learned for them.
    """

    weights: dict[str, float]
    dimension: int | None = None
    recency: RecencyWeights = field(default_factory=lambda: RecencyWeights(trend=0.0, session=0.0))
    new_users: str = "popularity"

    @classmethod
    def from_plan(cls, plan: Mapping[str, Any]) -> Blend:
        """The inverse of ``to_plan``."""
        return cls(dict(plan["weights"]), plan["dimension"], RecencyWeights(**plan["recency"]), plan["new_users"])

    def to_plan(self) -> dict[str, Any]:
        """In plain JSON types."""
        return {**vars(self), "recency": vars(self.recency)}

    def recommender(self, parts: PartSum, recency: RecencyPart | None, rows: Interactions) -> FactorRecommender:
        """One vector per user and movie, and the tower that makes queries of other histories.

        Args:
            parts: The trained parts.
            recency: The recency part, if the model has one.
            rows: What they were fitted on.
        """
        queries, candidates, tower = parts.weighted(self.weights)
        new_users = rows.movie_counts.astype(np.float32)
        if recency is not None:
            timed = recency.weighted(self.recency)
            if self.recency.trend or self.recency.session:
                queries = np.hstack([queries, timed.queries])
                candidates = np.hstack([candidates, timed.candidates])
                tower = side_by_side([tower, recency_tower(timed)])
            if self.new_users == "trend":
                new_users = timed.candidates @ timed.unknown
        if self.dimension is not None:
            queries, candidates, turn = shortened(queries, candidates, self.dimension)
            tower = tower.turned(turn)
        return FactorRecommender(rows.users, rows.movies, queries, candidates, new_users, tower)


def choose_blend(
    parts: PartSum,
    recency: RecencyPart | None,
    rows: Interactions,
    dimension: int,
    monitor: Callable[[Any], float] | None,
) -> Blend:
    """Chooses what time and order count, what new users get, and the length of the vectors.

    Shorter vectors can be better: what the truncation drops first is what the parts disagree on.

    Args:
        parts: The trained parts.
        recency: The recency part, if any.
        rows: What they were fitted on.
        dimension: The final vectors have this length, half or a quarter of it.
        monitor: Validation score of a recommender; None for time and order left out and full length.
    """
    others = {"recency": 1.0} if recency is not None else {}
    blend = Blend({name: float(name != "sequence" or len(parts.parts) == 1) for name in parts.parts} | others)
    if monitor is None:
        return replace(blend, dimension=dimension)

    def better(blend: Blend, candidates: list[Blend], gain: float = LEAST_GAIN) -> Blend:
        scores = [monitor(one.recommender(parts, recency, rows)) for one in (blend, *candidates)]
        best = int(np.argmax(scores[1:])) if candidates else 0
        return candidates[best] if candidates and scores[1 + best] > scores[0] * (1 + gain) else blend

    if "sequence" in parts.parts:
        blend = better(blend, [replace(blend, weights={**blend.weights, "sequence": weight}) for weight in SEQUENCE])
    if recency is not None:
        grid = [RecencyWeights(trend, session, now) for trend, session, now in product(TREND, SESSION, NOW)]
        blend = better(blend, [replace(blend, recency=point) for point in grid])
        blend = better(blend, [replace(blend, new_users="trend")], gain=0.0)
    lengths = [replace(blend, dimension=max(dimension // divisor, 1)) for divisor in (1, 2, 4)]
    return max(lengths, key=lambda one: monitor(one.recommender(parts, recency, rows)))
