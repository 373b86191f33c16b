"""What the movies and users tables of every source go through."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl

from tfrs_lab.data.dataset import MOVIES_SCHEMA, USERS_SCHEMA
from tfrs_lab.data.errors import DataError

# The last "(1995)" of a title, or the first year of "(1975-1979)": remakes and comments may stand in front or behind.
_YEAR = r"^.*\(([0-9]{4})(?:\s?[-–]\s?[0-9]{0,4})?\s?\)"
_MONTHS = {
    m: i
    for i, m in enumerate(["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], start=1)
}
_DATE = re.compile(r"([0-9]{1,2})-([A-Z][a-z]{2})-([0-9]{4})")
# How GroupLens says that it knows no genre; the movie's list is empty then, as such a name is no genre.
NO_GENRES = frozenset({"unknown", "(no genres listed)"})


def genres(names: Iterable[str]) -> list[str]:
    """A movie's genres, spelled as TFDS does.

    >>> genres(["Animation", "Children's", "Comedy"]), genres(["(no genres listed)"])
    (['Animation', 'Children', 'Comedy'], [])
    """
    return ["Children" if name == "Children's" else name for name in names if name and name.lower() not in NO_GENRES]


def day(text: str, column: str) -> datetime.date | None:
    """A date as u.item has it, or None if the field is empty.

    >>> day("01-Jan-1995", "release_date")
    datetime.date(1995, 1, 1)
    """
    if not text:
        return None
    match = _DATE.fullmatch(text)
    try:
        if match:
            return datetime.date(int(match[3]), _MONTHS[match[2]], int(match[1]))
    except (ValueError, KeyError):
        pass
    raise DataError(f"expected a date such as 01-Jan-1995, got {text!r}", column=column)


def movies_table(movies: pl.DataFrame) -> pl.DataFrame:
    """Completes a movies table: all columns of ``MOVIES_SCHEMA``, in its order.

    Missing titles are the ids; missing years come from the title, else from the release date.
    """
    for column, dtype in MOVIES_SCHEMA.items():
        if column not in movies.columns:
            movies = movies.with_columns(pl.lit(None, dtype).alias(column))
    title = pl.col("movie_title").fill_null(pl.col("movie_id"))
    from_title = pl.col("movie_title").str.extract(_YEAR).cast(pl.Int32)
    return movies.with_columns(
        title,
        pl.col("movie_genres").fill_null([]),
        pl.col("tags").fill_null([]),
        pl.coalesce("release_year", from_title, pl.col("release_date").dt.year()).cast(pl.Int32),
    ).select(pl.col(name).cast(dtype) for name, dtype in MOVIES_SCHEMA.items())


def users_table(users: pl.DataFrame) -> pl.DataFrame:
    """Orders a users table's columns as in ``USERS_SCHEMA``; those that the source lacks stay away."""
    return users.select(pl.col(name).cast(dtype) for name, dtype in USERS_SCHEMA.items() if name in users.columns)


def add_missing(table: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    """Appends rows for ids that the table lacks, in ascending order of id; their other columns are null.

    Args:
        table: [n] rows keyed by a column of the same name as ``ids``.
        ids: Ids that must be there, in any order, with repetitions.
    """
    missing = ids.unique().to_frame().join(table.select(ids.name), on=ids.name, how="anti").to_series()
    return pl.concat(
        [table, pl.DataFrame({ids.name: sort_ids(missing.to_list())}, schema={ids.name: pl.String})], how="diagonal"
    )


def sort_ids(ids: Iterable[str]) -> list[str]:
    """Distinct ids in ascending order: by value where all of them are whole numbers, else as text.

    >>> sort_ids(["10", "9"]), sort_ids(["b10", "b9"])
    (['9', '10'], ['b10', 'b9'])
    """
    distinct = set(ids)
    if all(id.isascii() and id.isdigit() for id in distinct):
        return sorted(distinct, key=lambda id: (int(id), id))
    return sorted(distinct)


def bucketized_age(age: float) -> int:
    """The lower end of the age group, as in MovieLens-1M and in TFDS.

    >>> [bucketized_age(age) for age in (7, 18, 55, 73)]
    [1, 18, 50, 56]
    """
    return max(start for start in (1, 18, 25, 35, 45, 50, 56) if start <= max(age, 1))


def frame(
    rows: Sequence[tuple[Any, ...]], schema: dict[str, Any], key: str, file: str, lines: Sequence[int]
) -> pl.DataFrame:
    """A table from parsed rows, with one row for each key.

    Raises:
        DataError: If a key occurs twice; blames the line of the second.
    """
    table = pl.DataFrame(rows, schema=schema, orient="row")
    again = (~table[key].is_first_distinct()).arg_max() if table.height else None
    if again is not None and not table[key].is_first_distinct()[again]:
        raise DataError(
            f"expected each id once, got {table[key][again]} again", file=file, line=lines[again], column=key
        )
    return table
