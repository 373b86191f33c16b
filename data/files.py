"""A user's own data: CSV or Parquet with our column names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from data.dataset import MOVIES_SCHEMA, RATINGS_SCHEMA, USERS_SCHEMA, Dataset
from data.errors import DataError
from data.ratings_table import check_header, drop_faults, read_ratings
from data.records import CSV
from data.splits import Split
from data.tables import add_missing, movies_table, users_table

_REQUIRED = ("user_id", "movie_id")
_LISTS = ("movie_genres", "tags")


def load_files(
    ratings: str | Path,
    *,
    movies: str | Path | None = None,
    users: str | Path | None = None,
    skip_bad_lines: bool = False,
    report: Callable[[str], None] | None = None,
) -> Dataset:
    """Loads a user's own data.

    Columns go by name, others are passed over. Whole-number ids become text.

    Args:
        ratings: CSV or Parquet with ``user_id``, ``movie_id``; without ``user_rating`` it is implicit feedback, without
            ``timestamp`` (seconds since 1970) only the splits that need none are allowed.
        movies: CSV or Parquet with ``movie_id`` and any of the other columns of ``Dataset.movies``; in CSV, several
            genres or tags are separated by ``|``. None, or a movie that is not there: its title is its id.
        users: CSV or Parquet with ``user_id`` and any of the other columns of ``Dataset.users``.
        skip_bad_lines: Drop bad ratings instead of raising; of several for one user and movie the last is kept.
        report: Receives a line on what was dropped.

    Raises:
        DataError: If a file is missing, lacks a column or has a bad line; names file, line (of Parquet: row), column.
    """
    table, dropped = read_ratings_file(ratings, skip_bad_lines=skip_bad_lines)
    if dropped and report:
        report(f"skipped {dropped:,} bad lines of {ratings}")
    return _dataset(Path(ratings).stem, table, movies, users, str(ratings), dropped)


def load_split_files(
    train: str | Path,
    test: str | Path,
    *,
    validation: str | Path | None = None,
    movies: str | Path | None = None,
    users: str | Path | None = None,
    skip_bad_lines: bool = False,
    report: Callable[[str], None] | None = None,
) -> tuple[Dataset, Split]:
    """Loads data that comes already split.

    Args:
        train: As ``ratings`` of ``load_files``.
        test: The same, with the same columns.
        validation: The same; None for a split whose validation is empty (see ``holdout``).
        movies: As in ``load_files``.
        users: As in ``load_files``.
        skip_bad_lines: As in ``load_files``.
        report: As in ``load_files``.

    Returns:
        A dataset of all ratings (train, validation, test) and the split of kind ``files``.

    Raises:
        DataError: As ``load_files``, and if a rating stands in two parts or the parts have different columns.
    """
    files = {"train": train, "validation": validation, "test": test}
    parts: dict[str, pl.DataFrame] = {}
    dropped = 0
    for part, file in files.items():
        if file is not None:
            parts[part], more = read_ratings_file(file, skip_bad_lines=skip_bad_lines)
            dropped += more
    columns = parts["train"].columns
    for part, table in parts.items():
        if table.columns != columns:
            raise DataError(
                f"expected the columns of train ({', '.join(columns)}), got {', '.join(table.columns)}",
                file=files[part],
            )
    _check_disjoint(parts, files)
    if dropped and report:
        report(f"skipped {dropped:,} bad lines of {', '.join(str(file) for file in files.values() if file)}")
    together = pl.concat(list(parts.values()))
    source = ", ".join(f"{part} {file}" for part, file in files.items() if file)
    dataset = _dataset(Path(train).stem, together, movies, users, source, dropped)
    return dataset, Split("files", parts["train"], parts.get("validation", together.clear()), parts["test"])


def read_ratings_file(path: str | Path, *, skip_bad_lines: bool = False) -> tuple[pl.DataFrame, int]:
    """Reads and checks one ratings file; see ``load_files``.

    Returns:
        [n] rows with those columns of ``RATINGS_SCHEMA`` that the file has, and how many lines were dropped.

    Raises:
        DataError: As ``load_files``.
    """
    path = Path(path).expanduser()
    if not _is_parquet(path):
        present = check_header(path, str(path), list(_REQUIRED))
        fields = {name: name for name in RATINGS_SCHEMA if name in present}
        table, dropped = read_ratings(path, str(path), CSV, fields, numeric_ids=False, skip_bad_lines=skip_bad_lines)
    else:
        table = _read_parquet(path, RATINGS_SCHEMA, _REQUIRED)
        if table.is_empty():
            raise DataError("expected ratings, got none", file=path)
        rows = np.arange(1, table.height + 1)
        table, dropped = drop_faults(table, str(path), rows, skip_bad_lines=skip_bad_lines)
    return table, dropped


def _dataset(
    name: str,
    ratings: pl.DataFrame,
    movies: str | Path | None,
    users: str | Path | None,
    source: str,
    dropped: int,
) -> Dataset:
    tables = []
    for file, schema, key in ((movies, MOVIES_SCHEMA, "movie_id"), (users, USERS_SCHEMA, "user_id")):
        table = _read_features(Path(file).expanduser(), schema, key) if file else pl.DataFrame(schema={key: pl.String})
        tables.append(add_missing(table, ratings[key]))
    return Dataset(name, ratings, movies_table(tables[0]), users_table(tables[1]), source, dropped)


def read_columns(path: str | Path, schema: dict[str, Any], required: tuple[str, ...]) -> pl.DataFrame:
    """Reads those columns of a CSV or Parquet file that a schema names.

    Args:
        path: The file; other columns are passed over.
        schema: Column name → polars type, in the order of the result.
        required: Columns that must be there.

    Returns:
        [n] rows with the columns of ``schema`` that the file has.

    Raises:
        DataError: If the file is missing, lacks a required column or holds a value of another type.
    """
    path = Path(path).expanduser()
    return _read_parquet(path, schema, required) if _is_parquet(path) else _read_csv(path, schema, required)


def _read_features(path: Path, schema: dict[str, Any], key: str) -> pl.DataFrame:
    """A movies or users file, each id once."""
    table = read_columns(path, schema, (key,))
    for fault, bad in (("an id", table[key].is_null()), ("each id once", ~table[key].is_first_distinct())):
        if bad.any():
            row = int(bad.arg_max() or 0)
            line = row + (1 if _is_parquet(path) else 2)
            raise DataError(f"expected {fault}, got {table[key][row]}", file=path, line=line, column=key)
    return table


def _read_csv(path: Path, schema: dict[str, Any], required: tuple[str, ...]) -> pl.DataFrame:
    there = check_header(path, str(path), list(required))
    present = [name for name in schema if name in there]
    try:
        text = pl.read_csv(path, columns=present, infer_schema=False).select(present)
    except pl.exceptions.PolarsError as error:
        raise DataError(
            f"expected comma-separated values in UTF-8, got something else ({_first_line(error)})", file=path
        ) from error
    columns = []
    for name in present:
        dtype = schema[name]
        column = text[name].str.split("|") if name in _LISTS else _cast(text[name], dtype)
        bad = column.is_null() & text[name].is_not_null()
        if bad.any():
            row = int(bad.arg_max() or 0)
            raise DataError(f"expected {dtype}, got {text[name][row]!r}", file=path, line=row + 2, column=name)
        columns.append(column)
    return pl.DataFrame(columns)


def _cast(text: pl.Series, dtype: Any) -> pl.Series:
    """Text as another type; null where it is something else."""
    if dtype == pl.Boolean:
        truth = {
            "true": True,
            "1": True,
            "m": True,
            "male": True,
            "false": False,
            "0": False,
            "f": False,
            "female": False,
        }
        return text.str.to_lowercase().replace_strict(truth, default=None, return_dtype=pl.Boolean)
    return text.str.to_date(strict=False) if dtype == pl.Date else text.cast(dtype, strict=False)


def _is_parquet(path: Path) -> bool:
    """Tells by the contents, not by the name.

    Raises:
        DataError: If there is no such file.
    """
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PAR1"
    except OSError as error:
        raise DataError(f"expected a CSV or Parquet file, got {error.strerror or error}", file=path) from error


def _read_parquet(path: Path, schema: dict[str, Any], required: tuple[str, ...]) -> pl.DataFrame:
    try:
        table = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(f"expected a Parquet file, got a damaged one ({_first_line(error)})", file=path) from error
    missing = [name for name in required if name not in table.columns]
    if missing:
        columns_there = ", ".join(table.columns)
        raise DataError(
            f"expected the columns {', '.join(required)}, got {columns_there}", file=path, column=missing[0]
        )
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


def _check_disjoint(parts: dict[str, pl.DataFrame], files: dict[str, str | Path | None]) -> None:
    seen = parts["train"].select(_REQUIRED)
    for part in ("validation", "test"):
        if part in parts:
            both = parts[part].select(_REQUIRED).join(seen, on=_REQUIRED, how="semi")
            if both.height:
                user, movie = both.row(0)
                came = f"{both.height} that are in two, such as user {user}, movie {movie}"
                raise DataError(f"expected parts without a common rating, got {came}", file=files[part])
            seen = pl.concat([seen, parts[part].select(_REQUIRED)])


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
