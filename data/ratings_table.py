"""Ratings from text: polars for good files, line by line for those that are not, the same checks for both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from data.dataset import RATINGS_SCHEMA
from data.errors import DataError
from data.records import CSV, Syntax, expect_fields, identifier, integer, number, parse, records, whole_number

FIELDS = ("user_id", "movie_id", "user_rating", "timestamp")
_END_OF_TIME = 4_102_444_800  # 2100-01-01: later "seconds" are milliseconds, or an accident


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

    A pair of user and movie may occur once; with ``skip_bad_lines`` its last line counts, as with a rating changed later.

    Args:
        content: The file's contents, or the file.
        file: What messages call it.
        syntax: How to cut it into fields.
        fields: Name in the file → column of ``RATINGS_SCHEMA``; in file order where there is no header.
        numeric_ids: Ids must be whole numbers, as in all of MovieLens.
        skip_bad_lines: Drop bad lines instead of raising.

    Returns:
        [n] rows in file order with the columns of ``RATINGS_SCHEMA`` that are in ``fields``; how many lines were dropped.

    Raises:
        DataError: With file, line and column of the first fault, unless faults are skipped.
    """
    if syntax.header:
        check_header(content, file, list(fields))
    types = {name: pl.UInt32 if numeric_ids and name.endswith("_id") else RATINGS_SCHEMA[name] for name in fields.values()}
    table = _read_fast(content, syntax, fields, types)
    dropped = 0
    if table is None or _first_fault(table) is not None:
        # Only now, and only for this file, is it worth the time to go through the lines one by one.
        table, lines, dropped = _read_slowly(content, file, syntax, fields, types, skip_bad_lines)
        table, more = drop_faults(table, file, lines, skip_bad_lines=skip_bad_lines)
        dropped += more
    ordered = [name for name in RATINGS_SCHEMA if name in types]
    return table.select(pl.col(name).cast(RATINGS_SCHEMA[name]) for name in ordered), dropped


def check_header(content: bytes | Path, file: str, wanted: list[str]) -> list[str]:
    """The column names in a CSV's first line.

    Raises:
        DataError: If a wanted one is missing or a name occurs twice.
    """
    _, header = next(records(content, CSV), (1, []))
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
    if syntax.header:
        options |= {"columns": list(fields), "infer_schema": False}
        options["schema_overrides"] = {name: types[column] for name, column in fields.items()}
    elif syntax.separator == "::":
        # polars separates by single bytes: between two fields there is then an empty one, which must stay empty.
        gaps = {name: f"after {name}" for name in list(fields)[:-1]}
        schema: dict[str, Any] = {}
        for name, column in fields.items():
            schema[column] = types[column]
            if name in gaps:
                schema[gaps[name]] = pl.Int8
        options["schema"] = schema
    else:
        options["schema"] = {column: types[column] for column in fields.values()}
    try:
        table = pl.read_csv(content, separator=syntax.separator[0], **options)
    except pl.exceptions.PolarsError:
        return None
    gap_columns = [name for name in table.columns if name.startswith("after ")]
    if any(table[name].null_count() < table.height for name in gap_columns):
        return None
    return table.drop(gap_columns).rename({k: v for k, v in fields.items() if syntax.header})


def _read_slowly(
    content: bytes | Path,
    file: str,
    syntax: Syntax,
    fields: Mapping[str, str],
    types: Mapping[str, Any],
    skip_bad_lines: bool,
) -> tuple[pl.DataFrame, np.ndarray, int]:
    """The file line by line: the table, the line number of each row, how many lines were dropped."""
    header = check_header(content, file, list(fields)) if syntax.header else list(fields)
    parsers: dict[Any, Callable[[str, str], Any]] = {
        pl.UInt32: whole_number,
        pl.String: identifier,
        pl.Float32: number,
        pl.Int64: integer,
    }
    wanted = [(header.index(name), name, parsers[types[column]]) for name, column in fields.items()]

    def convert(record: list[str]) -> tuple[Any, ...]:
        expect_fields(record, header)
        return tuple(parser(record[index], name) for index, name, parser in wanted)

    rows, lines, dropped = parse(content, syntax, file, convert, skip_bad_lines=skip_bad_lines)
    schema = {column: types[column] for column in fields.values()}
    return pl.DataFrame(rows, schema=schema, orient="row"), np.array(lines, dtype=np.int64), dropped


