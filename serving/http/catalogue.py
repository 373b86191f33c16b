"""What people need to see beside the numbers of an export: titles, genres, years, and who has rated what.

An export may carry it as ``OUT/<version>/assets.extra/catalogue.json``:

    {"movies": [{"movie_id": "1", "movie_title": "Toy Story (1995)", "movie_genres": ["Comedy"], "release_year": 1995}],
     "users": {"42": [["1", 5.0], ["50", null]]}}

``users`` names every user that the model knows, each with their ratings in the order in which they were made (``null``
where a rating has no value), or it is empty where that is not to be published.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tfrs_lab.serving.liked import disliked_below

EXTRA, CATALOGUE_FILE = "assets.extra", "catalogue.json"

History = tuple[tuple[str, float | None], ...]


@dataclass(frozen=True)
class Movie:
    """A movie as people know it.

    Attributes:
        movie_id: Its id in the model.
        movie_title: Its title.
        movie_genres: Its genres, may be empty.
        release_year: The year, if known.
    """

    movie_id: str
    movie_title: str
    movie_genres: tuple[str, ...] = ()
    release_year: int | None = None


@dataclass(frozen=True)
class Catalogue:
    """The movies and users of one exported model.

    Attributes:
        movies: Movie id → movie.
        users: User id → (movie id, rating or None) in the order in which they rated; every user that the model knows,
            or nobody.
    """

    movies: Mapping[str, Movie] = field(default_factory=dict)
    users: Mapping[str, History] = field(default_factory=dict)

    @cached_property
    def disliked_below(self) -> float | None:
        """See ``serving.liked.disliked_below``; None where no ratings are published."""
        ratings = [rating for history in self.users.values() for _, rating in history if rating is not None]
        return disliked_below(min(ratings), max(ratings)) if ratings else None

    @cached_property
    def folded(self) -> tuple[tuple[str, Movie], ...]:
        """Titles in lower case with their movies, for searching."""
        return tuple((movie.movie_title.casefold(), movie) for movie in self.movies.values())

    def title(self, movie_id: str) -> str:
        """A movie's title, or its id where there is none."""
        movie = self.movies.get(movie_id)
        return movie.movie_title if movie else movie_id


def write_catalogue(directory: Path, catalogue: Catalogue) -> Path:
    """Writes ``catalogue.json``; it is whole or not there.

    Args:
        directory: The version's ``assets.extra``; made if it is not there.
        catalogue: What to write.

    Returns:
        The file.
    """
    content = {
        "movies": [
            {
                "movie_id": movie.movie_id,
                "movie_title": movie.movie_title,
                "movie_genres": list(movie.movie_genres),
                "release_year": movie.release_year,
            }
            for movie in catalogue.movies.values()
        ],
        "users": {user_id: [list(pair) for pair in history] for user_id, history in catalogue.users.items()},
    }
    file = directory / CATALOGUE_FILE
    directory.mkdir(parents=True, exist_ok=True)
    temporary = file.with_suffix(".tmp")
    temporary.write_text(json.dumps(content, ensure_ascii=False, allow_nan=False), encoding="utf-8")
    os.replace(temporary, file)
    return file


def read_catalogue(directory: Path) -> Catalogue | None:
    """Reads the catalogue of an export.

    Args:
        directory: The version's directory, the one that holds ``saved_model.pb``.

    Returns:
        The catalogue; None if the export has none.

    Raises:
        ValueError: The file is there and is not a catalogue.
    """
    file = directory / EXTRA / CATALOGUE_FILE
    if not file.is_file():
        return None
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        movies = [_movie(row) for row in content["movies"]]
        users = {user_id: _history(rows) for user_id, rows in content["users"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        expected = '{"movies": [{"movie_id", "movie_title", ...}], "users": {id: [[movie_id, rating], ...]}}'
        raise ValueError(f"{file}: expected {expected}, got {type(error).__name__}: {error}") from None
    return Catalogue({movie.movie_id: movie for movie in movies}, users)


def _movie(row: Mapping[str, Any]) -> Movie:
    year = row.get("release_year")
    return Movie(
        movie_id=str(row["movie_id"]),
        movie_title=str(row["movie_title"]),
        movie_genres=tuple(map(str, row.get("movie_genres") or ())),
        release_year=None if year is None else int(year),
    )


def _history(rows: list[list[Any]]) -> History:
    return tuple((str(movie_id), None if rating is None else float(rating)) for movie_id, rating in rows)
