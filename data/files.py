"""A user's own data: CSV or Parquet with our column names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import polars as pl

from data.dataset import MOVIES_SCHEMA, RATINGS_SCHEMA, USERS_SCHEMA, Dataset
from data.errors import DataError
from data.feature_files import is_parquet, read_columns, read_features
from data.names import HINT, OwnNames
from data.ratings_table import check_header, drop_faults, read_ratings
from data.records import csv_syntax
from data.splits import Split
from data.tables import add_missing, movies_table, users_table

_REQUIRED = ("user_id", "movie_id")


def load_files(
    ratings: str | Path,
    *,
    movies: str | Path | None = None,
    users: str | Path | None = None,
    columns: Mapping[str, str] | None = None,
    skip_bad_lines: bool = False,
    report: Callable[[str], None] | None = None,
) -> Dataset:
    """Loads a user's own data.

    Columns go by name, others are passed over. Whole-number ids become text. What separates a CSV's fields is found in
    its first line: comma, semicolon, tab or bar.

    Args:
        ratings: CSV or Parquet with ``user_id``, ``movie_id``; without ``user_rating`` it is implicit feedback, without
            ``timestamp`` (seconds since 1970) only the splits that need none are allowed.
        movies: CSV or Parquet with ``movie_id`` and any of the other columns of ``Dataset.movies``; in CSV, several
            genres or tags are separated by ``|``. None, or a movie that is not there: its title is its id.
        users: CSV or Parquet with ``user_id`` and any of the other columns of ``Dataset.users``.
        columns: What our columns are called in these files, where that is something else: ``{"user_id": "customer"}``.
        skip_bad_lines: Drop bad ratings instead of raising; of several for one user and movie the last is kept.
        report: Receives a line on what was dropped.

    Raises:
        DataError: If a file is missing, lacks a column or has a bad line; names file, line (of Parquet: row), column.
    """
    names = OwnNames.of_all(columns)
    table, dropped = read_ratings_file(ratings, names=names, skip_bad_lines=skip_bad_lines)
    if dropped and report:
        report(f"skipped {dropped:,} bad lines of {ratings}")
    return _dataset(Path(ratings).stem, table, movies, users, names, str(ratings), dropped)


def load_split_files(
    train: str | Path,
    test: str | Path,
    *,
    validation: str | Path | None = None,
    movies: str | Path | None = None,
    users: str | Path | None = None,
    columns: Mapping[str, str] | None = None,
    skip_bad_lines: bool = False,
    report: Callable[[str], None] | None = None,
) -> tuple[Dataset, Split]:
    """Loads data that comes already split.

    Args:
        train: As ``ratings`` of ``load_files``.
        test: The same, with the same columns.
        validation: The same; None for a split whose validation is empty (see ``data.with_validation``).
        movies: As in ``load_files``.
        users: As in ``load_files``.
        columns: As in ``load_files``.
        skip_bad_lines: As in ``load_files``.
        report: As in ``load_files``.

    Returns:
        A dataset of all ratings (train, validation, test) and the split of kind ``files``.

    Raises:
        DataError: As ``load_files``, and if a rating stands in two parts or the parts have different columns.
    """
    names = OwnNames.of_all(columns)
    files = {"train": train, "validation": validation, "test": test}
    parts: dict[str, pl.DataFrame] = {}
    dropped = 0
    for part, file in files.items():
        if file is not None:
            parts[part], more = read_ratings_file(file, names=names, skip_bad_lines=skip_bad_lines)
            dropped += more
    wanted = parts["train"].columns
    for part, table in parts.items():
        if table.columns != wanted:
            raise DataError(
                f"expected the columns of train ({', '.join(wanted)}), got {', '.join(table.columns)}",
                file=files[part],
            )
    _check_disjoint(parts, files)
    if dropped and report:
        report(f"skipped {dropped:,} bad lines of {', '.join(str(file) for file in files.values() if file)}")
    together = pl.concat(list(parts.values()))
    source = ", ".join(f"{part} {file}" for part, file in files.items() if file)
    dataset = _dataset(Path(train).stem, together, movies, users, names, source, dropped)
    return dataset, Split("files", parts["train"], parts.get("validation", together.clear()), parts["test"])


def read_ratings_file(
    path: str | Path, *, names: OwnNames | None = None, skip_bad_lines: bool = False
) -> tuple[pl.DataFrame, int]:
    """Reads and checks one ratings file; see ``load_files``.

    Returns:
        [n] rows with those columns of ``RATINGS_SCHEMA`` that the file has, and how many lines were dropped.

    Raises:
        DataError: As ``load_files``.
    """
    path, names = Path(path).expanduser(), names or OwnNames()
    if not is_parquet(path):
        syntax = csv_syntax(path, [names.of(name) for name in RATINGS_SCHEMA])
        present = check_header(path, str(path), list(names.required(RATINGS_SCHEMA, _REQUIRED)), syntax, hint=HINT)
        fields = {names.of(name): name for name in RATINGS_SCHEMA if names.of(name) in present}
        table, dropped = read_ratings(path, str(path), syntax, fields, numeric_ids=False, skip_bad_lines=skip_bad_lines)
    else:
        table = read_columns(path, RATINGS_SCHEMA, _REQUIRED, names)
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
    names: OwnNames,
    source: str,
    dropped: int,
) -> Dataset:
    tables = []
    for file, schema, key in ((movies, MOVIES_SCHEMA, "movie_id"), (users, USERS_SCHEMA, "user_id")):
        table = (
            read_features(Path(file).expanduser(), schema, key, names)
            if file
            else pl.DataFrame(schema={key: pl.String})
        )
        tables.append(add_missing(table, ratings[key]))
    return Dataset(name, ratings, movies_table(tables[0]), users_table(tables[1]), source, dropped)


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
