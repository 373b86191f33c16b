"""The tags that MovieLens users gave to movies."""

from __future__ import annotations

import polars as pl

from tfrs_lab.data.reading.archive import Archive
from tfrs_lab.data.reading.records import Syntax, expect_fields, parse, whole_number


def read_tags(
    archive: Archive, name: str, syntax: Syntax, movies: pl.DataFrame, *, skip_bad_lines: bool
) -> tuple[pl.DataFrame, int]:
    """Adds the column ``tags`` to a movies table.

    A movie's tags are distinct, in lower case and sorted: who gave them, when and how often is not kept.

    Args:
        archive: The files.
        name: The tags file in it; where there is none, as in 100k and 1m, movies have no tags.
        syntax: How to cut it into user, movie, tag and timestamp.
        movies: [n] rows with ``movie_id``.
        skip_bad_lines: Drop bad lines instead of raising.

    Returns:
        [n] rows, and how many lines were dropped.

    Raises:
        DataError: With file, line and column of the first fault, unless faults are skipped.
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
