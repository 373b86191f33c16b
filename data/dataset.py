"""A dataset: three tables with TFDS's MovieLens feature names, checked once at construction."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import Any

import polars as pl

from tfrs_lab.data.errors import DataError
from tfrs_lab.data.interactions import Interactions
from tfrs_lab.data.read_summary import ReadingSummary

RATINGS_SCHEMA: dict[str, Any] = {
    "user_id": pl.String,
    "movie_id": pl.String,
    "user_rating": pl.Float32,
    "timestamp": pl.Int64,
}
MOVIES_SCHEMA: dict[str, Any] = {
    "movie_id": pl.String,
    "movie_title": pl.String,
    "movie_genres": pl.List(pl.String),
    "release_year": pl.Int32,
    "release_date": pl.Date,
    "tags": pl.List(pl.String),
}
USERS_SCHEMA: dict[str, Any] = {
    "user_id": pl.String,
    "user_gender": pl.Boolean,
    "raw_user_age": pl.Float32,
    "bucketized_user_age": pl.Float32,
    "user_occupation_text": pl.String,
    "user_zip_code": pl.String,
}

_BLOCK_ROWS = 1 << 20  # rows hashed at a time; part of the fingerprint's definition, never change it


@dataclass(frozen=True, eq=False)
class Dataset:
    """Ratings with what is known of their movies and users.

    Attributes:
        name: ``"100k"``, or whatever the tables were loaded from.
        ratings: ``user_id``, ``movie_id`` (String), and where the source has them ``user_rating`` (Float32) and
            ``timestamp`` (Int64, seconds since 1970), in the source's row order. Ids are never null, pairs are unique.
        movies: One row for each movie, rated or not: ``movie_id``, ``movie_title`` (not unique), ``movie_genres``
            (List[String], empty where the source knows none), ``release_year`` (Int32, nullable), ``release_date``
            (Date, nullable), ``tags`` (List[String], lower case, sorted, may be empty).
        users: One row for each user: ``user_id`` and, where the source has them, TFDS's demographic features:
            ``user_gender`` (Boolean, true is male), ``raw_user_age``, ``bucketized_user_age`` (Float32),
            ``user_occupation_text``, ``user_zip_code`` (String).
        source: Where the tables came from, for people.
        dropped_lines: How many bad lines were skipped on request.
        reading: A summary of each file that was read; empty for MovieLens.

    Raises:
        DataError: If a table lacks a column, has one of another type, or is empty.
    """

    name: str
    ratings: pl.DataFrame
    movies: pl.DataFrame
    users: pl.DataFrame
    source: str
    dropped_lines: int = 0
    reading: tuple[ReadingSummary, ...] = ()

    def __post_init__(self) -> None:
        _check_schema(self.ratings, RATINGS_SCHEMA, "ratings", optional={"user_rating", "timestamp"})
        _check_schema(self.movies, MOVIES_SCHEMA, "movies")
        _check_schema(self.users, USERS_SCHEMA, "users", optional=set(USERS_SCHEMA) - {"user_id"})
        if self.ratings.is_empty():
            raise DataError(f"expected ratings, got none from {self.source}")
        for table, key in ((self.movies, "movie_id"), (self.users, "user_id")):
            if table[key].n_unique() != table.height:
                raise DataError(f"expected one row for each {key}, got {table.height - table[key].n_unique()} more")

    @classmethod
    def from_encoded(
        cls,
        name: str,
        encoded: Interactions,
        movies: pl.DataFrame,
        users: pl.DataFrame,
        source: str,
        dropped_lines: int = 0,
    ) -> Dataset:
        """A dataset whose ids are mapped to integers already."""
        dataset = cls(name, encoded.to_ratings(), movies, users, source, dropped_lines)
        vars(dataset)["encoded"] = encoded  # where the property below would keep it
        return dataset

    def __repr__(self) -> str:
        counts = f"{len(self.ratings):,} ratings, {len(self.users):,} users, {len(self.movies):,} movies"
        return f"<Dataset {self.name}: {counts}>"

    def _repr_html_(self) -> str:
        return f"<code>{escape(repr(self))}</code>{self.ratings.head(3)._repr_html_()}"

    @cached_property
    def encoded(self) -> Interactions:
        """The ratings in integers, in row order: ids are mapped once for all splits."""
        return Interactions.from_ratings(self.ratings)

    @property
    def has_ratings(self) -> bool:
        """Whether feedback is explicit: rows carry ``user_rating``."""
        return "user_rating" in self.ratings.columns

    @property
    def has_movie_features(self) -> bool:
        """Whether anything is known of any movie beside its id."""
        known = pl.col("movie_genres").list.len() + pl.col("tags").list.len() > 0
        named = pl.col("movie_title") != pl.col("movie_id")
        return bool(self.movies.select((known | named | pl.col("release_year").is_not_null()).any()).item())

    @property
    def has_timestamps(self) -> bool:
        """Whether rows carry ``timestamp``, which the temporal splits need."""
        return "timestamp" in self.ratings.columns

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of the ratings in row order: equal wherever and however they were loaded."""
        return fingerprint(self.ratings)

    @cached_property
    def features_fingerprint(self) -> str:
        """SHA-256 (hex) of what is known of movies and users, in row order, as lines of JSON."""
        digest = hashlib.sha256()
        for table in (self.movies, self.users):
            for block in table.iter_slices(_BLOCK_ROWS):
                digest.update(block.write_ndjson().encode())
        return digest.hexdigest()


def fingerprint(ratings: pl.DataFrame) -> str:
    """SHA-256 (hex) of a ratings table in row order.

    Hashed are bytes that we define, not Arrow's buffers, so that it is stable across machines and polars versions: the
    names of the columns present (in ``RATINGS_SCHEMA`` order) and the number of rows; then for each block of 2²⁰ rows
    and each column little-endian float32 or int64 values, or for ids their uint32 byte lengths and UTF-8 text. Columns
    that are not in ``RATINGS_SCHEMA`` do not count.

    >>> fingerprint(pl.DataFrame({"user_id": ["1"], "movie_id": ["2"]}))[:16]
    '6baa9f140a1f9ba1'
    """
    columns = [name for name in RATINGS_SCHEMA if name in ratings.columns]
    digest = hashlib.sha256(f"{','.join(columns)};{ratings.height}".encode())
    for block in ratings.select(columns).iter_slices(_BLOCK_ROWS):
        for column in block:
            if column.dtype == pl.String:
                digest.update(column.str.len_bytes().to_numpy().astype("<u4").tobytes())
                digest.update(column.str.join("").item().encode())
            else:
                little_endian = column.to_numpy().dtype.newbyteorder("<")
                digest.update(column.to_numpy().astype(little_endian, copy=False).tobytes())
    return digest.hexdigest()


def _check_schema(
    table: pl.DataFrame, schema: dict[str, Any], name: str, optional: set[str] | frozenset[str] = frozenset()
) -> None:
    """Refuses a table whose columns are not those of the schema."""
    for column, dtype in schema.items():
        if column not in table.columns:
            if column in optional:
                continue
            raise DataError(f"expected the columns {', '.join(schema)}, got {', '.join(table.columns)}", file=name)
        if table.schema[column] != dtype:
            raise DataError(f"expected {dtype}, got {table.schema[column]}", file=name, column=column)
    unknown = [column for column in table.columns if column not in schema]
    if unknown:
        raise DataError(f"expected only the columns {', '.join(schema)}, got also {', '.join(unknown)}", file=name)
    for column in ("user_id", "movie_id"):
        if column in table.columns and table[column].null_count():
            raise DataError("expected an id in each row, got null", file=name, column=column)
