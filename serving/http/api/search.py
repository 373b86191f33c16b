"""Finds movies and users by what people type."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from tfrs_lab.serving.http.catalogue import Catalogue, Movie

Item = TypeVar("Item")


def find_movies(catalogue: Catalogue, text: str, limit: int) -> list[Movie]:
    """Movies whose title holds every word of a text; those that begin with it first.

    Args:
        catalogue: Where to look.
        text: Words, or a movie's id.
        limit: At most so many.
    """
    words = text.casefold().split()
    found = [(title, movie) for title, movie in catalogue.folded if all(word in title for word in words)]
    whole = " ".join(words)
    by_id = [catalogue.movies[text]] if text in catalogue.movies else []
    begin = [movie for title, movie in found if title.startswith(whole)]
    return _first([*by_id, *begin, *(movie for _, movie in found)], limit)


def find_users(catalogue: Catalogue, text: str, limit: int) -> list[str]:
    """Users whose id begins with a text, then those whose id holds it; shorter ids first.

    Args:
        catalogue: Where to look.
        text: Part of an id.
        limit: At most so many.
    """
    text = text.strip()
    begin = sorted((user for user in catalogue.users if user.startswith(text)), key=_natural)
    return _first(begin + sorted((user for user in catalogue.users if text in user), key=_natural), limit)


def _first(items: Iterable[Item], limit: int) -> list[Item]:
    """The first distinct ones."""
    return list(dict.fromkeys(items))[:limit]


def _natural(user_id: str) -> tuple[int, str]:
    return len(user_id), user_id
