"""Parsed tables as Parquet, so that a dataset is parsed once.

An entry is a directory ``<cache>/<dataset>/<key>`` with the three tables, of which that of ratings has ids in integers,
the ids, and ``meta.json``, which holds the SHA-256 of all.
An entry appears by renaming a finished directory, so that it is whole or not there; of two processes that write the
same entry, the second finds it there and drops its own. One that does not match its ``meta.json`` is removed.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from tfrs_lab.data.dataset import Dataset
from tfrs_lab.data.errors import DataError
from tfrs_lab.data.interactions import Interactions, Vocabulary
from tfrs_lab.data.reading.parquet import read_table
from tfrs_lab.data.storage import sha256

VERSION = 2  # of the tables' meaning: raise it when parsing gives something else, and old entries are not used
_TABLES = ("ratings", "rating_users", "rated_movies", "movies", "users")


def cache_root(cache_dir: str | Path | None = None) -> Path:
    """Where entries live: the argument, else ``$TFRS_LAB_CACHE``, else the platform's cache directory."""
    chosen = cache_dir or os.environ.get("TFRS_LAB_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "tfrs-lab"
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "tfrs-lab" / "cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tfrs-lab"


def find(root: Path, name: str, key: str | None = None) -> Dataset | None:
    """The entry of a dataset, if it is there and whole.

    Without a key any entry of the official data (see ``store``).
    """
    folder = root / name
    entries = [folder / _entry(key)] if key else sorted(folder.glob(f"v{VERSION}-*"))
    for entry in entries:
        meta = _meta(entry)
        if meta is None or not (key or meta.get("official")):
            continue
        dataset = _read(entry, meta)
        if dataset is not None:
            return dataset
        shutil.rmtree(entry, ignore_errors=True)
    return None


def store(root: Path, dataset: Dataset, key: str, *, official: bool) -> None:
    """Writes an entry, whole or not at all.

    ``key`` is the identity of the files that it was parsed from; an ``official`` entry serves as the dataset when
    no particular files are asked for.

    Raises:
        DataError: If the cache directory cannot be written.
    """
    target = root / dataset.name / _entry(key)
    temporary: str | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = tempfile.mkdtemp(prefix=".new-", dir=target.parent)
        hashes = {}
        for name, table in zip(_TABLES, _tables(dataset), strict=True):
            file = Path(temporary, f"{name}.parquet")
            table.write_parquet(file, compression="lz4")  # a third of the time of zstd, half as large again
            hashes[name] = sha256(file)
        meta = {
            "source": dataset.source,
            "dropped_lines": dataset.dropped_lines,
            "official": official,
            "sha256": hashes,
        }
        Path(temporary, "meta.json").write_text(json.dumps(meta, indent=1))
        if target.exists() and _meta(target) is None:
            shutil.rmtree(target, ignore_errors=True)
        os.rename(temporary, target)
    except OSError as error:
        if _meta(target) is None:
            raise DataError(f"expected a directory that can be written ({error})", file=root) from error
    finally:
        if temporary:
            shutil.rmtree(temporary, ignore_errors=True)


def _entry(key: str) -> str:
    return f"v{VERSION}-{key[:24]}"


def _meta(entry: Path) -> dict | None:
    try:
        meta = json.loads((entry / "meta.json").read_text())
        return meta if set(meta["sha256"]) == set(_TABLES) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _read(entry: Path, meta: dict) -> Dataset | None:
    try:
        if any(sha256(entry / f"{table}.parquet") != meta["sha256"][table] for table in _TABLES):
            return None
        tables = {table: read_table(entry / f"{table}.parquet") for table in _TABLES}
        return _dataset(entry.parent.name, tables, meta)
    except (OSError, KeyError, DataError, pl.exceptions.PolarsError):
        return None


def _tables(dataset: Dataset) -> tuple[pl.DataFrame, ...]:
    """What is kept, as ``_TABLES`` calls it."""
    rows = dataset.encoded
    columns = {"user": rows.user, "movie": rows.movie, "user_rating": rows.rating, "timestamp": rows.timestamp}
    ratings = pl.DataFrame({name: values for name, values in columns.items() if values is not None})
    ids = (pl.DataFrame({"id": one.ids}, schema={"id": pl.String}) for one in (rows.users, rows.movies))
    return ratings, *ids, dataset.movies, dataset.users


def _dataset(name: str, tables: Mapping[str, pl.DataFrame], meta: Mapping[str, Any]) -> Dataset:
    """The reverse."""
    users, movies = (Vocabulary(tables[table]["id"].to_list()) for table in ("rating_users", "rated_movies"))
    rows = {column.name: column.to_numpy() for column in tables["ratings"]}
    encoded = Interactions(users, movies, rows["user"], rows["movie"], rows.get("user_rating"), rows.get("timestamp"))
    return Dataset.from_encoded(name, encoded, tables["movies"], tables["users"], meta["source"], meta["dropped_lines"])
