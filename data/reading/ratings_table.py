"""Ratings from text: polars for good files, line by line for those that are not, the same checks for both."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tfrs_lab.data.dataset import RATINGS_SCHEMA
from tfrs_lab.data.errors import DataError
from tfrs_lab.data.reading import records
from tfrs_lab.data.reading.records import CSV, Syntax, expect_fields, parse
from tfrs_lab.data.reading.regular import is_regular

FIELDS = ("user_id", "movie_id", "user_rating", "timestamp")
_END_OF_TIME = 4_102_444_800  # 2100-01-01: later "seconds" are milliseconds, or an accident
_EXPECTED_TIME = "expected seconds from 1970 to 2100 (not milliseconds)"


def read_ratings(
    content: bytes | Path,
    file: str,
    syntax: Syntax,
    fields: Mapping[str, str],
    *,
    numeric_ids: bool,
    skip_bad_lines: bool = False,
) -> tuple[pl.DataFrame, int]:
    """Reads and checks a ratings file.

    A pair of user and movie may occur once; with ``skip_bad_lines`` its last line counts, like a rating changed later.
    ``fields`` are names in the file → columns of ``RATINGS_SCHEMA``; in file order where there is no header. Ids must
    be whole numbers with ``numeric_ids``, as in all of MovieLens.

    Returns:
        [n] rows in file order, with the columns of ``RATINGS_SCHEMA`` in ``fields`` (numeric ids as UInt32), and how
        many lines were dropped.

    Raises:
        DataError: With file, line and column of the first fault, unless faults are skipped.
    """
    columns = check_header(content, file, list(fields), syntax) if syntax.header else list(fields)
    types = {
        name: pl.UInt32 if numeric_ids and name.endswith("_id") else RATINGS_SCHEMA[name] for name in fields.values()
    }
    regular = is_regular(content, syntax, len(columns), numbers=numeric_ids)
    table = _read_fast(content, syntax, fields, types) if regular else None
    dropped = 0
    if table is None or not is_clean(table):
        # Only now, and only for this file, is it worth the time to go through the lines one by one.
        table, lines, dropped = _read_slowly(content, file, syntax, fields, types, skip_bad_lines)
        table, more = drop_faults(table, file, lines, skip_bad_lines=skip_bad_lines)
        dropped += more
    if table.is_empty():
        raise DataError("expected ratings, got none", file=file)
    ordered = [name for name in RATINGS_SCHEMA if name in types]
    return table.select(ordered), dropped


def check_header(content: bytes | Path, file: str, wanted: list[str], syntax: Syntax = CSV) -> list[str]:
    """The column names in a CSV's first line."""
    _, header = next(records.records(content, syntax), (1, []))
    if isinstance(header, DataError):
        raise header.at(file, 1)
    missing = [name for name in wanted if name not in header]
    if missing:
        came = ", ".join(header) or "nothing"
        raise DataError(f"expected the columns {', '.join(wanted)}, got {came}", file=file, line=1, column=missing[0])
    if len(set(header)) != len(header):
        raise DataError(f"expected each column once, got {', '.join(header)}", file=file, line=1)
    return header


def _read_fast(
    content: bytes | Path, syntax: Syntax, fields: Mapping[str, str], types: Mapping[str, Any]
) -> pl.DataFrame | None:
    """The whole file through polars, or None if it does not like it."""
    options: dict[str, Any] = {"has_header": syntax.header, "quote_char": '"' if syntax.quoted else None}
    gaps: list[str] = []
    if syntax.header:
        named = {name: types[column] for name, column in fields.items()}
        options |= {"columns": list(fields), "infer_schema": False, "schema_overrides": named}
    else:
        schema: dict[str, Any] = {}
        for column in fields.values():
            schema[column] = types[column]
            if syntax.separator == "::":
                # polars separates by single bytes: between two fields is then an empty one, which must stay empty.
                gaps.append(f"after {column}")
                schema[gaps[-1]] = pl.Int8
        gaps = gaps[:-1]
        options["schema"] = {name: dtype for name, dtype in schema.items() if name in types or name in gaps}
    try:
        table = pl.read_csv(content, separator=syntax.separator[0], **options)
    except pl.exceptions.PolarsError:
        return None
    if any(table[name].null_count() < table.height for name in gaps):
        return None
    return table.drop(gaps).rename(dict(fields) if syntax.header else {})


