"""GroupLens's three file formats → ratings, movies and users."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import polars as pl

from tfrs_lab.data.dataset import MOVIES_SCHEMA, USERS_SCHEMA
from tfrs_lab.data.errors import DataError
from tfrs_lab.data.interactions import Interactions
from tfrs_lab.data.reading import records
from tfrs_lab.data.reading.archive import Archive
from tfrs_lab.data.reading.ratings_table import read_ratings
from tfrs_lab.data.reading.records import CSV, DAT, Syntax, expect_fields, parse, shorten, whole_number
from tfrs_lab.data.tables import add_missing, bucketized_age, day, frame, genres, movies_table, users_table

# The order of u.item's 19 flags. TFDS spells the first "Unknown"; here it means that a movie has no genres.
GENRES_100K = [
    *("unknown", "Action", "Adventure", "Animation", "Children", "Comedy", "Crime", "Documentary", "Drama"),
    *("Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western"),
]
# TFDS's texts for the codes of ml-1m/users.dat.
OCCUPATIONS_1M = [
    *("other/not specified", "academic/educator", "artist", "clerical/admin", "college/grad student"),
    *("customer service", "doctor/health care", "executive/managerial", "farmer", "homemaker", "K-12 student"),
    *("lawyer", "programmer", "retired", "sales/marketing", "scientist", "self-employed", "technician/engineer"),
    *("tradesman/craftsman", "unemployed", "writer"),
]
_RATINGS = {"user_id": "user_id", "movie_id": "movie_id", "rating": "user_rating", "timestamp": "timestamp"}
_RATINGS_CSV = {"userId": "user_id", "movieId": "movie_id", "rating": "user_rating", "timestamp": "timestamp"}


@dataclass(frozen=True)
class Parsed:
    """The tables of an archive, as ``Dataset`` wants them, the ratings in integers; how many bad lines were dropped."""

    encoded: Interactions
    movies: pl.DataFrame
    users: pl.DataFrame
    dropped: int = 0

    @property
    def ratings(self) -> pl.DataFrame:
        """The ratings as a table."""
        return self.encoded.to_ratings()


def parse_archive(archive: Archive, layout: str, *, skip_bad_lines: bool = False) -> Parsed:
    """Reads all tables of an archive.

    With ``skip_bad_lines`` a movie or user whose line was dropped keeps the id as title, or nothing.

    Raises:
        DataError: With file, line and column of the first fault, or naming the file that is missing.
    """
    parsed = PARSERS[layout](archive, skip_bad_lines)
    movies = movies_table(add_missing(parsed.movies, pl.Series("movie_id", parsed.encoded.movies.ids)))
    users = users_table(add_missing(parsed.users, pl.Series("user_id", parsed.encoded.users.ids)))
    return replace(parsed, movies=movies, users=users)


def _parse_100k(archive: Archive, skip: bool) -> Parsed:
    """u.data (tabs), u.item and u.user (``|``, Latin-1)."""
    ratings, dropped = _ratings(archive, "u.data", records.TAB, _RATINGS, skip)
    fields = ["movie_id", "movie_title", "release_date", "video_release_date", "IMDb_URL", *GENRES_100K]

    def movie(record: list[str]) -> tuple[object, ...]:
        expect_fields(record, fields)
        flags = record[5:]
        for name, flag in zip(GENRES_100K, flags, strict=True):
            if flag not in ("0", "1"):
                raise DataError(f"expected 0 or 1, got {shorten(flag)}", column=name)
        names = genres(name for name, flag in zip(GENRES_100K, flags, strict=True) if flag == "1")
        released = day(record[2], "release_date")
        return str(whole_number(record[0], "movie_id")), record[1], names, released

    def user(record: list[str]) -> tuple[object, ...]:
        expect_fields(record, ["user_id", "age", "gender", "occupation", "zip_code"])
        id, age, gender, occupation, zip_code = record
        years = whole_number(age, "age")
        who = str(whole_number(id, "user_id")), _is_male(gender)
        return *who, years, bucketized_age(years), occupation, zip_code

    schema = {name: MOVIES_SCHEMA[name] for name in ("movie_id", "movie_title", "movie_genres", "release_date")}
    movies, more = _table(archive, "u.item", records.PIPE, movie, schema, skip)
    users, most = _table(archive, "u.user", records.PIPE, user, USERS_SCHEMA, skip)
    return Parsed(ratings, movies, users, dropped + more + most)


def _parse_dat(archive: Archive, skip: bool) -> Parsed:
    """ratings.dat and movies.dat (``::``); 1m has users.dat and Latin-1 titles, 10m tags.dat and UTF-8."""
    syntax = records.DAT_LATIN1 if "users.dat" in archive else DAT
    ratings, dropped = _ratings(archive, "ratings.dat", syntax, _RATINGS, skip)

    def user(record: list[str]) -> tuple[object, ...]:
        expect_fields(record, ["user_id", "gender", "age", "occupation", "zip_code"])
        id, gender, age, code, zip_code = record
        occupation = whole_number(code, "occupation")
        if occupation >= len(OCCUPATIONS_1M):
            raise DataError(f"expected a code below {len(OCCUPATIONS_1M)}, got {code}", column="occupation")
        who = str(whole_number(id, "user_id")), _is_male(gender)
        return *who, whole_number(age, "age"), OCCUPATIONS_1M[occupation], zip_code

    movies, more = _movies(archive, "movies.dat", syntax, ["movie_id", "movie_title", "movie_genres"], skip)
    users = pl.DataFrame(schema={"user_id": pl.String})
    most = 0
    if "users.dat" in archive:
        user_schema = {name: dtype for name, dtype in USERS_SCHEMA.items() if name != "raw_user_age"}
        users, most = _table(archive, "users.dat", syntax, user, user_schema, skip)
    movies, most_tags = _read_tags(archive, "tags.dat", DAT, movies, skip_bad_lines=skip)
    return Parsed(ratings, movies, users, dropped + more + most + most_tags)


def _parse_csv(archive: Archive, skip: bool) -> Parsed:
    """ratings.csv, movies.csv and tags.csv; there is nothing about the users."""
    ratings, dropped = _ratings(archive, "ratings.csv", CSV, _RATINGS_CSV, skip)
    movies, more = _movies(archive, "movies.csv", CSV, ["movieId", "title", "genres"], skip)
    movies, most = _read_tags(archive, "tags.csv", CSV, movies, skip_bad_lines=skip)
    return Parsed(ratings, movies, pl.DataFrame(schema={"user_id": pl.String}), dropped + more + most)


PARSERS: dict[str, Callable[[Archive, bool], Parsed]] = {"100k": _parse_100k, "dat": _parse_dat, "csv": _parse_csv}


def _ratings(
    archive: Archive, name: str, syntax: Syntax, fields: dict[str, str], skip: bool
) -> tuple[Interactions, int]:
    content, file = archive.open(name), archive.where(name)
    table, dropped = read_ratings(content, file, syntax, fields, numeric_ids=True, skip_bad_lines=skip)
    return Interactions.from_ratings(table), dropped


def _movies(archive: Archive, name: str, syntax: Syntax, fields: list[str], skip: bool) -> tuple[pl.DataFrame, int]:
    """A movies file with three fields, the genres between bars."""

    def movie(record: list[str]) -> tuple[object, ...]:
        expect_fields(record, fields)
        return str(whole_number(record[0], fields[0])), record[1], genres(record[2].split("|"))

    schema = {column: MOVIES_SCHEMA[column] for column in ("movie_id", "movie_title", "movie_genres")}
    return _table(archive, name, syntax, movie, schema, skip, header=fields if syntax.header else None)


def _table(
    archive: Archive,
    name: str,
    syntax: Syntax,
    convert: Callable[[list[str]], tuple[object, ...]],
    schema: dict[str, pl.DataType],
    skip: bool,
    header: Sequence[str] | None = None,
) -> tuple[pl.DataFrame, int]:
    """A movies or users file: small enough for line by line."""
    file = archive.where(name)
    rows, lines, dropped = parse(archive.open(name), syntax, file, convert, skip_bad_lines=skip, header=header)
    return frame(rows, schema, next(iter(schema)), file, lines), dropped


def _is_male(gender: str) -> bool:
    if gender not in ("F", "M"):
        raise DataError(f"expected F or M, got {shorten(gender)}", column="gender")
    return gender == "M"


def _read_tags(
    archive: Archive, name: str, syntax: Syntax, movies: pl.DataFrame, *, skip_bad_lines: bool
) -> tuple[pl.DataFrame, int]:
    """Adds the column ``tags`` to a movies table.

    A movie's tags are distinct, in lower case and sorted: who gave them, when and how often is not kept. Where there is
    no such file, as in 100k and 1m, movies have no tags. Returned are [n] rows and how many lines were dropped.
    """
    if name not in archive:
        return movies, 0

    names = ["userId", "movieId", "tag", "timestamp"]

    def convert(record: list[str]) -> tuple[str, str]:
        expect_fields(record, names)
        return str(whole_number(record[1], "movieId")), record[2].strip().lower()

    file = archive.where(name)
    rows, _, dropped = parse(archive.open(name), syntax, file, convert, skip_bad_lines=skip_bad_lines, header=names)
    tags = (
        pl.DataFrame(rows, schema={"movie_id": pl.String, "tags": pl.String}, orient="row")
        .filter(pl.col("tags") != "")
        .unique()
        .sort("movie_id", "tags")
        .group_by("movie_id", maintain_order=True)
        .agg("tags")
    )
    return movies.join(tags, on="movie_id", how="left", maintain_order="left"), dropped
