"""An export, asked from a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from tfrs_lab.experiments.display.result_table import ResultTable, movies_table
from tfrs_lab.experiments.storage.recommender_source import Source, about_history, about_user


@dataclass(frozen=True, eq=False, repr=False)
class Exported:
    """A version of an export; what ``tl.open`` makes of one.

    Attributes:
        source: Answers.
        directory: The version's.
    """

    source: Source
    directory: Path

    @property
    def name(self) -> str:
        """The experiment's name."""
        return self.source.name

    def recommend(self, user: str | None = None, *, history: Sequence[str] | None = None, k: int = 10) -> ResultTable:
        """The best movies for a user, or for anyone who names some movies.

        Args:
            user: Id of a user.
            history: Instead, ids of movies, oldest first.
            k: How many.

        Raises:
            ValueError: Neither or both are given.
            DataError: A movie is not known.
        """
        if (user is None) == (history is None):
            raise ValueError(f"expected either user or history, got {'neither' if user is None else 'both'}")
        if history is not None:
            rated = [(movie, None) for movie in history]
            found = self.source.for_history(rated, k)
            return movies_table(found, self.name, note=about_history(self.source, rated, found.is_empty())[0])
        found = self.source.for_user(str(user), k)
        note = about_user(self.source, str(user), found.is_empty())[0]
        return movies_table(found, f"{self.name} recommends to user {user}", note=note)

    def __repr__(self) -> str:
        return f"<export of {self.name}: {len(self.source.movie_ids):,} movies, in {self.directory}>"

    def _repr_html_(self) -> str:
        return f"<code>{escape(repr(self))}</code>"
