"""What ``recs recommend`` says beside the list, and the list itself."""

from __future__ import annotations

import polars as pl
from rich import box
from rich.table import Table

from tfrs_lab.data import printable
from tfrs_lab.experiments.storage.recommender_source import History, Source

About = tuple[str, bool]
"""Whose recommendations these are, and whether that has to be said even where only JSON is wanted."""


def about_user(source: Source, user: str, nothing_left: bool) -> About:
    """Who a user is, or why there is nothing for them."""
    who = source.who(user, 5)
    if nothing_left:
        return f"user {user} has rated {_all_movies(source)}", True
    if not who.rated:
        line = f"user {user} is not in {source.data}: showing what is popular there{who.hint}"
        return (line, True) if who.rated == 0 else ("", False)
    return f"user {user} has rated {_movies(who.rated)}, {who.word}: {', '.join(who.liked)}", False


def about_history(source: Source, history: History, nothing_left: bool) -> About:
    """What a history was understood as, or why there is nothing to add."""
    if nothing_left:
        return f"the history holds {_all_movies(source)}", True
    named = [source.title(movie_id) + ("" if rating is None else f" ({rating:g})") for movie_id, rating in history]
    return f"a history of {_movies(len(named))}: {', '.join(named)}", False


def _movies(count: int) -> str:
    return f"{count} movie{'' if count == 1 else 's'}"


def _all_movies(source: Source) -> str:
    count = len(source.movie_ids)
    which = "the only movie" if count == 1 else f"all {count} movies"
    return f"{which} that {source.name} knows: nothing is left to recommend"


def answer_table(found: pl.DataFrame, title: str) -> Table:
    """Recommendations, for a person."""
    table = Table(box=box.SIMPLE_HEAD, title=printable(title), title_style="bold")
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
        table.add_row(*map(printable, (str(row["rank"]), row["movie_id"], row["movie_title"], score, row["why"])))
    return table
