"""Where recommendations come from: a finished run, or what ``recs export`` wrote of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from tfrs_lab.data import DataError, did_you_mean
from tfrs_lab.experiments.command_line.id_lists import HOW, Rated

History = Sequence[Rated]
"""Movie ids, each with its rating or None."""


@dataclass(frozen=True)
class UserSummary:
    """A user, as far as the data tells.

    Attributes:
        rated: How many movies they have rated; None where nothing is told of users.
        liked: Titles of movies that they like best, as far as can be told.
        word: What these are: see ``tfrs_lab.experiments.storage.stored_model.Favourites``.
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
        """The k best movies that a user has not rated; the popular ones if the model does not know the user."""

    def for_history(self, history: History, k: int) -> pl.DataFrame:
        """The k best other movies for someone with this history.

        Raises:
            DataError: A movie is unknown.
        """

    def who(self, user_id: str, k: int) -> UserSummary:
        """A user, with k movies that they like best."""


def rated_by(users: int) -> str:
    """The reason for a movie that nothing of the history is like.

    >>> rated_by(1), rated_by(20)
    ('rated by 1 user', 'rated by 20 users')
    """
    return f"rated by {users} user{'' if users == 1 else 's'}"


def unknown_movie(movie_id: str, titles: Mapping[str, str], where: str) -> DataError:
    """What to say of an id that is no movie's."""
    wanted = movie_id.casefold()
    held = [f"{one} {title}" if title != one else one for one, title in titles.items() if wanted in title.casefold()]
    hint = f"; titles that hold it: {'; '.join(held[:5])}" if held else did_you_mean(movie_id, titles)
    return DataError(f"expected a movie id that {where} knows, got {movie_id!r}{hint} ({HOW})")


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
