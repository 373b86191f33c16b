"""Users' own ratings: from a file's columns to the table that models learn from, and a summary of the reading."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from tfrs_lab.data.dataset import RATINGS_SCHEMA
from tfrs_lab.data.errors import DataError
from tfrs_lab.data.names import OwnNames
from tfrs_lab.data.read_summary import ReadingSummary
from tfrs_lab.data.reading.frames import read_raw
from tfrs_lab.data.reading.ratings_table import repetitions
from tfrs_lab.data.reading.raw import RawTable, sound
from tfrs_lab.data.reading.times import read_times
from tfrs_lab.data.reading.values import Values, read_ids, read_ratings_column

REQUIRED = ("user_id", "movie_id")


def read_ratings_file(
    source: Any, *, names: OwnNames | None = None, skip_bad_lines: bool = False
) -> tuple[pl.DataFrame, ReadingSummary]:
    """Reads and checks one file or table of ratings; refuses what ``load_files`` refuses.

    Returns:
        [n] rows in file order with those columns of ``RATINGS_SCHEMA`` that the file has, each pair of user and movie
        once, and a summary.
    """
    raw = read_raw(source, RATINGS_SCHEMA, REQUIRED, names or OwnNames())
    if not raw.rows:
        raise DataError("expected ratings, got none", file=raw.file)
    read = _read(raw)
    bad = {name: values.values.is_null() for name, values in read.items() if values.values.null_count()}
    good = sound(raw, read, bad, skip_bad_lines=skip_bad_lines)
    for name, values in read.items():
        if values.refusal:
            raise DataError(values.refusal, file=raw.file, column=raw.columns.theirs(name))
    table = good.table.select(pl.col(name).cast(RATINGS_SCHEMA[name]) for name in RATINGS_SCHEMA if name in read)
    merged = merge(table)
    users, movies = merged.select(pl.col(REQUIRED).n_unique()).row(0)  # side by side
    timed = "timestamp" in merged.columns
    first, last = (int(merged["timestamp"].min()), int(merged["timestamp"].max())) if timed else (None, None)  # type: ignore[arg-type]
    return merged, ReadingSummary(
        file=raw.file,
        rows=raw.rows,
        kept=merged.height,
        merged=table.height - merged.height,
        skipped=good.skipped,
        users=users,
        movies=movies,
        first=first,
        last=last,
        unit=read["timestamp"].note if timed else "",
        renamed=raw.columns.renamed,
        passed_over=raw.columns.passed_over,
        notes=raw.notes
        + tuple(dict.fromkeys(read[name].note for name in read if name != "timestamp" and read[name].note)),
        first_bad=good.first_bad,
    )


def _read(raw: RawTable) -> Mapping[str, Values]:
    read: dict[str, Values] = {}
    for name in raw.table.columns:
        column = raw.table[name]
        try:
            if name == "user_rating":
                read[name] = read_ratings_column(column, raw.separator)
            elif name == "timestamp":
                read[name] = read_times(column)
            else:
                read[name] = read_ids(column)
        except DataError as error:
            raise DataError(error.reason, file=raw.file, column=raw.columns.theirs(name)) from None
    return read


def merge(ratings: pl.DataFrame) -> pl.DataFrame:
    """Keeps one row of each pair: the one with the latest time, of equal times and without times the last.

    The order of the rows stays.
    """
    again = repetitions(ratings)
    if again.is_empty():
        return ratings
    rows = np.union1d(again["first"].to_numpy(), again["second"].to_numpy())
    order = ["timestamp", "row"] if "timestamp" in ratings.columns else ["row"]
    several = ratings[rows].with_columns(pl.Series("row", rows))
    latest = several.sort(order).unique(["user_id", "movie_id"], keep="last", maintain_order=False)
    keep = np.ones(ratings.height, dtype=bool)
    keep[rows] = False
    keep[latest["row"].to_numpy()] = True
    return ratings.filter(keep)
