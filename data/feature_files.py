"""Movies, users and Parquet tables that bring their own columns: CSV or Parquet, columns by name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from data.errors import DataError
from data.names import HINT, OwnNames
from data.parquet import read_foreign
from data.ratings_table import check_header
from data.records import NUMBER, Syntax, csv_syntax, expect_fields, parse, shorten
from data.regular import is_regular

_WRITTEN: dict[Any, str] = {
    **dict.fromkeys((pl.Float32, pl.Float64), rf"{NUMBER}|[+-]?(?i:nan|inf|infinity)"),
    **dict.fromkeys((pl.Int32, pl.Int64), "[+-]?[0-9]+"),
    pl.Date: "[0-9]{4}-[0-9]{2}-[0-9]{2}",
}
"""How values of a type are written in a CSV file."""


def read_columns(
    path: str | Path, schema: dict[str, Any], required: tuple[str, ...], names: OwnNames | None = None
) -> pl.DataFrame:
    """Reads those columns of a CSV or Parquet file that a schema names.

    Args:
        path: The file; other columns are passed over.
        schema: Column name → polars type, in the order of the result.
        required: Columns that must be there.
        names: What columns are called in the file, where that is something else.

    Returns:
        [n] rows with the columns of ``schema`` that the file has.

    Raises:
        DataError: If the file is missing, lacks a required column or holds a value of another type.
    """
    path, names = Path(path).expanduser(), names or OwnNames()
    read = read_parquet if is_parquet(path) else _read_csv
    table = read(path, {names.of(name): dtype for name, dtype in schema.items()}, names.required(schema, required))
    return table.rename({names.of(name): name for name in schema}, strict=False)


def read_features(path: Path, schema: dict[str, Any], key: str, names: OwnNames | None = None) -> pl.DataFrame:
    """A movies or users file, each id once.

    Args:
        path: CSV or Parquet.
        schema: Column name → polars type.
        key: The id's column, which must be there.
        names: As in ``read_columns``.

    Raises:
        DataError: As ``read_columns``, and if an id is null or occurs twice.
    """
    table = read_columns(path, schema, (key,), names)
    for fault, bad in (("an id", table[key].is_null()), ("each id once", ~table[key].is_first_distinct())):
        if bad.any():
            row = int(bad.arg_max() or 0)
            line = row + (1 if is_parquet(path) else 2)
            came = "nothing" if table[key][row] is None else f"{table[key][row]} again"
            raise DataError(f"expected {fault}, got {came}", file=path, line=line, column=key)
    for name in (name for name, dtype in table.schema.items() if dtype.is_float()):
        odd = ~table[name].is_finite().fill_null(True)
        if odd.any():
            row = int(odd.arg_max() or 0)
            line = row + (1 if is_parquet(path) else 2)
            raise DataError(f"expected a finite number, got {table[name][row]}", file=path, line=line, column=name)
    return table


def _read_csv(path: Path, schema: dict[str, Any], required: tuple[str, ...]) -> pl.DataFrame:
    syntax = csv_syntax(path, schema)
    there = check_header(path, str(path), list(required), syntax, hint=HINT)
    present = [name for name in schema if name in there]
    text, lines = _text_columns(path, there, present, syntax)
    columns = []
    for name in present:
        dtype = schema[name]
        column = text[name].str.split("|") if dtype == pl.List(pl.String) else _cast(text[name], dtype)
        bad = column.is_null() & text[name].is_not_null()
        if bad.any():
            row = int(bad.arg_max() or 0)
            came = shorten(str(text[name][row]))
            raise DataError(f"expected {dtype}, got {came}", file=path, line=int(lines[row]), column=name)
        columns.append(column)
    return pl.DataFrame(columns)


def _text_columns(
    path: Path, header: list[str], wanted: list[str], syntax: Syntax
) -> tuple[pl.DataFrame, Sequence[int]]:
    """Some columns as they stand in the file, null where there is nothing, and the line of each row."""
    if is_regular(path, syntax, len(header), numbers=False):
        try:
            table = pl.read_csv(path, columns=wanted, separator=syntax.separator, infer_schema=False).select(wanted)
            return table, range(2, table.height + 2)
        except pl.exceptions.PolarsError:
            pass  # line by line it is found what is wrong, and where
    places = [header.index(name) for name in wanted]

    def convert(record: list[str]) -> tuple[str | None, ...]:
        expect_fields(record, header)
        return tuple(record[place] or None for place in places)

    rows, lines, _ = parse(path, syntax, str(path), convert, skip_bad_lines=False)
    return pl.DataFrame(rows, schema=dict.fromkeys(wanted, pl.String), orient="row"), lines


def _cast(text: pl.Series, dtype: Any) -> pl.Series:
    """Text as another type; null where it is something else."""
    if dtype == pl.Boolean:
        truth = dict.fromkeys(("true", "1", "m", "male"), True) | dict.fromkeys(("false", "0", "f", "female"), False)
        return text.str.to_lowercase().replace_strict(truth, default=None, return_dtype=pl.Boolean)
    written = _WRITTEN.get(dtype)
    if written is not None:  # polars itself would take spaces too, and guess what 01/02/1995 means
        plain = text.str.contains(f"^(?:{written})$").fill_null(False)
        text = text.zip_with(plain, pl.Series([None], dtype=pl.String))
    return text.str.to_date("%Y-%m-%d", strict=False) if dtype == pl.Date else text.cast(dtype, strict=False)


def is_parquet(path: Path) -> bool:
    """Tells by the contents, not by the name.

    Raises:
        DataError: If there is no such file.
    """
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PAR1"
    except OSError as error:
        raise DataError(f"expected a CSV or Parquet file, got {error.strerror or error}", file=path) from error


def read_parquet(path: Path, schema: dict[str, Any], required: tuple[str, ...]) -> pl.DataFrame:
    """``read_columns`` for Parquet."""
    table = read_foreign(path)
    missing = [name for name in required if name not in table.columns]
    if missing:
        reason = f"expected the columns {', '.join(required)}, got {', '.join(table.columns)}{HINT}"
        raise DataError(reason, file=path, column=missing[0])
    columns = []
    for name, dtype in schema.items():
        if name in table.columns:
            came = table.schema[name]
            if not _fits(came, dtype):
                raise DataError(f"expected {dtype}, got {came}", file=path, column=name)
            columns.append(pl.col(name).cast(dtype))
    return table.select(columns)


def _fits(came: Any, dtype: Any) -> bool:
    """Whether a column can be cast without guessing: integers to ids, numbers to ratings, but no text to numbers."""
    if dtype == pl.String:
        return came in (pl.String, pl.Categorical) or came.is_integer() or came == pl.Null
    if dtype in (pl.Float32, pl.Float64):
        return came.is_numeric() or came == pl.Null
    if dtype in (pl.Int64, pl.Int32):
        return came.is_integer() or came == pl.Null
    return came == dtype or came == pl.Null
