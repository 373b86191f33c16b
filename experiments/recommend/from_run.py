"""Asks a finished run, as ``tfrs_lab.experiments.recommend.from_export`` asks an export."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import polars as pl

from tfrs_lab.data import did_you_mean
from tfrs_lab.experiments.storage.recommender_source import History, Somebody
from tfrs_lab.experiments.storage.stored_model import (
    StoredModel,
    favourites,
    recommend_for_history,
    recommend_for_user,
)


@dataclass(frozen=True, eq=False)
class RunSource:
    """A run.

    Attributes:
        model: Its model.
        data: See ``Source``.
    """

    model: StoredModel
    data: str = "the run's train data"

    @property
    def name(self) -> str:
        """The experiment's name."""
        return self.model.name

    @property
    def movie_ids(self) -> Collection[str]:
        """See ``Source``."""
        return self.model.recommender.movies.ids

    def title(self, movie_id: str) -> str:
        """See ``Source``."""
        return self.model.titles.get(movie_id, movie_id)

    def for_user(self, user_id: str, k: int) -> pl.DataFrame:
        """See ``Source``."""
        return recommend_for_user(self.model, user_id, k)

    def for_history(self, history: History, k: int) -> pl.DataFrame:
        """See ``Source``; ratings are not used."""
        return recommend_for_history(self.model, [movie_id for movie_id, _ in history], k)

    def who(self, user_id: str, k: int) -> Somebody:
        """See ``Source``."""
        rated = self.model.known.filter(pl.col("user_id") == user_id).height
        if not rated:
            return Somebody(0, hint=did_you_mean(user_id, self.model.known["user_id"].unique(), 3))
        liked = favourites(self.model, user_id, k)
        return Somebody(rated, liked.table["movie_title"].to_list(), liked.word)
