"""How the parts of the retrieval model become one: what each counts is chosen on validation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tfrs_lab.data import Interactions
from tfrs_lab.evaluation.monitor import Monitor
from tfrs_lab.evaluation.score_pool import ScorePool
from tfrs_lab.models.closed_form.neighbours import NeighbourTable, recent_places
from tfrs_lab.models.retrieval.combine import Part, sum_of
from tfrs_lab.models.retrieval.query_tower import QueryTower
from tfrs_lab.models.retrieval.recommender import FactorRecommender

WEIGHTS = (0.0, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0)
"""What a group may count, beside the group that is best alone, in standard deviations of its scores."""
ERRORS = 1.0
"""A change of weights must gain so many standard errors of the difference: less is noise of one validation set."""
APART = ("spectral", "sequence", "transitions", "trend")
"""Parts that are a group of their own; all others are taste."""
BASES = ("taste", "sequence", "transitions", "linear")
"""One of these counts 1 if there is any. What is rising is the same for everybody, and ``spectral`` beside better parts
of the same kind is best by luck."""
PRIOR = 0.1
"""What the others count to begin with where order is best alone: complements nearly always help a little, though one
validation set may not show it. On halves of validation users of three sets this was as good as starting from 0 or
better. Beside taste they begin with 0: on rows that were drawn at random there is no order to find."""
CHANGES = 12
"""At most so many weights are changed, one at a time."""
USERS = 4_000
"""Number of validation users, a sample, on which weights are compared."""
SCALED_BY = 4_000
"""Number of train users, a sample, by whom the scores of neighbours are standardised."""


def group_of(part: str) -> str:
    """The group that a part belongs to."""
    return part if part in APART else "taste"


@dataclass(frozen=True)
class Groups:
    """Standardised parts, those alike taken together.

    Attributes:
        dense: ``taste``: the parts that learn who likes what, which count alike, since one validation set cannot tell
            their weights apart; ``spectral``, which is as good on sparse data and worse on dense ones;
            ``sequence``; ``trend``. Each as vectors.
        table: A sparse table of neighbours: what follows what, or the weights of ``linear``; None without.
        table_name: ``transitions`` or ``linear``.
        unknown_trend: [movies] float32: what is rising among users of whom nothing is known; None without.
    """

    dense: dict[str, Part]
    table: NeighbourTable | None = None
    table_name: str = "transitions"
    unknown_trend: np.ndarray | None = None

    @classmethod
    def of(
        cls,
        rows: Interactions,
        parts: Mapping[str, Part],
        table: NeighbourTable | None,
        trends: tuple[np.ndarray, np.ndarray] | None,
        table_name: str = "transitions",
    ) -> Groups:
        """Standardises.

        Args:
            rows: What the parts were fitted on.
            parts: Name → fitted part.
            table: See above.
            trends: [movies] scores of what is rising among known users, and among unknown ones.
            table_name: See above.
        """
        taste = [part.standardised() for name, part in parts.items() if group_of(name) == "taste"]
        dense = {"taste": sum_of(taste).standardised()} if taste else {}
        dense |= {name: parts[name].standardised() for name in APART if name in parts}
        if trends is not None:
            known = trends[0][:, None]
            one = QueryTower((), np.ones(1, np.float32))
            dense["trend"] = Part(np.ones((len(rows.users), 1), np.float32), known, one)
        if table is not None:
            table = table.times(1 / _deviation(table, rows)) if table.weights.nnz else None
        return cls(dense, table, table_name, None if trends is None else trends[1])

    @property
    def names(self) -> list[str]:
        """Of the groups."""
        return [*self.dense, *([] if self.table is None else [self.table_name])]

    def weighted(self, weights: Mapping[str, float], rows: Interactions, dimension: int | None) -> FactorRecommender:
        """The sum of the groups, each times its weight; vectors of at most ``dimension`` numbers, None for any."""
        parts = [part.times(weights[name]) for name, part in self.dense.items() if weights.get(name)]
        together = sum_of(parts) if parts else _nothing(rows)
        if dimension is not None and parts:
            together = together.shortened(dimension)
        counts = float(weights.get(self.table_name, 0.0))
        neighbours = self.table.times(counts) if self.table is not None and counts else None
        return FactorRecommender.of(rows, together, rows.movie_counts.astype(np.float32), neighbours)


def _nothing(rows: Interactions) -> Part:
    """Vectors whose scores are all 0."""
    tower = QueryTower((), np.zeros(1, np.float32))
    return Part(np.zeros((len(rows.users), 1), np.float32), np.zeros((len(rows.movies), 1), np.float32), tower)


def _deviation(table: NeighbourTable, rows: Interactions) -> float:
    """Standard deviation of what the table adds, over movies and a sample of users; above 0."""
    step = max(1, len(rows.users) // SCALED_BY)
    added = table.scores(recent_places(rows, table.latest)[::step])
    cells = added.shape[0] * added.shape[1]
    mean = added.sum() / cells
    variance = float((added.data.astype(np.float64) ** 2).sum()) / cells - mean**2
    return float(max(variance, 1e-12) ** 0.5)


@dataclass(frozen=True)
class Blend:
    """What was chosen.

    Attributes:
        weights: Group → weight of its standardised scores.
        dimension: Length of the final vectors; None for whatever the parts take together.
        new_users: What users without a history get: "popularity", or the "trend" that was learned for them.
    """

    weights: dict[str, float] = field(default_factory=dict)
    dimension: int | None = None
    new_users: str = "popularity"

    @classmethod
    def from_plan(cls, plan: Mapping[str, Any]) -> Blend:
        """The inverse of ``to_plan``."""
        return cls(dict(plan["weights"]), plan["dimension"], plan["new_users"])

    def to_plan(self) -> dict[str, Any]:
        """In plain JSON types."""
        return dict(vars(self))

    def recommender(self, groups: Groups, rows: Interactions) -> FactorRecommender:
        """One vector per user and movie, the tower that makes queries of other histories, and the neighbours."""
        found = groups.weighted(self.weights, rows, self.dimension)
        if self.new_users == "trend" and groups.unknown_trend is not None:
            found = replace(found, popularity=groups.unknown_trend)
        return found


def choose_blend(groups: Groups, rows: Interactions, dimension: int, monitor: Monitor | None) -> Blend:
    """Chooses what each group counts, what new users get, and the length of the vectors.

    Scores are added like logits. Shorter vectors can be better: what the truncation drops first is what the parts
    disagree on.

    Args:
        groups: The standardised parts.
        rows: What they were fitted on.
        dimension: The final vectors have this length, half or a quarter of it; twice or four times as many numbers
            where that is better by more than a standard error.
        monitor: Validation; None for groups that count alike, time and order left out where there is taste.
    """
    if monitor is None:
        names = [name for name in ("taste", "spectral", "sequence") if name in groups.dense][:1] or groups.names
        return Blend(dict.fromkeys(names, 1.0), dimension)
    sample = replace(monitor, max_users=USERS)
    blend = Blend(choose_weights(groups, rows, sample))
    if groups.unknown_trend is not None:
        rising = replace(blend, new_users="trend")
        if sample(rising.recommender(groups, rows)) > sample(blend.recommender(groups, rows)):
            blend = rising
    lengths = [replace(blend, dimension=max(dimension // divisor, 1)) for divisor in (1, 2, 4)]
    scores = [sample.per_user(one.recommender(groups, rows)) for one in lengths]
    best = max(range(len(lengths)), key=lambda place: scores[place].mean())
    chosen, now = lengths[best], scores[best]
    widest = sum(part.candidates.shape[1] for name, part in groups.dense.items() if blend.weights.get(name))
    for factor in (2, 4):
        if dimension * factor // 2 < widest:
            longer = replace(blend, dimension=dimension * factor)
            found = sample.per_user(longer.recommender(groups, rows))
            if (found - now).mean() > ERRORS * _error(found - now):
                chosen, now = longer, found
    return chosen


def choose_weights(groups: Groups, rows: Interactions, monitor: Monitor) -> dict[str, float]:
    """Weights of the groups: 1 for the one that is best alone, and of the others what validation tells reliably."""
    names = groups.names
    pool = ScorePool.of(monitor, {name: groups.weighted({name: 1.0}, rows, None) for name in names})
    alone = {name: float(pool.per_user({name: 1.0}).mean()) for name in names}
    first = [name for name in names if name in BASES] or [name for name in names if name != "trend"] or names
    base = max(first, key=lambda name: alone[name])
    prior = PRIOR if base in ("sequence", "transitions") else 0.0
    weights = {name: 1.0 if name == base else prior * (name != "spectral") for name in names}
    now = pool.per_user(weights)
    for _ in range(CHANGES):
        tried = [{**weights, name: value} for name in names if name != base for value in WEIGHTS]
        values = [pool.per_user(one) for one in tried if one != weights]
        gains = [(value - now).mean() - ERRORS * _error(value - now) for value in values]
        if not gains or max(gains) <= 0:
            break
        best = int(np.argmax(gains))
        weights, now = [one for one in tried if one != weights][best], values[best]
    return weights


def _error(differences: np.ndarray) -> float:
    """Standard error of the mean."""
    return float(differences.std() / max(len(differences), 1) ** 0.5)
