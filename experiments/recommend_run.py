"""Asks a finished run, as ``experiments.recommend_export`` asks an export."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from experiments.recommend import StoredModel, favourites, recommend_for_history, recommend_for_user
from experiments.recommend_source import History


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

    def for_user(self, user_id: str, k: int) -> pl.DataFrame:
        """See ``Source``."""
        return recommend_for_user(self.model, user_id, k)

    def for_history(self, history: History, k: int) -> pl.DataFrame:
        """See ``Source``; ratings are not used."""
        return recommend_for_history(self.model, [movie_id for movie_id, _ in history], k)

    def rated(self, user_id: str) -> int:
        """See ``Source``."""
        return self.model.known.filter(pl.col("user_id") == user_id).height

    def favourites(self, user_id: str, k: int) -> list[str]:
        """See ``Source``."""
        return favourites(self.model, user_id, k).table["movie_title"].to_list()
