"""What freshness is worth: events played in order of time to a model whose histories grow, and to one whose do not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from tfrs_lab.evaluation.bootstrap import confidence_intervals

SINCE = ((0, 0), (1, 2), (3, 5), (6, 10), (11, 20), (21, None))
"""Groups of events by how many of the same user's came before since training, both ends included."""


@dataclass(frozen=True)
class Request:
    """Who asks, just before an event.

    Attributes:
        user_id: Their id.
        known: Ids of the movies that the model was trained with, oldest first.
        since: Ids of those that came since, oldest first.
    """

    user_id: str
    known: tuple[str, ...]
    since: tuple[str, ...]


Answer = Callable[[Sequence[Request]], Sequence[Sequence[str]]]
"""From requests to the ids of the best movies that are neither known nor come since, best first."""


def requests(known: pl.DataFrame, events: pl.DataFrame) -> tuple[list[Request], pl.DataFrame]:
    """Who asks before each event, in order of time, and the events.

    An event whose movie its user has had before is none: nobody can predict it from a list that leaves it out.

    Args:
        known: Train rows: ``user_id``, ``movie_id``, and ``timestamp`` where there are times.
        events: Later rows with the same columns; rows of equal times keep their order.
    """
    timed = "timestamp" in events.columns
    ordered = events.sort("timestamp", maintain_order=True) if timed else events
    before = known.sort("timestamp", maintain_order=True) if "timestamp" in known.columns else known
    histories = {user: tuple(movies) for user, movies in before.group_by("user_id").agg(pl.col("movie_id")).iter_rows()}
    since: dict[str, tuple[str, ...]] = {}
    asked, places = [], []
    for place, (user, movie) in enumerate(ordered.select("user_id", "movie_id").iter_rows()):
        request = Request(user, histories.get(user, ()), since.get(user, ()))
        if movie in request.known or movie in request.since:
            continue
        asked.append(request)
        places.append(place)
        since[user] = (*request.since, movie)
    return asked, ordered[places]


def ask(
    asked: Sequence[Request], answers: Mapping[str, Answer], *, k: int = 10, block: int = 256
) -> dict[str, list[list[str]]]:
    """Asks each model before each event.

    Args:
        asked: As of `requests`.
        answers: Name of a model → how it answers; blocks of requests come in order of time.
        k: Length of the lists.
        block: So many requests are asked at a time.

    Returns:
        Name → its list before each event.
    """
    starts = range(0, len(asked), block)
    return {
        name: [list(found)[:k] for start in starts for found in answer(asked[start : start + block])]
        for name, answer in answers.items()
    }


def gains(asked: Sequence[Request], wanted: Sequence[str], lists: Mapping[str, Sequence[list[str]]]) -> pl.DataFrame:
    """What each list was worth.

    Args:
        asked: As of `requests`.
        wanted: The movie of each event.
        lists: Of `ask`.

    Returns:
        A row per event: ``user_id``, ``since`` (how many events of the user came before) and for each model
        ``<name>`` (nDCG@k of the one relevant movie: 1 / log2(rank + 1), 0 where it is not in the list).
    """
    columns: dict[str, Any] = {
        "user_id": [one.user_id for one in asked],
        "since": [len(one.since) for one in asked],
    }
    columns |= {name: list(map(_gain, found, wanted)) for name, found in lists.items()}
    return pl.DataFrame(columns, schema_overrides={"user_id": pl.String, "since": pl.Int32})


def _gain(found: list[str], movie: str) -> float:
    """1 / log2(rank + 1), rank from 1.

    >>> _gain(["a", "b", "c"], "c"), _gain(["a"], "b")
    (0.5, 0.0)
    """
    return float(1 / np.log2(found.index(movie) + 2)) if movie in found else 0.0


def summarise(played: pl.DataFrame, names: Sequence[str], *, against: str, resamples: int = 2000) -> dict[str, Any]:
    """Means by events since training, with bootstrap intervals over users.

    Args:
        played: As of `gains`.
        names: Of the models.
        against: The model that the others are compared with, event by event.
        resamples: Of the bootstrap.

    Returns:
        ``groups``: for all events and for each group that has some: ``since``, ``events``, ``users``, and by model
        ``ndcg``, ``hit_rate``, ``interval``, and for the others ``difference`` and its ``difference_interval``.
    """
    groups = [{"since": "all", **_group(played, names, against, resamples)}]
    for first, last in SINCE:
        rows = played.filter(pl.col("since") >= first, pl.lit(True) if last is None else pl.col("since") <= last)
        if len(rows):
            label = f"{first}+" if last is None else f"{first}" if first == last else f"{first}–{last}"
            groups.append({"since": label, **_group(rows, names, against, resamples)})
    return {"against": against, "groups": groups}


def _group(rows: pl.DataFrame, names: Sequence[str], against: str, resamples: int) -> dict[str, Any]:
    others = [name for name in names if name != against]
    sums = rows.group_by("user_id", maintain_order=True).agg(
        pl.len().alias("events"),
        *(pl.col(name).sum() for name in names),
        *((pl.col(name) - pl.col(against)).sum().alias(f"difference {name}") for name in others),
    )
    columns = [*names, *(f"difference {name}" for name in others)]
    ends = confidence_intervals(sums.select(columns).to_numpy(), sums["events"].to_numpy(), resamples=resamples)
    interval = {column: [float(low), float(high)] for column, (low, high) in zip(columns, ends, strict=True)}
    found: dict[str, Any] = {"events": len(rows), "users": len(sums)}
    for name in names:
        gains = rows[name]
        one = {"ndcg": gains.mean(), "hit_rate": (gains > 0).mean(), "interval": interval[name]}
        if name != against:
            one["difference"] = (gains - rows[against]).mean()
            one["difference_interval"] = interval[f"difference {name}"]
        found[name] = one
    return found
