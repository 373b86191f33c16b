"""Small configurations of every experiment, and data that is odd in one way each."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from tfrs_lab.data import Dataset, Split, split
from tfrs_lab.data.tables import movies_table
from tfrs_lab.models import registry
from tfrs_lab.models.hybrid.config import HybridConfig
from tfrs_lab.models.id_dropout.config import IdDropoutConfig
from tfrs_lab.models.multitask.config import JointConfig
from tfrs_lab.models.rating.config import RatingConfig
from tfrs_lab.models.retrieval.config import RetrievalConfig
from tfrs_lab.models.two_tower.config import PairConfig

NAMES = [name for name in registry.NAMES if name != "lightfm" or importlib.util.find_spec("lightfm")]
TRAINED = ("retrieval", "ranking", "cascade", "content", "iddropout", "hybrid")
"""They take seconds even on such data."""

DAY = 86_400


def small(pair: PairConfig) -> PairConfig:
    """The same towers and objective, hardly trained."""
    return replace(pair, dimension=4, epochs=1, batch_size=64)


def retrieval(*parts: str) -> RetrievalConfig:
    """These parts, hardly trained."""
    own = RetrievalConfig()
    joint = replace(JointConfig(), rating=RatingConfig(dimension=4))
    joint = replace(joint, retrieval=small(joint.retrieval), content=small(joint.content))
    pairs = {name: small(getattr(own, name)) for name in ("in_batch", "id", "history", "reconstruction")}
    sequence = replace(own.sequence, dimension=4, epochs=1)
    return replace(own, parts=parts, dimension=8, joint=joint, sequence=sequence, **pairs)


CONFIGS: dict[str, dict[str, Any]] = {
    "retrieval": vars(
        retrieval("in_batch", "id", "history", "reconstruction", "joint", "linear", "sequence", "transitions", "trend")
    ),
    "ranking": {"dimension": 4, "epochs": 1},
    "cascade": {"retrieval": retrieval("linear", "transitions", "trend")},
    "content": {"parts": ("kernel",)},
    "iddropout": {"pair": small(IdDropoutConfig().pair)},
    "hybrid": vars(HybridConfig(retrieval=retrieval("joint", "linear", "transitions", "trend"), simulations=1)),
}


def several(users: int, movies: int, each: int, seed: int = 0) -> list[tuple[int, int]]:
    """So many users with so many movies each, drawn."""
    rng = np.random.default_rng(seed)
    return [(user, int(movie)) for user in range(users) for movie in rng.choice(movies, each, replace=False)]


def table(pairs: list[tuple[int, int]], rating: str = "differ", time: str = "differ", first: int = 0) -> pl.DataFrame:
    """Ratings of users and movies; ``rating`` and ``time`` "differ", are "equal", or there are "none"."""
    rng, count = np.random.default_rng(len(pairs)), len(pairs)
    columns: dict[str, Any] = {
        "user_id": [f"u{first + user}" for user, _ in pairs],
        "movie_id": [f"m{movie}" for _, movie in pairs],
    }
    if rating != "none":
        ratings = np.full(count, 3) if rating == "equal" else rng.integers(1, 6, count)
        columns["user_rating"] = ratings.astype(np.float32)
    if time != "none":
        columns["timestamp"] = 1_400_000_000 + (
            np.zeros(count, np.int64) if time == "equal" else rng.permutation(count) * DAY
        )
    return pl.DataFrame(columns)


def dataset(ratings: pl.DataFrame) -> Dataset:
    """Without a movies or users file: ids alone are known."""
    movies = pl.DataFrame({"movie_id": ratings["movie_id"].unique().sort()})
    users = pl.DataFrame({"user_id": ratings["user_id"].unique().sort()})
    return Dataset("odd", ratings, movies_table(movies), users, "a test")


def _one_test_user(ratings: pl.DataFrame) -> Split:
    parts = split(dataset(ratings), "random")
    return Split(
        "files", parts.train, parts.validation, parts.test.filter(pl.col("user_id") == parts.test["user_id"][0])
    )


def _new_test_users(ratings: pl.DataFrame) -> Split:
    number = pl.col("user_id").str.slice(1).cast(pl.Int32)
    return Split(
        "files", ratings.filter(number < 28), ratings.filter(number.is_between(28, 31)), ratings.filter(number > 31)
    )


def _identical() -> pl.DataFrame:
    """All users have rated all but two of the movies, alike and at one time."""
    rng = np.random.default_rng(0)
    return table([(user, int(movie)) for user in range(30) for movie in rng.permutation(24)], "equal", "equal")


USUAL = several(40, 40, 24)
KINDS: dict[str, Any] = {
    "three users": lambda: table(several(3, 40, 24)),
    "one movie": lambda: table([(user, 0) for user in range(30)]),
    "everybody identical": _identical,
    "most users with one event": lambda: pl.concat([table(several(60, 40, 1)), table(USUAL, first=60)]),
    "ids only": lambda: table(USUAL, "none", "none"),
    "ratings all equal": lambda: table(USUAL, "equal"),
    "times all equal": lambda: table(USUAL, time="equal"),
    "a user who knows everything": lambda: pl.concat(
        [table([(0, movie) for movie in range(40)]), table(USUAL, first=1)]
    ),
}
SPLITS: dict[str, Any] = {
    "one test user": lambda: (table(USUAL), _one_test_user(table(USUAL))),
    "new test users": lambda: (table(USUAL), _new_test_users(table(USUAL))),
    "cold users": lambda: (table(USUAL), split(dataset(table(USUAL)), "cold-users")),
    "cold movies": lambda: (table(USUAL), split(dataset(table(USUAL)), "cold-items")),
}


def odd(kind: str) -> tuple[Dataset, Split]:
    """Data of a kind and its split; raises ``DataError`` where it cannot be split."""
    if kind in SPLITS:
        ratings, parts = SPLITS[kind]()
        return dataset(ratings), parts
    data = dataset(KINDS[kind]())
    return data, split(data)
