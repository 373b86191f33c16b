"""Finds the fastest setting of an index that finds enough."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from tfrs_lab.serving.backend import HAS_SCANN
from tfrs_lab.serving.index import LEAST_SCANN, ExactIndex, IndexSetting, ScannIndex
from tfrs_lab.serving.measure import Search, recall

REORDERS = (1, 2, 5, 15)
"""So many times k candidates are scored exactly, and at least so many times 20."""
SHARES = (0.01, 0.02, 0.04, 0.07, 0.12, 0.2, 0.35, 0.6, 1.0)
"""Of the leaves are searched."""
FINALLY = 0.3
"""Seconds of timing for settings that may be chosen."""
REFINED = 2
"""Steps of bisection between a number of leaves that is too small and one that suffices."""
HOPELESS = 0.3
"""A setting so many times as fast as the best one is not worth searching more leaves with."""


@dataclass(frozen=True)
class Trial:
    """A setting with what it reached.

    Attributes:
        setting: The setting.
        recall: Of brute force's k best, the share found.
        speed: Queries per second, in requests of ``measure.BATCH``.
    """

    setting: IndexSetting
    recall: float
    speed: float

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"setting": asdict(self.setting), "recall": self.recall, "queries_per_second": self.speed}


@dataclass(frozen=True)
class Tuned:
    """What tuning found.

    Attributes:
        k: Length of the lists.
        target: The recall that was asked for.
        chosen: The fastest trial that reaches it, with its recall on queries that took no part in tuning.
        exact: Brute force.
        trials: All trials of ScaNN, with recall on the tuning queries.
    """

    k: int
    target: float
    chosen: Trial
    exact: Trial
    trials: list[Trial]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "k": self.k,
            "target_recall": self.target,
            "chosen": self.chosen.as_dict(),
            "brute_force": self.exact.as_dict(),
            "curve": [trial.as_dict() for trial in self.trials],
        }


@dataclass(frozen=True)
class Asked:
    """Queries with what brute force answers.

    Attributes:
        queries: [queries, dim] float32.
        true: [queries, k] int32 rows.
    """

    queries: np.ndarray
    true: np.ndarray

    def measure(self, search: Search, setting: IndexSetting, seconds: float = 0.0) -> Trial:
        """Recall and speed of a setting, timed at least so long."""
        k = self.true.shape[1]
        found = recall(search.rows(self.queries, k, setting), self.true)
        return Trial(setting, found, search.speed(self.queries, k, setting, seconds))


def builds(movies: int, dim: int, seed: int) -> Iterator[IndexSetting]:
    """Settings that need an index of their own: leaves, dimensions per block, threshold. Fewer for many movies."""
    root = math.sqrt(movies)
    factors = (1.0, 2.0) if movies <= 20_000 else (2.0, 4.0) if movies <= 500_000 else (2.0,)
    codes = ((2, 0.2), (2, None), (1, 0.2)) if movies <= 500_000 else ((2, 0.2),)
    for factor in factors:
        leaves = max(1, round(root * factor))
        for block, threshold in codes:
            yield IndexSetting("scann", leaves, leaves, min(block, dim), threshold, seed=seed)


def tune(
    candidates: np.ndarray,
    queries: np.ndarray,
    *,
    k: int,
    target: float,
    seed: int = 0,
    only_scann: bool = False,
    report: Callable[[str], object] = lambda line: None,
) -> Tuned:
    """The fastest setting whose recall@k against brute force reaches the target; brute force where that is faster.

    Settings are tried on one half of the queries. The fastest is confirmed on the other half: where it misses the
    target there, the next one is taken.

    Args:
        candidates: [movies, dim] float32.
        queries: [queries, dim] float32, at least 2; they have no part in how an index is built.
        k: Length of the lists.
        target: Recall in (0, 1].
        seed: Of ScaNN's clustering.
        only_scann: Choose ScaNN even where brute force is faster.
        report: Is told what is going on.

    Raises:
        ValueError: There are too few queries, or only ScaNN will do and does not reach the target.
    """
    if len(queries) < 2 or not 0 < target <= 1:
        raise ValueError(f"expected at least 2 queries and a target in (0, 1], got {len(queries)} and {target}")
    rows = np.arange(len(candidates), dtype=np.int32)
    brute = Search(ExactIndex(candidates, rows))
    trying, held_out = (Asked(half, brute.rows(half, k)) for half in (queries[::2], queries[1::2]))
    exact = held_out.measure(brute, IndexSetting(), FINALLY)
    report(f"brute force: {exact.speed:,.0f} queries/s")
    chosen, trials = None if only_scann else exact, []
    if HAS_SCANN and len(candidates) >= LEAST_SCANN:
        for build in builds(len(candidates), candidates.shape[1], seed):
            search = Search(ScannIndex(candidates, rows, build))
            own = list(_trials(search, trying, target, 0.0 if chosen is None else chosen.speed))
            chosen = _confirmed(own, search, held_out, target, chosen)
            trials += own
            report(_line(build, own, target))
    if chosen is None:
        best = max((trial.recall for trial in trials), default=math.nan)
        raise ValueError(f"expected ScaNN to reach a recall@{k} of {target}, got at most {best:.4f}: use brute force")
    return Tuned(k, target, chosen, exact, trials)


def _trials(search: Search, asked: Asked, target: float, best: float) -> Iterator[Trial]:
    """For each number of exactly scored candidates more and more leaves until they suffice, then a few less.

    Args:
        search: An index.
        asked: Queries to try it on.
        target: What recall suffices.
        best: The speed of the best setting so far; what is much slower is given up.
    """
    index, k = search.index, asked.true.shape[1]
    setting: IndexSetting = index.setting
    for reorder in sorted({min(factor * max(k, 20), index.size) for factor in REORDERS}):

        def measure(leaves: int, reorder: int = reorder) -> Trial:
            return asked.measure(search, replace(setting, leaves_to_search=leaves, reorder=reorder))

        too_few = 0
        for leaves in sorted({max(1, round(setting.leaves * share)) for share in SHARES}):
            trial = measure(leaves)
            yield trial
            if trial.recall >= target:
                best = max(best, trial.speed)
                yield from _fewer(measure, too_few, leaves, target)
                break
            if trial.speed < HOPELESS * best:
                break
            too_few = leaves


def _fewer(measure: Callable[[int], Trial], too_few: int, enough: int, target: float) -> Iterator[Trial]:
    """Narrows down how many leaves suffice."""
    for _ in range(REFINED):
        leaves = (too_few + enough) // 2
        if leaves in (too_few, enough):
            return
        trial = measure(leaves)
        yield trial
        too_few, enough = (too_few, leaves) if trial.recall >= target else (leaves, enough)


def _confirmed(
    trials: list[Trial], search: Search, held_out: Asked, target: float, so_far: Trial | None
) -> Trial | None:
    """The fastest of the trials that also suffices on other queries, if it is faster than what there is so far."""
    for trial in sorted(trials, key=lambda one: -one.speed):
        if so_far is not None and trial.speed <= so_far.speed:
            break
        if trial.recall >= target:
            again = held_out.measure(search, trial.setting, FINALLY)
            if again.recall >= target and (so_far is None or again.speed > so_far.speed):
                return again
    return so_far


def _line(build: IndexSetting, trials: list[Trial], target: float) -> str:
    """What an index reached, in words."""
    enough = [trial for trial in trials if trial.recall >= target]
    made = (
        f"ScaNN, {build.leaves} leaves, {build.dimensions_per_block} dimensions per block, threshold {build.threshold}"
    )
    if not enough:
        return f"{made}: recall at most {max(trial.recall for trial in trials):.4f}"
    best = max(enough, key=lambda trial: trial.speed)
    searched = f"{best.setting.leaves_to_search} searched, {best.setting.reorder} scored exactly"
    return f"{made}: {best.speed:,.0f} queries/s at recall {best.recall:.4f} ({searched})"
