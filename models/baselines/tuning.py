"""Chooses the open hyperparameters of a baseline on validation: one number at a time, coarse to fine.

Bounded by effort as estimated from sizes, not by a clock, so that the same rows give the same choice on every machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import inf, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from tfrs_lab.data.interactions import Interactions
from tfrs_lab.evaluation.monitor import Monitor
from tfrs_lab.models.baselines.base import FittedBaseline

if TYPE_CHECKING:
    from tfrs_lab.models.baselines import Baseline
    from tfrs_lab.models.baselines.base import Range
    from tfrs_lab.models.baselines.content import MovieTable

Values = dict[str, Any]

BUDGET = 20.0
"""Limit of a search, in estimated seconds on two cores."""
SCORED_USERS = 2000
"""Maximum number of validation users that settings are scored on, the same ones each time."""
FEW_USERS = 30
"""With fewer validation users than this, only what is clearly better takes the place of the defaults."""
CLEARLY = 1.0
"""In standard errors of the mean difference, user by user. With more users the best on validation does as well on
test rows as what is clearly better, or better, and better than the defaults (docs/tuning.md)."""
LEAST_TRIED = 4
"""Number of settings besides the defaults that are tried, however long a fit takes."""
_SECONDS_PER_SCORE = 1.5e-8


@dataclass(frozen=True)
class Choice:
    """What a search came to.

    Attributes:
        values: The chosen numbers by name.
        tried: Every setting that was scored, in order: its numbers, and its ``ndcg@10`` on validation.
        model: The baseline fitted with the chosen numbers.
        note: What else there is to say of it; empty for nothing.
    """

    values: Values
    tried: list[Values]
    model: FittedBaseline
    note: str = ""


def tune(
    baseline: Baseline,
    interactions: Interactions,
    config: Any,
    monitor: Monitor,
    *,
    seed: int = 0,
    table: MovieTable | None = None,
    budget: float = BUDGET,
) -> Choice:
    """Chooses the numbers that the configuration leaves open, keeps those it gives, and fits the baseline with them."""
    rows = _most_rated(interactions, baseline.tuned_on)
    shared = baseline.prepare(rows) if baseline.prepare is not None else None
    monitor = replace(monitor, max_users=min(monitor.max_users, SCORED_USERS))
    scoring = _SECONDS_PER_SCORE * len(rows.movies) * min(monitor.max_users, len(rows.users))

    def fit(values: Values) -> FittedBaseline:
        return baseline.fit(rows, replace(config, **values), seed=seed, table=table, shared=shared)

    def effort(values: Values) -> float:
        return baseline.effort(rows, replace(config, **values)) + scoring

    search = _Search(baseline.open(config), fit, monitor.per_user, effort, budget)
    search.run()
    values, note = search.settled()
    if rows is interactions and values == search.values:
        return Choice(values, search.tried, search.model, note)
    model = baseline.fit(interactions, replace(config, **values), seed=seed, table=table)
    return Choice(values, search.tried, model, note)


Place = tuple[int, ...]
"""Of each number, how many steps from its default."""


class _Search:
    """Settings scored so far, and the best of them; begins with the defaults."""

    def __init__(
        self,
        ranges: Mapping[str, Range[Any]],
        fit: Callable[[Values], FittedBaseline],
        score: Callable[[FittedBaseline], np.ndarray],
        effort: Callable[[Values], float],
        budget: float,
    ) -> None:
        self.ranges, self.fit, self.score, self.effort = ranges, fit, score, effort
        self.start = self.best = (0,) * len(ranges)
        self.scored: dict[Place, np.ndarray] = {}
        self.budget = max(budget, (1 + LEAST_TRIED) * effort(self.values))
        self.improves(self.best)

    @property
    def values(self) -> Values:
        """The best numbers so far."""
        return self._values(self.best)

    def run(self) -> None:
        """Moves one number after the other by its coarsest step while that helps, then by finer ones."""
        level = [0] * len(self.ranges)
        steps = [found.steps for found in self.ranges.values()]
        while any(level[axis] < len(steps[axis]) for axis in range(len(steps))):
            for axis, own in enumerate(steps):
                if level[axis] < len(own) and not self._moves(axis, own[level[axis]]):
                    level[axis] += 1
            if all(np.array_equal(found, self.scored[self.start]) for found in self.scored.values()):
                return  # validation cannot tell settings apart, as with new movies

    def _moves(self, axis: int, step: int) -> bool:
        """Whether a step along one axis is an improvement; goes on in that direction while it is."""
        for signed in (step, -step):
            before = self.best
            while self.improves(_moved(self.best, axis, signed)):
                pass
            if self.best != before:
                return True
        return False

    def improves(self, place: Place) -> bool:
        """Scores a setting if it is new, within range and budget; whether it is the best now."""
        values = self._values(place)
        if place in self.scored or None in values.values():
            return False
        effort = self.effort(values)
        if effort > self.budget:
            return False
        self.budget -= effort
        model = self.fit(values)
        self.scored[place] = self.score(model)
        better = place == self.best or bool(self.scored[place].mean() > self.scored[self.best].mean())
        if better:
            self.best, self.model = place, model
        return better

    def settled(self) -> tuple[Values, str]:
        """The numbers to take, and what is to be said of them."""
        gain = self.scored[self.best] - self.scored[self.start]
        error = gain.std(ddof=1) / sqrt(len(gain)) if len(gain) > 1 else inf
        if self.best == self.start or len(gain) >= FEW_USERS or gain.mean() > CLEARLY * error:
            return self.values, ""
        return self._values(self.start), f"the defaults, since {len(gain)} users tell too little"

    @property
    def tried(self) -> list[Values]:
        """Numbers and mean nDCG@10 of every setting that was scored, in order."""
        return [{**self._values(place), "ndcg@10": float(found.mean())} for place, found in self.scored.items()]

    def _values(self, place: Place) -> Values:
        return {name: found.at(steps) for (name, found), steps in zip(self.ranges.items(), place, strict=True)}


def _moved(place: Place, axis: int, step: int) -> Place:
    return (*place[:axis], place[axis] + step, *place[axis + 1 :])


def _most_rated(interactions: Interactions, movies: int | None) -> Interactions:
    """The rows of this many movies, those with most; all rows where there are no more movies, or for None."""
    if movies is None or len(interactions.movies) <= movies:
        return interactions
    taken = np.zeros(len(interactions.movies), dtype=bool)
    taken[np.argsort(-interactions.movie_counts, kind="stable")[:movies]] = True
    return interactions.take(np.flatnonzero(taken[interactions.movie]))
