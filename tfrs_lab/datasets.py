"""Where a notebook's ratings come from, and how they are split."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfrs_lab.data import Dataset, Split, load_files
from tfrs_lab.data import load as load_movielens
from tfrs_lab.data import split as split_dataset
from tfrs_lab.models.training.reporter import reporter_here


def load(name: str = "100k", *, data_dir: str | Path | None = None) -> Dataset:
    """Loads MovieLens.

    Args:
        name: "100k", "latest-small", "1m", "10m", "20m", "25m" or "32m".
        data_dir: Directory or archive with GroupLens's files; None: what is cached, else a download.

    Raises:
        DataError: There is no such dataset, or it cannot be had.
    """
    return load_movielens(name, data_dir=data_dir, report=reporter_here().line)


def read(
    ratings: str | Path,
    *,
    movies: str | Path | None = None,
    users: str | Path | None = None,
    columns: Mapping[str, str] | None = None,
    skip_bad_lines: bool = False,
) -> Dataset:
    """Reads CSV or Parquet files, whose columns are recognised by well-known names.

    Args:
        ratings: Who interacted with what; ratings and times where there are any.
        movies: What is known of the movies: titles, genres, years.
        users: What is known of the users.
        columns: Our name of a column → the file's, where it is not recognised: ``{"user_id": "kunde"}``.
        skip_bad_lines: Leave malformed lines out instead of refusing the file.

    Raises:
        DataError: A file is missing or malformed; names file, line and column.
    """
    report = reporter_here().line
    return load_files(
        ratings, movies=movies, users=users, columns=columns, skip_bad_lines=skip_bad_lines, report=report
    )


def from_frames(
    ratings: Any, movies: Any = None, users: Any = None, *, columns: Mapping[str, str] | None = None
) -> Dataset:
    """Takes tables of polars, pandas or Arrow, whose columns are recognised as those of files are.

    Args:
        ratings: Who interacted with what; ratings and times where there are any.
        movies: What is known of the movies: titles, genres, years.
        users: What is known of the users.
        columns: Our name of a column → the table's, where it is not recognised.

    Raises:
        DataError: Something is no table, or lacks a column.
    """
    return load_files(ratings, movies=movies, users=users, columns=columns, report=reporter_here().line)


def split(dataset: Dataset, kind: str | None = None, *, seed: int = 0, **options: Any) -> Split:
    """Divides ratings into train, validation and test.

    Args:
        dataset: From ``load``, ``read`` or ``from_frames``.
        kind: "temporal-user", "temporal-global", "leave-one-out", "random", "stratified", "k-fold", "cold-items",
            "cold-users" or "mixed"; None: "temporal-user" where there are times, else "random".
        seed: Of whatever is drawn at random.
        **options: Of that kind of split, such as ``test=0.2``.

    Raises:
        DataError: There is no such split or option, or the data do not allow it.
    """
    return split_dataset(dataset, kind, seed=seed, **options)
