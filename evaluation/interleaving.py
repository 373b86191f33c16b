"""Which of two models people would choose, from one list that holds both their picks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from tfrs_lab.evaluation.bootstrap import confidence_intervals


def team_draft(
    first: Sequence[str], second: Sequence[str], k: int, random: np.random.Generator
) -> tuple[list[str], list[int]]:
    """One list of both: in each round a coin says who picks first, and each adds its best movie that is not there yet.

    Radlinski, Kurup and Joachims, "How does clickthrough data reflect retrieval quality?", CIKM 2008.

    Args:
        first: Ids of one model's best movies, best first.
        second: The other's.
        k: Length of the list.
        random: The coin.

    Returns:
        Up to k ids, and for each whose pick it was, 0 or 1.

    >>> team_draft(["a", "b"], ["a", "c"], 3, np.random.default_rng(0))
    (['a', 'b', 'c'], [1, 0, 1])
    """
    lists = (first, second)
    picked: list[str] = []
    teams: list[int] = []
    while len(picked) < k:
        before = len(picked)
        start = int(random.integers(2))
        for team in (start, 1 - start):
            pick = next((movie for movie in lists[team] if movie not in picked), None)
            if pick is not None and len(picked) < k:
                picked.append(pick)
                teams.append(team)
        if len(picked) == before:
            break
    return picked, teams


def credits_of(
    wanted: Sequence[str], first: Sequence[Sequence[str]], second: Sequence[Sequence[str]], *, k: int, seed: int = 0
) -> np.ndarray:
    """[events] int8: 1 where the movie of an event was the first model's pick, -1 the second's, 0 neither's.

    Args:
        wanted: The movie of each event.
        first: One model's list before each event.
        second: The other's.
        k: Length of the interleaved list.
        seed: Of the coins.
    """
    random = np.random.default_rng(seed)
    found = np.zeros(len(wanted), np.int8)
    for event, (movie, one, other) in enumerate(zip(wanted, first, second, strict=True)):
        picked, teams = team_draft(one, other, k, random)
        if movie in picked:
            found[event] = 1 - 2 * teams[picked.index(movie)]
    return found


def preference(users: Sequence[str], credit: np.ndarray, *, resamples: int = 2000) -> dict[str, Any]:
    """How much more often the first model's pick was wanted, with a bootstrap interval over users.

    Args:
        users: Of each event.
        credit: [events], of ``credits_of``.
        resamples: Of the bootstrap.

    Returns:
        ``first`` and ``second``, how many events each won; ``preference``, their difference over their sum, from -1 to
        1, NaN without any; its ``interval``.
    """
    table = pl.DataFrame({"user_id": list(users), "credit": credit.astype(np.float64)})
    sums = table.group_by("user_id", maintain_order=True).agg(
        pl.col("credit").sum(), pl.col("credit").abs().sum().alias("decided")
    )
    sums = sums.filter(pl.col("decided") > 0)
    won, lost = int((credit > 0).sum()), int((credit < 0).sum())
    if not len(sums):
        return {"first": 0, "second": 0, "preference": float("nan"), "interval": [float("nan"), float("nan")]}
    ends = confidence_intervals(sums.select("credit").to_numpy(), sums["decided"].to_numpy(), resamples=resamples)
    interval = [float(ends[0][0]), float(ends[0][1])]
    return {"first": won, "second": lost, "preference": (won - lost) / (won + lost), "interval": interval}
