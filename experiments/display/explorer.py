"""Looks at what a model recommends and holds alike, with titles, from a notebook."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import polars as pl

from tfrs_lab.data import DataError, did_you_mean
from tfrs_lab.evaluation.topk import top_k
from tfrs_lab.experiments.display.display import held_out_label
from tfrs_lab.experiments.display.result_table import ResultTable, movies_table
from tfrs_lab.experiments.storage.stored_model import (
    StoredModel,
    favourites,
    recommend_for_history,
    recommend_for_user,
)

YEAR = re.compile(r" \(\d{4}\)$")


@dataclass(frozen=True, eq=False)
class Explorer:
    """A model with the titles of its movies and what its users have rated; made by ``tl.explore``.

    Attributes:
        model: The model, and the tables that belong to it.
    """

    model: StoredModel

    def __repr__(self) -> str:
        recommender = self.model.recommender
        counts = f"{len(recommender.users):,} users, {len(recommender.movies):,} movies"
        return f"<Explorer of {self.model.name}: {counts}>"

    def _repr_html_(self) -> str:
        return f"<code>{escape(repr(self))}</code>"

    def similar(self, movie: str, k: int = 10) -> ResultTable:
        """The movies that the model holds most alike.

        Args:
            movie: Its id, its title, or a part that no other title has.
            k: How many.

        Returns:
            A table; ``frame`` has ``rank``, ``movie_id``, ``movie_title``, ``similarity``.

        Raises:
            DataError: No movie, or more than one, is meant.
            ValueError: The model does not tell which movies are alike.
        """
        if not hasattr(self.model.recommender, "similarity"):
            raise ValueError("expected a model with `similarity`, got one without: see evaluation.Recommender")
        movie_id = self.movie_id(movie)
        recommender = self.model.recommender
        own = recommender.movies.encode([movie_id])
        alike = np.array(recommender.similarity(own), dtype=np.float32)
        alike[0, own] = -np.inf
        chosen, values = (array[0][:k] for array in top_k(alike, k))
        found = chosen >= 0
        ids = recommender.movies.decode(chosen[found])
        columns = {"rank": np.arange(1, found.sum() + 1), "movie_id": ids}
        frame = pl.DataFrame({**columns, "movie_title": self._titles(ids), "similarity": values[found]})
        return movies_table(frame, f"{self.model.name}: most like {self._titles([movie_id])[0]}")

    def recommend(
        self, user: str | Sequence[str] | None = None, *, history: Sequence[str] | None = None, k: int = 10
    ) -> ResultTable:
        """The best movies for a user, without those already rated, or for anyone who names some movies.

        Args:
            user: Id of a user; one who is not known gets what is popular, which the table says. Or several ids.
            history: Instead, movies by id, title or part of the title, oldest first.
            k: How many.

        Returns:
            A table; ``frame`` has ``rank``, ``movie_id``, ``movie_title``, ``score``, ``why`` and, of a user,
            ``held_out``: whether the movie is among the user's test ratings; of several users, first ``user_id``.

        Raises:
            ValueError: Neither or both are given, or no id.
            DataError: A movie is not found.
        """
        if (user is None) == (history is None):
            raise ValueError(f"expected either user or history, got {'neither' if user is None else 'both'}")
        if history is not None:
            ids = [self.movie_id(movie) for movie in ([history] if isinstance(history, str) else history)]
            found = recommend_for_history(self.model, [(movie_id, None) for movie_id in ids], k)
            return movies_table(found, f"{self.model.name} recommends after {', '.join(self._titles(ids))}")
        label = held_out_label(self.model.split)
        if isinstance(user, (list, tuple, np.ndarray, pl.Series)) and len(user):
            ids = [_one_id(one) for one in user]
            parts = [self._of_user(one, k).insert_column(0, pl.lit(one).alias("user_id")) for one in ids]
            notes = [note for one, part in zip(ids, parts, strict=True) if (note := self._note(one, part))]
            title = f"{self.model.name} recommends to {len(ids)} users"
            return movies_table(pl.concat(parts), title, held_out=label, note="; ".join(notes))
        user_id = _one_id(user)
        found = self._of_user(user_id, k)
        title = f"{self.model.name} recommends to user {user_id}"
        return movies_table(found, title, held_out=label, note=self._note(user_id, found))

    def _of_user(self, user_id: str, k: int) -> pl.DataFrame:
        """What is recommended, with ``held_out``."""
        found = recommend_for_user(self.model, user_id, k)
        held = self.model.test.filter(pl.col("user_id") == user_id)["movie_id"]
        return found.with_columns(pl.col("movie_id").is_in(held.implode()).alias("held_out"))

    def _note(self, user_id: str, found: pl.DataFrame) -> str:
        """What has to be said of a user's table."""
        users = self.model.known["user_id"].unique()
        if user_id not in users:
            return f"user {user_id} is not known: what is popular{did_you_mean(user_id, users, 3)}"
        return f"user {user_id} has rated all movies that the model knows" if found.is_empty() else ""

    def favourites(self, user: str, k: int = 10) -> ResultTable:
        """What a user rated highest of what the model knew; of equal ratings, and without ratings, the latest."""
        found = favourites(self.model, _one_id(user), k)
        return movies_table(found.table, found.heading(user))

    def find(self, text: str) -> ResultTable:
        """All movies whose titles hold the text."""
        title = pl.col("movie_title")
        table = self.model.movies.filter(title.str.to_lowercase().str.contains(text.lower(), literal=True))
        columns = [name for name in ("movie_id", "movie_title", "movie_genres") if name in table.columns]
        return movies_table(table.select(columns).sort("movie_title"), f"titles with “{text}”")

    def movie_id(self, movie: str) -> str:
        """The id of the movie that is meant.

        Args:
            movie: Its id, its title with or without the year, or a part of the title; case does not matter.

        Raises:
            DataError: No movie of the model, or more than one, fits.
        """
        ids = self.model.recommender.movies.ids
        if movie in set(ids):
            return movie
        titles = {one: self.model.titles.get(one, one) for one in ids}
        wanted = movie.casefold()
        whole = [one for one, title in titles.items() if wanted in (title.casefold(), YEAR.sub("", title).casefold())]
        found = whole or [one for one, title in titles.items() if wanted in title.casefold()]
        if len(found) == 1:
            return found[0]
        if found:
            named = "; ".join(f"{one} {titles[one]}" for one in found[:8])
            raise DataError(f"expected one movie, got {movie!r}, which fits {len(found)}: {named}")
        hint = did_you_mean(movie, titles.values(), 3)
        raise DataError(f"expected an id or part of a title of the model's movies, got {movie!r}{hint}")

    def _titles(self, movie_ids: Sequence[str] | pl.Series) -> list[str]:
        return [self.model.titles.get(movie_id, movie_id) for movie_id in movie_ids]


def _one_id(user: object) -> str:
    """A user's id, which may be a number."""
    if isinstance(user, (str, int, np.integer)) and not isinstance(user, bool):
        return str(user)
    raise ValueError(f"expected the id of a user, got {user!r}")
