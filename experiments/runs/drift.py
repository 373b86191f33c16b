"""Compares a log of events with what an export was trained on, and the lists that it gives now with those of then."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from tfrs_lab.data import DataError
from tfrs_lab.data.sampling import drawn
from tfrs_lab.evaluation.drift import Drift, of_lengths, of_values, popularity
from tfrs_lab.evaluation.replay import Request
from tfrs_lab.experiments.runs.replay import AskedExport

SAMPLE = 1000
"""Users whose lists are compared, then and now."""


def drift_of(version: Path, known: pl.DataFrame, events: pl.DataFrame, *, k: int, seed: int = 0) -> list[Drift]:
    """Shares and distributions on the training data and on later events.

    Args:
        version: Directory of an export's version.
        known: ``user_id`` and ``movie_id`` of the rows that it was trained on, each user's oldest first.
        events: The later ones.
        k: Length of the lists.
        seed: Of the sample of users.

    Raises:
        DataError: There are no events.
    """
    if not len(events):
        raise DataError("expected events, got none")
    counts = known.group_by("movie_id").len("count").sort("movie_id")
    rank = dict(zip(counts["movie_id"], popularity(counts["count"].to_numpy()).tolist(), strict=True))
    then, now = _asked(known, events)
    users = events["user_id"].unique()
    new_users = 1 - users.is_in(known["user_id"].unique().implode()).to_numpy().mean()
    new_movies = 1 - events["movie_id"].is_in(counts["movie_id"].implode()).to_numpy().mean()
    found = [
        Drift("events of movies that training did not have", 0.0, float(new_movies)),
        Drift("users whom training did not have", 0.0, float(new_users)),
        of_lengths("movies that training had of a user", *([len(one.known) for one in asked] for asked in (then, now))),
        of_values(
            "popularity of the movies of events",
            [rank[movie] for movie in known["movie_id"]],
            [rank.get(movie, 0.0) for movie in events["movie_id"]],
        ),
    ]
    export = AskedExport(version, k)
    lists = [export.recommended(_sample(asked, seed)) for asked in (then, now)]
    shown = [[movie for row in movies for movie in row] for movies, _ in lists]
    coverage = [len(set(movies)) / max(len(counts), 1) for movies in shown]
    return [
        *found,
        of_values("best score of a list", *([row[0] for row in scores if len(row)] for _, scores in lists)),
        of_values("popularity of what is shown", *([rank.get(movie, 0.0) for movie in movies] for movies in shown)),
        Drift(f"share of the catalogue shown to {SAMPLE:,} users at most", *coverage),
    ]


def _asked(known: pl.DataFrame, events: pl.DataFrame) -> tuple[list[Request], list[Request]]:
    """Users as training left them, and those of the events with what came since."""
    before = _histories(known)
    since = _histories(events)
    then = [Request(user, movies, ()) for user, movies in before.items()]
    now = [
        Request(user, had := before.get(user, ()), tuple(movie for movie in dict.fromkeys(movies) if movie not in had))
        for user, movies in since.items()
    ]
    return then, now


def _histories(rows: pl.DataFrame) -> dict[str, tuple[str, ...]]:
    ordered = rows.sort("timestamp", maintain_order=True) if "timestamp" in rows.columns else rows
    grouped = ordered.group_by("user_id", maintain_order=True).agg(pl.col("movie_id"))
    return {user: tuple(movies) for user, movies in grouped.iter_rows()}


def _sample(asked: Sequence[Request], seed: int) -> list[Request]:
    return [asked[place] for place in drawn(len(asked), SAMPLE, seed)]
