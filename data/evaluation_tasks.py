"""What a fitted model is evaluated on: rows to predict, what is known by then, and which movies are ranked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from tfrs_lab.data.errors import DataError
from tfrs_lab.data.splits.labels import codes, places

if TYPE_CHECKING:
    from tfrs_lab.data.splits.kinds import Split

REVEALED = (0, 1, 3, 5, 10)
"""How many ratings of new users are known when recommendations for them are evaluated, by default."""


@dataclass(frozen=True, eq=False)
class EvaluationTask:
    """What a fitted model is evaluated on.

    Attributes:
        rows: What it is to predict.
        seen: What is known by then; movies of these rows are not recommended to their users again. The model may have
            been fitted on less: what it did not see of a user is the user's history.
        candidates: Ids of the movies that are ranked; None for all.
    """

    rows: pl.DataFrame
    seen: pl.DataFrame
    candidates: list[str] | None = None


def answerable(reveal_counts: tuple[int, ...], split: Split) -> tuple[int, ...]:
    """The counts of revealed ratings that leave half of the new users, in test and validation, something to predict.

    At least the smallest; all of them for any split but ``cold-users``, as the others reveal nothing.
    """
    if split.asks != "cold-users":
        return reveal_counts
    parts = [part for part in (split.validation, split.test) if len(part)]
    most = min(float(part["user_id"].value_counts()["count"].median() or 0) for part in parts)  # type: ignore[arg-type]
    return tuple(count for count in reveal_counts if count < most) or (min(reveal_counts),)


def evaluation_task(
    kind: str,
    fitted: pl.DataFrame,
    held: pl.DataFrame,
    *,
    reveal_counts: Sequence[int] = REVEALED,
    revealed: int | None = None,
) -> EvaluationTask:
    """What a model that was fitted on ``fitted`` is to predict of ``held``, the validation or test part of a split.

    - ``cold-items``: to rank the new movies among each other.
    - ``cold-users``: what users rate after their first max(reveal_counts) ratings, of which the first ``revealed`` are
      known (None: all of them). The rows to predict are the same however many that is; users with no more ratings than
      that are left out.
    - all others: to rank all movies for everyone with rows in that part.

    Raises:
        DataError: No user has more ratings than are revealed.
    """
    if kind == "cold-items":
        return EvaluationTask(held, fitted, held["movie_id"].unique().sort().to_list())
    if kind != "cold-users":
        return EvaluationTask(held, fitted)
    times = [held["timestamp"].to_numpy()] if "timestamp" in held.columns else []
    place = pl.Series(places(codes(held, "user_id"), *times)[0])
    most = max(reveal_counts)
    rows = held.filter(place >= most)
    if rows.is_empty():
        raise DataError(f"empty split: expected users with more than {most} ratings, the most that is revealed")
    tested = pl.col("user_id").is_in(rows["user_id"].unique().implode())
    first = held.filter(place < (most if revealed is None else revealed)).filter(tested)
    return EvaluationTask(rows, pl.concat([fitted, first]))
