"""The index of a run on disk. ``index.json`` says which directory holds it: replacing that file is the swap."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tfrs_lab.data import DataError, read_table
from tfrs_lab.data.dataset import MOVIES_SCHEMA
from tfrs_lab.data.storage import read_arrays, write_arrays, write_json, write_parquet, write_text
from tfrs_lab.experiments.display.plots import recall_and_speed
from tfrs_lab.experiments.storage.directory import locked
from tfrs_lab.experiments.storage.stored_model import MODEL_FILE
from tfrs_lab.serving.index import IndexSetting, ScannIndex, build_index
from tfrs_lab.serving.manifest import ManifestError, check_manifest, checksum, write_manifest
from tfrs_lab.serving.servable import Servable

KEPT = 2
"""Generations that are kept: whoever has read the last ``index.json`` still finds its directory."""


@dataclass(frozen=True, eq=False)
class StoredIndex:
    """An index with what makes it up.

    Attributes:
        setting: How movies are searched.
        tuning: What tuning found, as ``tfrs_lab.serving.tuning.Tuned.as_dict`` gives it.
        added: Movies that joined after training, as ``Dataset.movies``.
        removed: Ids of movies that are not recommended.
        searcher: The built ScaNN searcher as arrays; None for brute force.
        version: Number of its generation; 0 before it is written.
    """

    setting: IndexSetting
    tuning: dict[str, Any]
    added: pl.DataFrame
    removed: tuple[str, ...] = ()
    searcher: dict[str, np.ndarray] | None = None
    version: int = 0

    def build(self, servable: Servable) -> StoredIndex:
        """The same index over the movies that may be recommended now."""
        index = build_index(servable.candidates[servable.rows], servable.rows, self.setting)
        return replace(self, searcher=index.arrays() if isinstance(index, ScannIndex) else None)

    def restore(self, servable: Servable) -> Any:
        """The built index, of the servable that it was built of."""
        if self.searcher is None:
            return build_index(servable.candidates[servable.rows], servable.rows, self.setting)
        built = len(self.searcher["dataset"])
        if built != len(servable.rows):
            raise DataError(f"expected an index of {len(servable.rows)} movies, got one of {built}: call recs index")
        return ScannIndex(self.searcher, servable.rows, self.setting)


def no_movies() -> pl.DataFrame:
    """A table of movies without rows."""
    return pl.DataFrame(schema=MOVIES_SCHEMA)


def read_index(run: Path) -> StoredIndex | None:
    """The run's index; None if it has none.

    Raises:
        DataError: It can't be read.
    """
    file = run / "index.json"
    if not file.exists():
        return None
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
        directory = run / "index" / str(int(stored["version"]))
        _check_belongs(run, directory, stored)
        searcher = directory / "scann.npz"
        return StoredIndex(
            setting=IndexSetting(**stored["setting"]),
            tuning=stored["tuning"],
            added=read_table(directory / "added.parquet"),
            removed=tuple(stored["removed"]),
            searcher=read_arrays(searcher) if searcher.exists() else None,
            version=stored["version"],
        )
    except DataError:
        raise
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(
            f"expected the record of an index, got: {error}; recs index --rebuild makes it anew", file=file
        ) from None


def _check_belongs(run: Path, directory: Path, stored: dict[str, Any]) -> None:
    """Refuses an index that is damaged, or was built of another model than the run has now."""
    try:
        check_manifest(directory)
    except ManifestError as error:
        raise DataError(
            f"damaged or changed index: {error}; recs index --rebuild makes it anew", file=directory
        ) from None
    model = stored.get("model")
    if model is not None and model != model_checksum(run):
        raise DataError(
            "expected the index of this run's model, got that of another; recs index --rebuild makes it anew",
            file=run / "index.json",
        )


def model_checksum(run: Path) -> str | None:
    """SHA-256 of the arrays that are indexed; None where there are none."""
    file = next(iter(sorted(run.glob(MODEL_FILE)) or sorted(run.glob(f"*/{MODEL_FILE}"))), None)
    return checksum(file) if file is not None else None


def change_index(
    run: Path, change: Callable[[StoredIndex | None], StoredIndex], *, afresh: bool = False
) -> StoredIndex:
    """Replaces the run's index by what the change makes of it, in one step."""
    home = run / "index"
    home.mkdir(exist_ok=True)
    with locked(home):
        found = change(None if afresh else read_index(run))
        generations = sorted(int(entry.name) for entry in home.iterdir() if entry.name.isdigit())
        found = replace(found, version=max(generations, default=0) + 1)
        partial = home / f".partial-{os.getpid()}"
        try:
            _write(partial, found)
            os.rename(partial, home / str(found.version))
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        write_text(run / "index.svg", recall_and_speed(found.tuning))
        write_json(run / "index.json", {**_record(found), "model": model_checksum(run)})
        for old in [*generations, found.version][:-KEPT]:
            shutil.rmtree(home / str(old), ignore_errors=True)
    return found


def _write(directory: Path, index: StoredIndex) -> None:
    directory.mkdir()
    write_parquet(directory / "added.parquet", index.added)
    if index.searcher is not None:
        write_arrays(directory / "scann.npz", index.searcher)
    write_manifest(directory, [*directory.iterdir()])


def _record(index: StoredIndex) -> dict[str, Any]:
    """The content of ``index.json``."""
    return {
        "version": index.version,
        "setting": vars(index.setting),
        "added": index.added["movie_id"].to_list(),
        "removed": list(index.removed),
        "tuning": index.tuning,
    }
