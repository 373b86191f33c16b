"""``recs recommend RUN``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import tyro
from rich import box
from rich.table import Table

from data import DataError
from experiments.display import console
from experiments.recommend import (
    StoredModel,
    favourites,
    load_model,
    recommend_for_history,
    recommend_for_user,
)
from experiments.reporter import ConsoleReporter
from experiments.usage import parse_options


@dataclass(frozen=True)
class RecommendOptions:
    """Movies for a user of a finished run, or for anyone who names some movies."""

    run: tyro.conf.Positional[Path]
    """Directory of a finished run."""
    user: str | None = None
    """Id of a user in the run's data."""
    history: str | None = None
    """Movies that somebody has seen instead: ids with commas between them, each with a rating if you like (50:5,172).
    The present models look at which movies these are, not at the ratings."""
    k: int = 10
    """How many movies."""
    json: bool = False
    """Print the result as JSON on stdout."""
    debug: bool = False
    """Show tracebacks."""

    def __post_init__(self) -> None:
        if (self.user is None) == (self.history is None):
            raise ValueError("expected either --user or --history")
        if self.k < 1:
            raise ValueError(f"--k: expected at least 1, got {self.k}")


def main(words: Sequence[str]) -> None:
    """Prints recommendations with titles, scores and reasons."""
    options = parse_options(RecommendOptions, words, prog="recs recommend")
    model = load_model(options.run)
    if options.history is not None:
        movie_ids = parse_history(options.history)
        found, heading = recommend_for_history(model, movie_ids, options.k), f"after {len(movie_ids)} movies"
    else:
        user = str(options.user)
        found, heading = recommend_for_user(model, user, options.k), f"for user {user}"
        _introduce(model, user, quiet=options.json)
    if options.json:
        print(json.dumps(found.to_dicts(), ensure_ascii=False))
    else:
        console().print(_table(found, f"{model.name} recommends {heading}"))


def parse_history(text: str) -> list[str]:
    """Movie ids of a ``--history`` value.

    >>> parse_history("50:5, 172,181:3.5")
    ['50', '172', '181']

    Raises:
        DataError: An entry is empty, its rating is no number, or a movie is named twice.
    """
    movie_ids = []
    for position, entry in enumerate(text.split(","), start=1):
        movie_id, _, rating = entry.strip().partition(":")
        where = f"--history, entry {position}"
        if not movie_id:
            raise DataError(f"{where}: expected a movie id, got {entry!r}")
        try:
            float(rating or 0)
        except ValueError:
            raise DataError(f"{where}: expected a number after the colon, got {rating!r}") from None
        if movie_id in movie_ids:
            raise DataError(f"{where}: expected each movie once, got {movie_id} again")
        movie_ids.append(movie_id)
    return movie_ids


def _introduce(model: StoredModel, user: str, *, quiet: bool) -> None:
    """Says who the user is."""
    rated = model.known.filter(pl.col("user_id") == user).height
    if not rated:
        ConsoleReporter().line(f"user {user} is not in the run's train data: showing what is popular there")
    elif not quiet:
        liked = ", ".join(favourites(model, user, 5)["movie_title"])
        console().print(f"user {user} has rated {rated} movies, highest: {liked}", soft_wrap=True)


def _table(found: pl.DataFrame, title: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, title=title, title_style="bold")
    for name, align in (
        ("rank", "right"),
        ("id", "right"),
        ("movie", "left"),
        ("score", "right"),
        ("why", "left"),
    ):
        table.add_column(name, justify=align)  # type: ignore[arg-type]
    for row in found.iter_rows(named=True):
        score = f"{row['score']:.3f}"
        table.add_row(str(row["rank"]), row["movie_id"], row["movie_title"], score, row["why"])
    return table
