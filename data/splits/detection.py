"""Tells from the rows themselves how a test part was cut that came as a file."""

from __future__ import annotations

import numpy as np
import polars as pl

from tfrs_lab.data.interactions import Vocabulary

_DESCRIPTIONS = {
    "temporal-user": "later than train for each user",
    "leave-one-out": "the last row of each user",
    "temporal-global": "later than train for all",
    "cold-users": "about other users than train",
    "cold-items": "about other movies than train",
    "mixed": "drawn at random, with movies that train does not have",
    "random": "drawn at random",
    "stratified": "drawn at random",
    "k-fold": "drawn at random",
}

_FEW = 0.05
"""Exceptions that do not change the picture: one user whose clock was wrong."""
_LATER = 0.95
_LEAST_ROWS = 20
"""Fewer held rows may be about movies without a train row by chance."""
_NEW_MOVIE = 5
"""A draw rarely takes all rows of a movie with this many: if they are all held out, they were meant to be."""


def described(kind: str) -> str:
    """How a split of this kind holds rows out, in words.

    >>> described("temporal-user"), described("files")
    ('later than train for each user', 'neither later than train nor a draw')
    """
    return _DESCRIPTIONS.get(kind, "neither later than train nor a draw")


def detect_split(known: pl.DataFrame, held: pl.DataFrame) -> str | None:
    """Tells how rows were held out.

    Args:
        known: What stayed: ``user_id``, ``movie_id`` and maybe ``timestamp``.
        held: What was held out, with the same columns, at least one row.

    Returns:
        A key of ``data.SPLITS``; None where the rows fit none, such as a part that is later for most users and earlier
        for others.
    """
    is_known = {name: held[name].is_in(known[name].unique().implode()) for name in ("user_id", "movie_id")}
    if _share(is_known["user_id"]) < _FEW:
        return "cold-users"
    if _share(is_known["movie_id"]) < _FEW and held.height >= _LEAST_ROWS:
        return "cold-items"
    one_each = held["user_id"].n_unique() >= (1 - _FEW / 5) * held.height
    later = _later(known, held)
    if later is not None:
        share, users = later
        everybody = held["user_id"].n_unique() >= (1 - _FEW) * known["user_id"].n_unique()
        if _after_all(known, held) and not (one_each and everybody and share >= _LATER):
            return "temporal-global"
        if share >= _LATER:
            return "leave-one-out" if one_each else "temporal-user"
        if abs(share - 0.5) > max(0.1, 1 / np.sqrt(users)):  # of a draw: 0.5, with a deviation below 0.5 / √users
            return None
    new = held.filter(~is_known["movie_id"]).group_by("movie_id").len().filter(pl.col("len") >= _NEW_MOVIE)
    return "mixed" if new["len"].sum() > _FEW * held.height else "random"


def _share(of: pl.Series) -> float:
    return float(of.mean() or 0.0)  # type: ignore[arg-type]


def _after_all(known: pl.DataFrame, held: pl.DataFrame) -> bool:
    """Whether a moment lies between the parts, but for a few rows."""
    times = np.concatenate([known["timestamp"].to_numpy(), held["timestamp"].to_numpy()])
    moment = np.partition(times, known.height)[known.height]  # the earliest of held, if it is later
    misplaced = (known["timestamp"] > moment).sum() + (held["timestamp"] < moment).sum()
    return bool(misplaced <= _FEW * min(known.height, held.height))


def _later(known: pl.DataFrame, held: pl.DataFrame) -> tuple[float, int] | None:
    """How often a user's held row is later than their known one: the mean over users, and how many users they are.

    Pairs with equal times do not count; None without times, or where no pair counts.
    """
    if "timestamp" not in known.columns or "timestamp" not in held.columns:
        return None
    users = Vocabulary.from_ids(held["user_id"].unique())
    user = np.concatenate([users.encode(known["user_id"]), users.encode(held["user_id"])])
    time = np.concatenate([known["timestamp"].to_numpy(), held["timestamp"].to_numpy()])
    is_held = np.repeat([False, True], [known.height, held.height])
    of_users = user >= 0
    frame = pl.DataFrame({"user": user[of_users], "time": time[of_users], "held": is_held[of_users]})
    counts = (
        frame.group_by("user", "time")
        .agg(held=pl.col("held").sum().cast(pl.Float64), known=(~pl.col("held")).sum().cast(pl.Float64))
        .sort("user", "time")
        .with_columns(before=(pl.col("known").cum_sum() - pl.col("known")).over("user"))
        .group_by("user")
        .agg(
            later=(pl.col("held") * pl.col("before")).sum(),
            pairs=pl.col("held").sum() * pl.col("known").sum() - (pl.col("held") * pl.col("known")).sum(),
        )
        .filter(pl.col("pairs") > 0)
    )
    if counts.is_empty():
        return None
    return float((counts["later"] / counts["pairs"]).mean()), counts.height  # type: ignore[arg-type]
