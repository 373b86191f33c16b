"""A user's own data: text files, Parquet or tables in memory, whatever their columns are called."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl

from tfrs_lab.data.dataset import MOVIES_SCHEMA, USERS_SCHEMA, Dataset
from tfrs_lab.data.errors import DataError
from tfrs_lab.data.names import OwnNames
from tfrs_lab.data.read_summary import ReadingSummary
from tfrs_lab.data.reading.feature_files import read_features
from tfrs_lab.data.reading.frames import label
from tfrs_lab.data.reading.ratings import REQUIRED, read_ratings_file
from tfrs_lab.data.splits.kinds import Split
from tfrs_lab.data.tables import add_missing, movies_table, users_table

Table: TypeAlias = Any
"""A path, or a table of polars, pandas or Arrow."""
Report: TypeAlias = Callable[[str], None]


def load_files(
    ratings: Table,
    *,
    movies: Table | None = None,
    users: Table | None = None,
    columns: Mapping[str, str] | None = None,
    skip_bad_lines: bool = False,
    report: Report | None = None,
) -> Dataset:
    """Loads a user's own data.

    Columns go by our names, by ``columns``, or by names that are well known (``userId``, ``item``, ``rating``, ``date``
    ...); others are passed over and named. A text file's delimiter is detected, packed files are unpacked. Ids become
    text. Of a user's several events with one movie the latest counts.

    Args:
        ratings: CSV, Parquet or a table with users and movies; without ratings it is implicit feedback, without times
            only the splits that need none are allowed.
        movies: The same with ``movie_id`` and any of the other columns of ``Dataset.movies``; in CSV, several genres or
            tags are separated by ``|``, ``;`` or ``,``. None, or a movie that is not there: its title is its id.
        users: The same with ``user_id`` and any of the other columns of ``Dataset.users``.
        columns: What our columns are called in these files: ``{"user_id": "kunde"}``, for one kind of file
            ``{"movies.movie_id": "id"}``; "" leaves a column unread, ``"1"`` is the first of a file without a header.
        skip_bad_lines: Drop bad lines instead of raising.
        report: Receives a line on what was read of each file, and one on what was skipped.

    Returns:
        The dataset; its ``reading`` says what was read.

    Raises:
        DataError: If a file is missing, lacks a column or has a bad line; names file, line (of Parquet: row), column.
    """
    names = OwnNames.of_all(columns)
    table, summary = read_ratings_file(ratings, names=names, skip_bad_lines=skip_bad_lines)
    _say([summary], report)
    movie_table, user_table, dropped = _features(table, movies, users, names, skip_bad_lines, report)
    dropped += summary.skipped
    return Dataset(_name(ratings), table, movie_table, user_table, label(ratings), dropped, (summary,))


def load_split_files(
    train: Table,
    test: Table,
    *,
    validation: Table | None = None,
    movies: Table | None = None,
    users: Table | None = None,
    columns: Mapping[str, str] | None = None,
    skip_bad_lines: bool = False,
    report: Report | None = None,
) -> tuple[Dataset, Split]:
    """Loads data that comes already split.

    ``train``, ``test`` and ``validation`` are files as ``ratings`` of ``load_files``, with the same columns; the other
    arguments are as there. Without validation that of the split is empty (see ``data.with_validation``).

    Returns:
        A dataset of all ratings (train, validation, test) and the split of kind ``files``.

    Raises:
        DataError: As ``load_files``, and if a rating is in two parts or the parts have different columns.
    """
    names = OwnNames.of_all(columns)
    files = {
        part: file for part, file in (("train", train), ("validation", validation), ("test", test)) if file is not None
    }
    read = {part: read_ratings_file(file, names=names, skip_bad_lines=skip_bad_lines) for part, file in files.items()}
    parts = {part: table for part, (table, _) in read.items()}
    summaries = tuple(summary for _, summary in read.values())
    wanted = parts["train"].columns
    for part, table in parts.items():
        if table.columns != wanted:
            came = ", ".join(table.columns)
            raise DataError(f"expected the columns of train ({', '.join(wanted)}), got {came}", file=label(files[part]))
    _check_disjoint(parts, {part: label(file) for part, file in files.items()})
    _say(summaries, report)
    together = pl.concat(list(parts.values()))
    source = ", ".join(f"{part} {label(file)}" for part, file in files.items())
    movie_table, user_table, dropped = _features(together, movies, users, names, skip_bad_lines, report)
    dropped += sum(summary.skipped for summary in summaries)
    dataset = Dataset(_name(train), together, movie_table, user_table, source, dropped, summaries)
    rest = parts.get("validation", together.clear())
    return dataset, Split("files", parts["train"], rest, parts["test"], dataset=dataset)


def _say(summaries: Iterable[ReadingSummary], report: Report | None) -> None:
    for summary in summaries:
        if report and summary.skipped:
            report(summary.skipped_line)
        if report:
            report(summary.line)


def _name(source: Table) -> str:
    return Path(source).name.partition(".")[0] or "ratings" if isinstance(source, str | Path) else "table"


def _features(
    ratings: pl.DataFrame,
    movies: Table | None,
    users: Table | None,
    names: OwnNames,
    skip_bad_lines: bool,
    report: Report | None,
) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    """Tables of movies and users with a row for all that are in the ratings, and how many lines were dropped."""
    tables, dropped = [], 0
    for source, schema, key in ((movies, MOVIES_SCHEMA, "movie_id"), (users, USERS_SCHEMA, "user_id")):
        table, more = pl.DataFrame(schema={key: pl.String}), 0
        if source is not None:
            table, more = read_features(
                source, schema, key, names, rated=ratings[key], skip_bad_lines=skip_bad_lines, report=report
            )
        tables.append(add_missing(table, ratings[key]))
        dropped += more
    return movies_table(tables[0]), users_table(tables[1]), dropped


def _check_disjoint(parts: dict[str, pl.DataFrame], files: dict[str, str]) -> None:
    seen = parts["train"].select(REQUIRED)
    for part in ("validation", "test"):
        if part in parts:
            both = parts[part].select(REQUIRED).join(seen, on=REQUIRED, how="semi")
            if both.height:
                user, movie = both.row(0)
                came = f"{both.height} that are in two, such as user {user}, movie {movie}"
                way = "leave them out of one part, or give all rows as --ratings"
                raise DataError(f"expected parts without a common rating, got {came}; {way}", file=files[part])
            seen = pl.concat([seen, parts[part].select(REQUIRED)])
