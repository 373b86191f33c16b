"""Movies, users and other tables that bring their own columns: text, Parquet or tables in memory, columns by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from tfrs_lab.data.errors import DataError
from tfrs_lab.data.names import OwnNames
from tfrs_lab.data.read_summary import skipped_line, some
from tfrs_lab.data.reading.frames import read_raw
from tfrs_lab.data.reading.raw import RawTable, Sound, sound
from tfrs_lab.data.reading.values import Values, read_feature, read_ids

Report = Callable[[str], None]


def read_columns(
    path: str | Path,
    schema: Mapping[str, Any],
    required: tuple[str, ...],
    names: OwnNames | None = None,
    *,
    skip_bad_lines: bool = False,
    report: Report | None = None,
) -> pl.DataFrame:
    """Reads those columns of a CSV or Parquet file that a schema names.

    Args:
        path: The file, or a table; other columns are passed over.
        schema: Column name → polars type, in the order of the result.
        required: Columns that must be there.
        names: What columns are called in the file, where that is something else.
        skip_bad_lines: Drop bad lines instead of raising.
        report: Receives a line on what was dropped.

    Returns:
        [n] rows with the columns of ``schema`` that the file has.

    Raises:
        DataError: If the file is missing, lacks a required column or holds a value of another type.
    """
    raw = read_raw(path, schema, required, names or OwnNames(), kind="")
    good = _sound(raw, _read(raw, schema), (), skip_bad_lines=skip_bad_lines)
    if report and good.skipped:
        report(skipped_line(good.skipped, raw.rows, good.first_bad, raw.file))
    return good.table


def read_features(
    path: str | Path,
    schema: Mapping[str, Any],
    key: str,
    names: OwnNames | None = None,
    *,
    rated: pl.Series | None = None,
    skip_bad_lines: bool = False,
    report: Report | None = None,
) -> tuple[pl.DataFrame, int]:
    """A movies or users file, each id once; of an id that is there several times the last row counts.

    ``rated`` are the ids of the ratings: the report says how many of them the file knows. Returned are the table and
    how many lines were dropped.
    """
    raw = read_raw(path, schema, (key,), names or OwnNames(), kind="movies" if key == "movie_id" else "users")
    good = _sound(raw, _read(raw, schema), (key,), skip_bad_lines=skip_bad_lines)
    table = good.table.unique(key, keep="last", maintain_order=True)
    if report:
        if good.skipped:
            report(skipped_line(good.skipped, raw.rows, good.first_bad, raw.file))
        report("; ".join([*_counts(raw, good.table, table, key, rated), *raw.notes]))
    return table, good.skipped


def _read(raw: RawTable, schema: Mapping[str, Any]) -> dict[str, Values]:
    read = {}
    for name in raw.table.columns:
        try:
            is_id = name in ("user_id", "movie_id")
            read[name] = read_ids(raw.table[name]) if is_id else read_feature(raw.table[name], schema[name])
        except DataError as error:
            raise DataError(error.reason, file=raw.file, column=raw.columns.theirs(name)) from None
    return read


def _sound(raw: RawTable, read: Mapping[str, Values], keys: tuple[str, ...], *, skip_bad_lines: bool) -> Sound:
    bad = {name: values.odd for name, values in read.items() if values.odd is not None}
    bad |= {name: read[name].values.is_null() for name in keys}
    return sound(raw, read, bad, skip_bad_lines=skip_bad_lines)


def _counts(raw: RawTable, rows: pl.DataFrame, table: pl.DataFrame, key: str, rated: pl.Series | None) -> list[str]:
    """What was read of a movies or users file, and how many ids of the ratings it covers."""
    what = "movies" if key == "movie_id" else "users"
    parts = [f"{raw.file}: {table.height:,} {what}"]
    if again := rows.height - table.height:
        differ = rows.unique().height - table.height
        parts.append(f"{again:,} rows with an id that comes again" + (", of each the last counts" if differ else ""))
    if rated is not None and not rated.is_empty():
        ids = rated.unique(maintain_order=True)
        found = int(ids.is_in(table[key].implode()).sum())
        if not found and table.height:
            one, other = _examples(ids, table[key])
            parts[0] += f", none of the {len(ids):,} {what} of the ratings is among them ({one!r} beside {other!r})"
        else:
            parts[0] += f", with them {found:,} of the {len(ids):,} {what} of the ratings"
    if raw.columns.renamed:
        parts.append(", ".join(f"{ours} is {theirs}" for ours, theirs in raw.columns.renamed.items()))
    if raw.columns.passed_over:
        parts.append(f"passed over: {some(raw.columns.passed_over)}")
    return parts


def _examples(rated: pl.Series, known: pl.Series) -> tuple[str, str]:
    """An id of the ratings and one of the file, two that are alike if there are any."""
    alike = {_plain(id): id for id in reversed(known.to_list())}
    ours = rated.to_list()
    pair = next(((id, alike[_plain(id)]) for id in ours if _plain(id) in alike), None)
    return pair or (ours[0], known[0])


def _plain(id: str) -> str:
    return id.strip().lower().removesuffix(".0").lstrip("0")