def _read_slowly(
    content: bytes | Path,
    file: str,
    syntax: Syntax,
    fields: Mapping[str, str],
    types: Mapping[str, Any],
    skip_bad_lines: bool,
) -> tuple[pl.DataFrame, np.ndarray, int]:
    """The file line by line: the table, the line number of each row, how many lines were dropped."""
    header = check_header(content, file, list(fields), syntax) if syntax.header else list(fields)
    numbers = {pl.UInt32: records.whole_number, pl.Float32: records.number, pl.Int64: records.integer}
    parsers: dict[Any, Callable[[str, str], Any]] = {**numbers, pl.String: records.identifier}
    wanted = [(header.index(name), name, parsers[types[column]]) for name, column in fields.items()]

    def convert(record: list[str]) -> tuple[Any, ...]:
        expect_fields(record, header)
        return tuple(parser(record[index], name) for index, name, parser in wanted)

    rows, lines, dropped = parse(content, syntax, file, convert, skip_bad_lines=skip_bad_lines)
    schema = {column: types[column] for column in fields.values()}
    return pl.DataFrame(rows, schema=schema, orient="row"), np.array(lines, dtype=np.int64), dropped


def drop_faults(table: pl.DataFrame, file: str, lines: np.ndarray, *, skip_bad_lines: bool) -> tuple[pl.DataFrame, int]:
    """Checks the values of a ratings table.

    ``lines`` [n] are the rows' line numbers.
    """
    before = table.height
    faults = [(np.flatnonzero(mask), column, expected) for mask, column, expected in _faults(table)]
    if faults and not skip_bad_lines:
        rows, column, expected = min(faults, key=lambda fault: fault[0][0])
        came = table[column][int(rows[0])]
        came = "nothing" if came is None else came
        raise DataError(f"{expected}, got {came}", file=file, line=int(lines[rows[0]]), column=column)
    if faults:
        keep = np.ones(table.height, dtype=bool)
        keep[np.concatenate([rows for rows, _, _ in faults])] = False
        table, lines = table.filter(keep), lines[keep]
    again = repetitions(table)
    if again.height and not skip_bad_lines:
        user, movie, first, second = again.sort("second").row(0)
        reason = f"expected one rating for each user and movie, got user {user}, movie {movie} again"
        raise DataError(f"{reason} (first on line {lines[first]})", file=file, line=int(lines[second]))
    if again.height:
        table = table.with_row_index("row").join(again, left_on="row", right_on="first", how="anti").drop("row")
    return table, before - table.height


def is_clean(table: pl.DataFrame) -> bool:
    """Whether ``drop_faults`` would find nothing."""
    return next(_faults(table), None) is None and repetitions(table).is_empty()


def _faults(table: pl.DataFrame) -> Iterator[tuple[np.ndarray, str, str]]:
    """For each kind of fault that occurs: [n] bool for the rows that have it, their column, what was expected."""
    in_range = pl.col("timestamp").is_between(0, _END_OF_TIME, closed="left")
    finite = pl.col("user_rating").is_finite()
    checks = {"user_rating": (finite, "expected a finite number"), "timestamp": (in_range, _EXPECTED_TIME)}
    for name in ("user_id", "movie_id"):
        given = pl.col(name) != "" if table.schema[name] == pl.String else pl.lit(True)
        checks[name] = (given & pl.col(name).is_not_null(), "expected an id")
    for name, (good, expected) in checks.items():
        if name in table.columns:
            bad = ~table.select(good.fill_null(False).alias("good"))["good"].to_numpy()
            bad = np.broadcast_to(bad, table.height)
            if bad.any():
                yield bad, name, expected


def repetitions(table: pl.DataFrame) -> pl.DataFrame:
    """Pairs of user and movie that occur again: ids, and the row numbers ``first`` and ``second`` of two neighbours."""
    # One 64-bit key a row and a sort: a few bytes a row, where grouping by two columns of text needs gigabytes.
    ordered = keys = _keys(table)
    if (keys[1:] <= keys[:-1]).any():  # GroupLens's CSV files are in this order already
        ordered = np.sort(keys)
    suspicious = ordered[1:][ordered[1:] == ordered[:-1]]
    # Keys may collide, so that the few suspects are compared for what they are.
    suspects = np.flatnonzero(np.isin(keys, suspicious)) if len(suspicious) else np.zeros(0, dtype=np.int64)
    pairs = table.select("user_id", "movie_id")[suspects].with_columns(pl.Series("first", suspects).cast(pl.UInt32))
    following = pl.col("first").shift(-1).over("user_id", "movie_id").alias("second")
    return pairs.with_columns(following).drop_nulls("second")


def _keys(table: pl.DataFrame) -> np.ndarray:
    """[n] uint64, equal for equal pairs of user and movie; of numbers, no others."""
    user, movie = table["user_id"], table["movie_id"]
    if user.dtype == pl.String:
        return user.hash().to_numpy() * np.uint64(0x9E3779B97F4A7C15) + movie.hash().to_numpy()
    high, low = (ids.cast(pl.UInt64).fill_null(0).to_numpy() for ids in (user, movie))
    return (high << np.uint64(32)) + low
