"""Asks an export: the same answers as of its run, from the SavedModel and what lies beside it."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path

import polars as pl

from tfrs_lab.data import DataError, did_you_mean
from tfrs_lab.experiments.storage.recommender_source import History, UserSummary, rated_by, unknown_movie
from tfrs_lab.serving.http import tensorflow
from tfrs_lab.serving.http.api.question import Question
from tfrs_lab.serving.http.api.recommend import Found, recommend
from tfrs_lab.serving.http.catalogue import Catalogue
from tfrs_lab.serving.http.errors import ApiError
from tfrs_lab.serving.http.servable import Servable
from tfrs_lab.serving.http.settings import ServerSettings

LIKED = 5.0
"""The rating of a movie that is named without one, as over HTTP."""
NO_LIMITS = ServerSettings(max_k=2**31 - 1)
"""Limits are there for servers."""


class ExportSource:
    """A version of an export; see ``tfrs_lab.experiments.storage.recommender_source.Source``.

    Raises:
        DataError: It can't be loaded.
        ImportError: It needs ScaNN, which is not installed.
    """

    data = "the export's data"

    def __init__(self, version: Path) -> None:
        self.name = _name(version)
        try:
            self._servable = Servable(self.name, 0, version, NO_LIMITS, warm=False)
        except (ValueError, OSError, tensorflow.ERRORS) as error:
            raise DataError(f"expected a SavedModel of recs export, got: {error}", file=version) from None

    @property
    def catalogue(self) -> Catalogue:
        """Titles and histories."""
        return self._servable.catalogue or Catalogue()

    @property
    def movie_ids(self) -> Collection[str]:
        """See ``Source``."""
        return self.catalogue.movies

    def title(self, movie_id: str) -> str:
        """See ``Source``."""
        return self.catalogue.title(movie_id)

    def for_user(self, user_id: str, k: int) -> pl.DataFrame:
        """See ``Source``."""
        return self._ask(Question(user_id, k=k, strangers=True))

    def for_history(self, history: History, k: int) -> pl.DataFrame:
        """See ``Source``."""
        movies = self.catalogue.movies
        for movie_id, _ in history:
            if movies and movie_id not in movies:
                titles = {one.movie_id: one.movie_title for one in movies.values()}
                raise unknown_movie(movie_id, titles, "the export")
        rated = tuple((movie_id, LIKED if rating is None else rating) for movie_id, rating in history)
        return self._ask(Question(None, history=rated, k=k))

    def who(self, user_id: str, k: int) -> UserSummary:
        """See ``Source``; an export has ratings in the order in which they were made, but no times."""
        users = self.catalogue.users
        history = users.get(user_id, ())
        if not history:
            return UserSummary(0 if users else None, hint=did_you_mean(user_id, users, 3))
        latest = reversed(history)
        best = sorted(latest, key=lambda pair: pair[1] or 0.0, reverse=True)
        liked = [self.title(movie_id) for movie_id, _ in best[:k]]
        differ = len({rating for _, rating in history}) > 1
        return UserSummary(len(history), liked, "highest" if differ else "in the history")

    def _ask(self, question: Question) -> pl.DataFrame:
        try:
            with ThreadPoolExecutor(1) as other:  # a notebook's own thread runs a loop already
                found = other.submit(asyncio.run, recommend(self._servable, question)).result()
        except ApiError as error:
            raise DataError(error.message) from None
        return pl.DataFrame(
            [(rank, one.movie_id, one.movie_title, one.score, self._why(one)) for rank, one in enumerate(found, 1)],
            schema={
                "rank": pl.Int32,
                "movie_id": pl.String,
                "movie_title": pl.String,
                "score": pl.Float32,
                "why": pl.String,
            },
            orient="row",
        )

    def _why(self, found: Found) -> str:
        if found.why:
            return "like " + ", ".join(self.catalogue.title(movie_id) for movie_id, _ in found.why)
        return rated_by(self._raters[found.movie_id]) if self.catalogue.users else ""

    @cached_property
    def _raters(self) -> Counter[str]:
        """Movie id → how many have rated it."""
        return Counter(movie_id for history in self.catalogue.users.values() for movie_id, _ in history)


def _name(version: Path) -> str:
    """The experiment that the export is of, or the name of its directory."""
    try:
        config = json.loads((version / "assets.extra" / "config.json").read_text(encoding="utf-8"))
        return str(config["experiment"])
    except (OSError, ValueError, KeyError, TypeError):
        return version.resolve().parent.name
