"""Where recommendations come from: a finished run, or what ``recs export`` wrote of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import polars as pl

from data import DataError, did_you_mean
from experiments.id_lists import HOW, Rated
from experiments.quick_import import quick_import
from experiments.rundir import partial_path

History = Sequence[Rated]
"""Movie ids, each with its rating or None."""
GRAPH = "saved_model.pb"


@dataclass(frozen=True)
class Somebody:
    """A user, as far as the data tells.

    Attributes:
        rated: How many movies they have rated; None where nothing is told of users.
        liked: Titles of movies that they like best, as far as can be told.
        word: What these are: see ``experiments.recommend.Favourites``.
        hint: Of a user who is not there, who may have been meant, to end a message with.
    """

    rated: int | None
    liked: Sequence[str] = ()
    word: str = ""
    hint: str = ""


class Source(Protocol):
    """What can be asked for recommendations; answers are tables as of ``recommend_for_user``."""

    @property
    def name(self) -> str:
        """The model's name."""

    @property
    def data(self) -> str:
        """What users are looked up in, for messages."""

    @property
    def movie_ids(self) -> Collection[str]:
        """The movies that can be recommended; empty where they are not told."""

    def title(self, movie_id: str) -> str:
        """A movie's title, or its id where there is none."""

    def for_user(self, user_id: str, k: int) -> pl.DataFrame:
        """The k best movies that a user has not rated; what the model has for anybody if it does not know the user."""

    def for_history(self, history: History, k: int) -> pl.DataFrame:
        """The k best other movies for somebody with this history.

        Raises:
            DataError: A movie is unknown.
        """

    def who(self, user_id: str, k: int) -> Somebody:
        """A user, with k movies that they like best."""


def exported_version(path: Path) -> Path | None:
    """The directory of a version: ``path`` itself, or the newest in a directory of exports; None if it is neither."""
    if (path / GRAPH).is_file():
        return path
    found = [entry for entry in path.iterdir() if entry.name.isdigit()] if path.is_dir() else []
    found = [entry for entry in found if (entry / GRAPH).is_file()]
    return max(found, key=lambda entry: int(entry.name), default=None)


def open_source(path: Path) -> Source:
    """Loads a run or an export; only what that needs is imported, which for an export is most of the time.

    Raises:
        DataError: It is neither, or it can't be read.
    """
    version = exported_version(path)
    if version is not None:
        with quick_import():
            from experiments.recommend_export import ExportSource  # loads TensorFlow
        return ExportSource(version)
    check_place(path)
    if path.is_dir() and not any((path / name).exists() for name in ("config.json", "metrics.json")):
        runs = ", ".join(str(file.parent) for file in sorted(path.glob("*/metrics.json"))[:8])
        inside = f"; runs in it: {runs}" if runs else ""
        raise DataError(f"expected a run (config.json) or an export (1/saved_model.pb), got neither{inside}", file=path)
    from experiments.recommend import load_model
    from experiments.recommend_run import RunSource

    return RunSource(load_model(path))


def check_place(path: Path) -> None:
    """Refuses a file, and a path where nothing is, nor anything on its way to there.

    Raises:
        DataError: So it is.
    """
    if path.is_file():
        raise DataError("expected the directory of a run or an export, got a file; --ratings takes ratings", file=path)
    if not path.exists() and not partial_path(path).exists():
        raise DataError("expected a run or an export, got no such directory", file=path)


def rated_by(users: int) -> str:
    """The reason for a movie that nothing of the history is like.

    >>> rated_by(1), rated_by(20)
    ('rated by 1 user', 'rated by 20 users')
    """
    return f"rated by {users} user{'' if users == 1 else 's'}"


def unknown_movie(movie_id: str, titles: Mapping[str, str], where: str) -> DataError:
    """What to say of an id that is no movie's.

    Args:
        movie_id: What came.
        titles: Movie id → title.
        where: What does not know it.
    """
    wanted = movie_id.casefold()
    held = [f"{one} {title}" if title != one else one for one, title in titles.items() if wanted in title.casefold()]
    hint = f"; titles that hold it: {'; '.join(held[:5])}" if held else did_you_mean(movie_id, titles)
    return DataError(f"expected a movie id that {where} knows, got {movie_id!r}{hint} ({HOW})")
