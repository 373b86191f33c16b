"""Writes tables in GroupLens's file formats: what TFDS reads, and what tests and benchmarks read."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from tfrs_lab.data.dataset import Dataset
from tfrs_lab.data.reading.formats import GENRES_100K, OCCUPATIONS_1M

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def write_official(dataset: Dataset, layout: str, folder: Path) -> None:
    """Writes a dataset in one of the formats of ``tfrs_lab.data.reading.formats.PARSERS``.

    Parsing the files gives the tables again, as far as the format goes: ``100k`` has no tags, only its own 19 genres
    and, like ``dat`` with users, needs all demographic columns; ``csv`` knows nothing of users or release dates. What
    our tables do not have (addresses of video pages, who gave a tag) is left empty or made up. Ids must be whole
    numbers, and the folder must exist.
    """
    _WRITERS[layout](dataset, folder)


def _write_100k(dataset: Dataset, folder: Path) -> None:
    _write(dataset.ratings.with_columns(pl.col("user_rating").cast(pl.Int32)), folder / "u.data", "\t")
    month = pl.col("release_date").dt.month().cast(pl.String)
    date = pl.format(
        "{}-{}-{}",
        pl.col("release_date").dt.strftime("%d"),
        month.replace_strict({str(i): name for i, name in enumerate(_MONTHS, start=1)}, default=None),
        pl.col("release_date").dt.year(),
    )
    flags = [
        pl.col("movie_genres").list.contains(genre).cast(pl.Int8).alias(genre)
        if genre != "unknown"
        else (pl.col("movie_genres").list.len() == 0).cast(pl.Int8).alias(genre)
        for genre in GENRES_100K
    ]
    empty = [pl.lit("").alias("video_release_date"), pl.lit("").alias("IMDb_URL")]
    _write(dataset.movies.select("movie_id", "movie_title", date.alias("date"), *empty, *flags), folder / "u.item", "|")
    columns = ["user_id", pl.col("raw_user_age").cast(pl.Int32), _gender(), "user_occupation_text", "user_zip_code"]
    _write(dataset.users.select(columns), folder / "u.user", "|")


def _write_dat(dataset: Dataset, folder: Path) -> None:
    has_users = "user_occupation_text" in dataset.users.columns
    encoding = "latin-1" if has_users else "utf-8"
    _write(dataset.ratings.with_columns(_short_rating()), folder / "ratings.dat", "::", encoding)
    movies = dataset.movies.select("movie_id", "movie_title", _genres())
    _write(movies, folder / "movies.dat", "::", encoding)
    if not has_users:
        _write(_tags(dataset), folder / "tags.dat", "::", encoding)
        return
    code = pl.col("user_occupation_text").replace_strict({text: str(i) for i, text in enumerate(OCCUPATIONS_1M)})
    columns = ["user_id", _gender(), pl.col("bucketized_user_age").cast(pl.Int32), code, "user_zip_code"]
    _write(dataset.users.select(columns), folder / "users.dat", "::", encoding)


def _write_csv(dataset: Dataset, folder: Path) -> None:
    names = {"user_id": "userId", "movie_id": "movieId", "user_rating": "rating", "movie_title": "title", "tags": "tag"}
    tables = {
        "ratings": dataset.ratings.with_columns(pl.col("user_rating").round(1)),
        "movies": dataset.movies.select("movie_id", "movie_title", _genres().alias("genres")),
        "tags": _tags(dataset),
    }
    for name, table in tables.items():
        present = {old: new for old, new in names.items() if old in table.columns}
        table.rename(present).write_csv(folder / f"{name}.csv")


_WRITERS = {"100k": _write_100k, "dat": _write_dat, "csv": _write_csv}


def _gender() -> pl.Expr:
    return pl.when("user_gender").then(pl.lit("M")).otherwise(pl.lit("F")).alias("gender")


def _genres() -> pl.Expr:
    names = pl.col("movie_genres").list.join("|")
    return pl.when(names == "").then(pl.lit("(no genres listed)")).otherwise(names)


def _short_rating() -> pl.Expr:
    """5 and 3.5, as in ratings.dat."""
    return pl.col("user_rating").cast(pl.String).str.strip_suffix(".0")


def _tags(dataset: Dataset) -> pl.DataFrame:
    """A tag for each of a movie's, by the first user at the epoch: who and when is not in our tables."""
    user = pl.lit(dataset.users["user_id"][0]).alias("user_id")
    tags = dataset.movies.select(user, "movie_id", "tags", pl.lit(0).alias("timestamp"))
    return tags.explode("tags", empty_as_null=True).drop_nulls("tags")


def _write(table: pl.DataFrame, path: Path, separator: str, encoding: str = "latin-1") -> None:
    columns = table.select(pl.all().cast(pl.String).fill_null(""))
    lines = columns.select(pl.concat_str(pl.all(), separator=separator).alias("line"))["line"]
    with path.open("w", encoding=encoding, newline="\n") as file:
        for block in lines.to_frame().iter_slices(1 << 20):
            file.write(block["line"].str.join("\n").item() + "\n")
