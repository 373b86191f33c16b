"""What a fitted model is asked on a split: rows to predict, what is known by then, and which movies are ranked."""

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
"""How many ratings of new users are known when they are asked about, by default."""


@dataclass(frozen=True, eq=False)
class Question:
    """What a model that was fitted on some rows is asked.

    Attributes:
        rows: What it shall predict.
        seen: What is known by then; movies of these rows are not recommended to their users again. The model may have
            been fitted on less: what it did not see of a user is the user's history.
        candidates: Ids of the movies that are ranked; None for all.
    """

    rows: pl.DataFrame
    seen: pl.DataFrame
    candidates: list[str] | None = None


def answerable(revealed: tuple[int, ...], split: Split) -> tuple[int, ...]:
    """How many ratings of new users can be shown so that half of them, in test and validation, have more to predict.

    Args:
        revealed: What is wanted.
        split: Of any kind; all but ``cold-users`` reveal nothing.

    Returns:
        Those of ``revealed`` that leave enough, at least the smallest.
    """
    if split.asks != "cold-users":
        return revealed
    parts = [part for part in (split.validation, split.test) if len(part)]
    most = min(float(part["user_id"].value_counts()["count"].median() or 0) for part in parts)  # type: ignore[arg-type]
    return tuple(shown for shown in revealed if shown < most) or (min(revealed),)


def question(
    kind: str, fitted: pl.DataFrame, held: pl.DataFrame, *, revealed: Sequence[int] = REVEALED, shown: int | None = None
) -> Question:
    """What a model is asked about the validation or test part of a split.

    - ``cold-items``: to rank the new movies among each other.
    - ``cold-users``: what users rate after their first max(revealed) ratings, of which it is shown the first ``shown``.
      The rows to predict are the same however many are shown; users with no more ratings than that are left out.
    - all others: to rank all movies for everyone with rows in that part.

    Args:
        kind: Of the split.
        fitted: The rows that the model was fitted on.
        held: The validation or test part.
        revealed: cold-users: how many ratings are shown at a time.
        shown: One of these; None for the most.

    Raises:
        DataError: No user has more ratings than are revealed.
    """
    if kind == "cold-items":
        return Question(held, fitted, held["movie_id"].unique().sort().to_list())
    if kind != "cold-users":
        return Question(held, fitted)
    times = [held["timestamp"].to_numpy()] if "timestamp" in held.columns else []
    place = pl.Series(places(codes(held, "user_id"), *times)[0])
    rows = held.filter(place >= max(revealed))
    if rows.is_empty():
        raise DataError(
            f"empty split: expected users with more than {max(revealed)} ratings, the most that is revealed"
        )
    tested = pl.col("user_id").is_in(rows["user_id"].unique().implode())
    first = held.filter(place < (max(revealed) if shown is None else shown)).filter(tested)
    return Question(rows, pl.concat([fitted, first]))
