"""Ratings split, encoded and dealt out to shards, so that training reads them from disk; see ``recs data shards``."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from tfrs_lab.data import DataError, Dataset, Interactions, Split, read_table
from tfrs_lab.data.sampling import drawn
from tfrs_lab.data.storage import write_json
from tfrs_lab.experiments.storage.directory import partial_path
from tfrs_lab.serving.manifest import NAME as MANIFEST
from tfrs_lab.serving.manifest import ManifestError, check_manifest, checksum, write_manifest

if TYPE_CHECKING:
    from tfrs_lab.models.specification import Specification

ABOUT = "about.json"
FORMAT = 1
"""Raised when shards that were written before cannot be read any more."""
TABLES = ("train", "validation", "test", "movies", "users")
FITTED: tuple[Literal["train", "train_and_validation"], ...] = ("train", "train_and_validation")
PARTS = ("in_batch", "id", "history", "reconstruction")
"""Parts of ``retrieval`` that learn batch by batch, from users, movies and histories alone."""


@dataclass(frozen=True, eq=False)
class ShardedSplit(Split):
    """A split whose tables hold the rows of the users to be asked, and whose rows to learn from are in shards."""

    directory: Path = Path()

    def encoded(self, part: Literal["train", "train_and_validation"]) -> Interactions:
        """All rows of the part, on disk."""
        from tfrs_lab.models.training.shards import ShardedRows

        return ShardedRows(self.directory / part)


def write_sharded(dataset: Dataset, split: Split, out: Path, *, shards: int, asked: int | None, seed: int) -> None:
    """Writes a split as shards.

    Args:
        dataset: What was split.
        split: Train, validation, test.
        out: The directory, which appears when it is whole.
        shards: Number of shards, a multiple of the workers that will read them.
        asked: Number of users, drawn at random, in validation and test; None for all.
        seed: Of the order of the rows and of the draw.
    """
    from tfrs_lab.models.training.shards import write_shards

    if out.exists():
        raise DataError("expected a new directory for shards, got one that is there", file=out)
    directory = partial_path(out)
    shutil.rmtree(directory, ignore_errors=True)
    try:
        for part in FITTED:
            write_shards(split.encoded(part), directory / part, shards, seed)
        tables = {part: getattr(split, part) for part in ("train", "validation", "test")}
        if asked is not None:
            users = pl.concat([split.validation["user_id"], split.test["user_id"]]).unique().sort()
            chosen = users[drawn(len(users), asked, seed)]
            tables = {part: table.filter(pl.col("user_id").is_in(chosen.implode())) for part, table in tables.items()}
        for name, table in (tables | {"movies": dataset.movies, "users": dataset.users}).items():
            table.write_parquet(directory / f"{name}.parquet")
        about = {"format": FORMAT, "name": dataset.name, "source": dataset.source, "seed": seed}
        about |= {"kind": split.kind, "asks": split.asks}
        write_json(directory / ABOUT, about)
        write_manifest(directory, [file for file in directory.rglob("*") if file.is_file()])
        os.rename(directory, out)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def read_sharded(directory: Path) -> tuple[Dataset, ShardedSplit, str]:
    """What ``write_sharded`` wrote; every file is compared with its checksum.

    Raises:
        DataError: It is not there, of another version, or a file is missing, damaged or of other shards.
    """
    about = _about(directory)
    try:
        check_manifest(directory)
    except ManifestError as error:
        raise DataError(f"expected whole shards, got: {error}; write them again", file=directory) from None
    tables = {name: read_table(directory / f"{name}.parquet") for name in TABLES}
    train, validation, test = (tables[name] for name in ("train", "validation", "test"))
    together = pl.concat([train, validation, test])
    dataset = Dataset(about["name"], together, tables["movies"], tables["users"], f"shards of {about['source']}")
    split = ShardedSplit(about["kind"], train, validation, test, test_cut=about.get("asks"), directory=directory)
    return dataset, split, checksum(directory / MANIFEST)


def unsuitable_for_shards(experiment: Specification, config: Any) -> str | None:
    """Why an experiment cannot learn from shards; None if it can."""
    if experiment.name != "retrieval":
        return f"expected the experiment retrieval, got {experiment.name}"
    others = [part for part in config.parts if part not in PARTS]
    if others:
        return f"expected --retrieval.parts of {', '.join(PARTS)}, got {others[0]}, which needs all rows in memory"
    timed = [part for part in config.parts if "context" in getattr(config, part).query]
    if timed:
        return f"expected towers without context in {timed[0]}: shards hold no times"
    return None


def _about(directory: Path) -> dict[str, Any]:
    file = directory / ABOUT
    try:
        about = json.loads(file.read_text(encoding="utf-8"))
        found = about["format"]
    except FileNotFoundError:
        raise DataError(f"expected shards that recs data shards wrote, got no {ABOUT}", file=directory) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"expected what shards hold, got a damaged file ({error})", file=file) from None
    if found != FORMAT or not (directory / MANIFEST).exists():
        raise DataError(f"expected shards of format {FORMAT} with {MANIFEST}, got {found}; write them again", file=file)
    return about
