"""Rows to hold out of train as a split holds out validation: a ranker learns from candidates like those to come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix

from tfrs_lab.data import Interactions
from tfrs_lab.data.splits.by_row import stratified_by_movie
from tfrs_lab.data.splits.by_time import last_of_each_user

Kind = Literal["moment", "latest", "drawn"]

_KINDS: dict[str, Kind] = {"temporal-global": "moment", "temporal-user": "latest", "leave-one-out": "latest"}
"""How the splits in time hold rows out; all others draw them."""


@dataclass(frozen=True)
class Holdout:
    """Holds out a share of the rows.

    Attributes:
        kind: "moment": the last rows of all; "latest": each user's latest rows; "drawn": a draw of each movie's rows.
        share: Fraction of the rows.
    """

    kind: Kind
    share: float

    @classmethod
    def like(cls, asks: str, train: pl.DataFrame, validation: pl.DataFrame) -> Holdout:
        """The way in which a split of the kind ``asks`` cut validation from train and validation together."""
        return cls(_KINDS.get(asks, "drawn"), len(validation) / (len(train) + len(validation)))

    def cut(self, rows: Interactions, seed: int) -> Held:
        """Holds rows out; ``seed`` is that of a draw.

        With "moment", the latest rows of users without any row after it are held out too: those who come back after a
        moment are few, and of users in the middle of a visit, who are many, much can be learned about both.
        """
        table = rows.to_ratings()
        if self.kind != "moment":
            draw = self.kind == "drawn"
            rng = np.random.default_rng(seed)
            mask = stratified_by_movie(table, self.share, rng) if draw else last_of_each_user(table, self.share)
            return Held(table.filter(~mask), table.filter(mask))
        order = np.argsort(table["timestamp"].to_numpy(), kind="stable")
        after = np.zeros(len(table), bool)
        after[order[round((1 - self.share) * len(table)) :]] = True
        returning = table.filter(after)["user_id"].unique()
        before = table.filter(~after)
        mask = last_of_each_user(before, self.share) & ~before["user_id"].is_in(returning.implode()).to_numpy()
        moment = before["timestamp"].max()
        held = pl.concat([before.filter(mask), table.filter(after)])
        return Held(before.filter(~mask), held, frozenset(returning), float(moment))  # type: ignore[arg-type]


@dataclass(frozen=True, eq=False)
class Held:
    """Ratings that stay known, and ratings to predict.

    Attributes:
        returning_users: Ids of users who ask at ``moment``; all others ask right after their latest known row.
        moment: Seconds since 1970.
    """

    known: pl.DataFrame
    held: pl.DataFrame
    returning_users: frozenset[str] = frozenset()
    moment: float = 0.0

    def truth(self, rows: Interactions, threshold: float | None) -> csr_matrix:
        """[users, movies] int32: 1 + the number in ``held`` of the row of a user and a movie, if it is relevant.

        ``rows`` are the known ones, encoded; users and movies that they lack are left out. ``threshold`` is the least
        rating of a relevant row, None for any.
        """
        user, movie = rows.users.encode(self.held["user_id"]), rows.movies.encode(self.held["movie_id"])
        there = (user >= 0) & (movie >= 0)
        if threshold is not None:
            there &= self.held["user_rating"].to_numpy() >= threshold
        number = np.flatnonzero(there).astype(np.int32) + 1
        return csr_matrix((number, (user[there], movie[there])), shape=(len(rows.users), len(rows.movies)))

    @property
    def ratings(self) -> np.ndarray:
        """[held rows] float32; 1 without ratings."""
        rated = "user_rating" in self.held.columns
        return self.held["user_rating"].to_numpy() if rated else np.ones(len(self.held), np.float32)
