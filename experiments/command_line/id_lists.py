"""Lists of movie ids on the command line: commas separate them, and what is an id of the data counts as it stands."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence

from tfrs_lab.data import DataError

Rated = tuple[str, float | None]
HOW = "ids are written as in the data, with commas between them or each after an option of its own"
"""How any id can be named, whatever it holds."""


def parse_ids(values: Sequence[str], known: Collection[str], *, option: str) -> list[str]:
    """Movie ids of an option that may be repeated; the longest known id that fits counts, commas and all.

    >>> parse_ids(["50, 172", "Dawn of War 40,000"], {"50", "172", "Dawn of War 40,000"}, option="--remove")
    ['50', '172', 'Dawn of War 40,000']

    Raises:
        DataError: An entry is empty, or a movie is named twice.
    """
    return _once([entry for value in values for entry, _ in _entries(value, known, option, rated=False)], option)


def parse_history(values: Sequence[str], known: Collection[str], *, option: str = "--history") -> list[Rated]:
    """Movie ids, each with its rating or None: ``id`` or ``id:rating``, of which the former is tried first.

    >>> parse_history(["50:5, 172,181:3.5"], {"50", "172", "181"})
    [('50', 5.0), ('172', None), ('181', 3.5)]
    >>> parse_history(["Half-Life 2:1,Half-Life 2:4.0"], {"Half-Life 2", "Half-Life 2:1"})
    [('Half-Life 2:1', None), ('Half-Life 2', 4.0)]

    Args:
        values: As of ``parse_ids``.
        known: As of ``parse_ids``; what is no id of these is an id all the same, for others to complain about.
        option: As of ``parse_ids``.

    Raises:
        DataError: An entry is empty, its rating is no number, or a movie is named twice.
    """
    found = [entry for value in values for entry in _entries(value, known, option, rated=True)]
    _once([movie_id for movie_id, _ in found], option)
    return found


def _entries(value: str, known: Collection[str], option: str, *, rated: bool) -> Iterator[Rated]:
    """One value's entries, the longest known id first wherever one can begin."""
    known = set(known)
    pieces, longest = value.split(","), 1 + max((movie_id.count(",") for movie_id in known), default=0)
    start = 0
    while start < len(pieces):
        for end in range(min(len(pieces), start + longest), start, -1):
            text = ",".join(pieces[start:end])
            entry = _known_entry(text, known, rated) or _known_entry(text.strip(), known, rated)
            if entry:
                break
        else:
            end, entry = start + 1, _unknown_entry(pieces[start].strip(), known, f"{option} {value!r}", rated)
        yield entry
        start = end


def _known_entry(text: str, known: Collection[str], rated: bool) -> Rated | None:
    """The id that the text is, else the id and its rating; None if it is neither."""
    if text in known:
        return text, None
    movie_id, _, rating = text.rpartition(":")
    return (movie_id, _number(rating)) if rated and movie_id in known and _number(rating) is not None else None


def _unknown_entry(text: str, known: Collection[str], where: str, rated: bool) -> Rated:
    """What a text means that holds no id of the data."""
    if not text:
        raise DataError(f"{where}: expected a movie id between commas, got nothing; {HOW}")
    movie_id, colon, rating = text.rpartition(":")
    if not (rated and colon) or not movie_id:
        return text, None
    value = _number(rating)
    if value is None and movie_id in known:
        raise DataError(f"{where}: expected a number after the colon of {movie_id}, got {rating!r}")
    return (text, None) if value is None else (movie_id, value)


def _number(text: str) -> float | None:
    """A finite number, or None."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _once(ids: list[str], option: str) -> list[str]:
    """The ids, if each is there once."""
    for place, movie_id in enumerate(ids):
        if movie_id in ids[:place]:
            raise DataError(f"{option}: expected each movie once, got {movie_id!r} again")
    return ids