def drop_faults(
    table: pl.DataFrame, file: str, lines: np.ndarray, *, skip_bad_lines: bool
) -> tuple[pl.DataFrame, int]:
    """Checks the values of a ratings table.

    Args:
        table: [n] ratings.
        file: What messages call their file.
        lines: [n] line number of each row.
        skip_bad_lines: Drop the rows at fault instead of raising.

    Returns:
        The table, and how many rows were dropped.

    Raises:
        DataError: With file, line and column of the first fault, unless faults are skipped.
    """
    bad = np.zeros(table.height, dtype=bool)
    while (fault := _first_fault(table, bad)) is not None:
        mask, column, expected = fault
        if not skip_bad_lines:
            row = int(np.flatnonzero(mask)[0])
            came = table[column][row] if column else "the same pair again"
            raise DataError(f"{expected}, got {came}", file=file, line=int(lines[row]), column=column)
        bad |= mask
    return table.filter(~bad), int(bad.sum())


def _first_fault(table: pl.DataFrame, ignore: np.ndarray | None = None) -> tuple[np.ndarray, str | None, str] | None:
    """The first kind of fault: [n] bool for the rows that have it, their column, and what was expected."""
    good = np.ones(table.height, dtype=bool) if ignore is None else ~ignore
    checks: list[tuple[str, pl.Expr, str]] = []
    for name in ("user_id", "movie_id"):
        empty = pl.col(name).is_null() | (pl.col(name) == "" if table.schema[name] == pl.String else pl.lit(False))
        checks.append((name, empty, "expected an id"))
    if "user_rating" in table.columns:
        checks.append(("user_rating", ~pl.col("user_rating").is_finite().fill_null(False), "expected a finite number"))
    if "timestamp" in table.columns:
        sane = pl.col("timestamp").is_between(0, _END_OF_TIME, closed="left").fill_null(False)
        checks.append(("timestamp", ~sane, "expected seconds since 1970 and before 2100"))
    for column, expression, expected in checks:
        mask = table.select(expression.alias("bad"))["bad"].to_numpy() & good
        if mask.any():
            return mask, column, expected
    mask = repeated(table, good)
    return (mask, None, "expected one rating for each user and movie") if mask.any() else None


def repeated(table: pl.DataFrame, good: np.ndarray) -> np.ndarray:
    """Rows whose (user, movie) occurs again further down, among the good rows.

    Args:
        table: [n] rows with ``user_id`` and ``movie_id``.
        good: [n] bool; the others are as if they were not there.

    Returns:
        [n] bool.
    """
    keys = np.zeros(table.height, dtype=np.uint64)
    for name in ("user_id", "movie_id"):
        column = table[name]
        part = column.hash().to_numpy() if column.dtype == pl.String else column.fill_null(0).to_numpy().astype(np.uint64)
        keys = keys * np.uint64(1 << 32) + part if column.dtype != pl.String else keys * np.uint64(1_000_003) + part
    ordered = np.sort(keys[good])
    twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    if not len(twice):
        return np.zeros(table.height, dtype=bool)
    # Hashes may collide: compare the ids themselves among the few suspects.
    suspects = np.flatnonzero(np.isin(keys, twice) & good)
    pairs = table[suspects].select("user_id", "movie_id")
    result = np.zeros(table.height, dtype=bool)
    result[suspects] = ~pairs.select(pl.struct(pl.all()).is_last_distinct()).to_series().to_numpy()
    return result
