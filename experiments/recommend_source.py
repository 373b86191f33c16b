"""Where recommendations come from: a finished run, or what ``recs export`` wrote of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import polars as pl

from data import DataError
from experiments.quick_import import quick_import

History = Sequence[tuple[str, float | None]]
"""Movie ids, each with its rating or None."""
GRAPH = "saved_model.pb"


class Source(Protocol):
    """What can be asked for recommendations; answers are tables as of ``recommend_for_user``."""

    @property
    def name(self) -> str:
        """The model's name."""

    @property
    def data(self) -> str:
        """What users are looked up in, for messages."""

    def for_user(self, user_id: str, k: int) -> pl.DataFrame:
        """The k best movies that a user has not rated; what the model has for anybody if it does not know the user."""

    def for_history(self, history: History, k: int) -> pl.DataFrame:
        """The k best other movies for somebody with this history.

        Raises:
            DataError: A movie is unknown.
        """

    def rated(self, user_id: str) -> int | None:
        """How many movies the user has rated; None where nothing is told of users."""

    def favourites(self, user_id: str, k: int) -> list[str]:
        """Titles of the movies that the user rated highest, of equal ratings the latest."""


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
    if path.is_dir() and not any((path / name).exists() for name in ("config.json", "metrics.json")):
        raise DataError("expected a run (config.json) or an export (1/saved_model.pb), got neither", file=path)
    from experiments.recommend import load_model
    from experiments.recommend_run import RunSource

    return RunSource(load_model(path))


def near(titles: Mapping[str, str], text: str) -> str:
    """A hint at movies whose title holds the text."""
    found = [f"{movie_id} {title}" for movie_id, title in titles.items() if text.casefold() in title.casefold()]
    return f"; titles that hold it: {'; '.join(found[:5])}" if found else ""
