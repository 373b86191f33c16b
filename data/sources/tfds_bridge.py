"""TensorFlow Datasets from outside: finds what it has, runs ``tfrs_lab.data.sources.tfds_worker``; never imports it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from tfrs_lab.data.catalogue import Release, release
from tfrs_lab.data.dataset import Dataset
from tfrs_lab.data.errors import DataError
from tfrs_lab.data.reading.archive import Archive, open_archive
from tfrs_lab.data.sources.official_files import write_official
from tfrs_lab.data.storage import sha256
from tfrs_lab.data.tables import NO_GENRES

# Prepared on every load: small enough. TFDS writes some 10,000 examples a second: 1m takes minutes, 25m an hour.
AUTOMATIC = ("100k", "latest-small")
_SECONDS_PER_MILLION = 600


def tfds_dir() -> Path:
    """TFDS's data directory: ``$TFDS_DATA_DIR``, else ``~/tensorflow_datasets``."""
    return Path(os.environ.get("TFDS_DATA_DIR") or Path.home() / "tensorflow_datasets").expanduser().resolve()


def is_prepared(name: str) -> bool:
    """Whether ``tfds.load`` finds both ``movielens/<name>-ratings`` and ``-movies`` without a network."""
    folder = tfds_dir() / "movielens"
    return all(any((folder / f"{name}-{table}").glob("*/dataset_info.json")) for table in ("ratings", "movies"))


def prepare(dataset: Dataset, *, report: Callable[[str], None] = lambda line: None) -> None:
    """Prepares the TFDS datasets ``movielens/<name>-ratings`` and ``-movies``, unless they are there.

    TFDS's own builder does it, from the tables written in the official format; it appears whole or not at all.

    Raises:
        DataError: If TFDS does not know the dataset, is not installed or fails.
    """
    known = release(dataset.name)
    if not known.tfds:
        raise DataError(f"TFDS {_version()} has no movielens/{known.name}, expected one of its own sizes")
    if is_prepared(known.name):
        return
    report(f"preparing the TFDS datasets movielens/{known.name}-* in {tfds_dir()}, once")
    with tempfile.TemporaryDirectory(prefix="tfrs-lab-") as folder:
        write_official(dataset, known.layout, Path(folder))
        limit = 300 + dataset.ratings.height / 1e6 * _SECONDS_PER_MILLION
        try:
            _run(["prepare", known.name, "--files", folder], time_limit=limit)
        except DataError:
            if not is_prepared(known.name):  # else another process was faster
                raise


def restore(known: Release) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Reads the prepared datasets back, rows in the order of the source's files.

    Returns:
        Ratings, movies and users. TFDS keeps neither 100k's release dates nor tags, and no users without ratings.

    Raises:
        DataError: If they are not prepared or cannot be read, or if the order of rows cannot be restored.
    """
    if not is_prepared(known.name):
        raise DataError(f"not prepared in {tfds_dir()}")
    with tempfile.TemporaryDirectory(prefix="tfrs-lab-") as folder:
        _run(["restore", known.name, "--out", folder], time_limit=300 + known.counts[0] / 1e6 * _SECONDS_PER_MILLION)
        ratings, movies, users = (pl.read_parquet(Path(folder, f"{t}.parquet")) for t in ("ratings", "movies", "users"))
    # GroupLens sorts these files by user. If the rows are not, TFDS has shuffled them in a way that we do not know.
    if known.layout != "100k" and not ratings["user_id"].cast(pl.Int64).is_sorted():
        raise DataError(f"the row order of movielens/{known.name}-ratings in {tfds_dir()} cannot be restored")
    no_genre = pl.element().str.to_lowercase().is_in(list(NO_GENRES))
    movies = movies.with_columns(
        pl.col("movie_genres").cast(pl.List(pl.String)).list.eval(pl.element().filter(~no_genre))
    )
    return ratings, movies, users


def download(known: Release) -> Path:
    """Downloads the official archive through TFDS's download manager, which checks its checksum."""
    limit = 120 + known.counts[0] / 1e6 * 60
    return Path(_run(["download", known.url], time_limit=limit)["path"])


def downloaded(known: Release) -> Archive | None:
    """The official archive or its extracted folder, if TFDS has left it on this machine."""
    folder = tfds_dir() / "downloads"
    expected = checksum(known)
    for path in sorted(folder.rglob("*.zip")):
        # The size first: there may be gigabytes of other archives.
        if expected and path.stat().st_size == expected[0] and sha256(path) == expected[1]:
            return open_archive(path, known)
    for path in sorted(folder.rglob(f"extracted/*/{known.folder}")):
        return open_archive(path, known)
    return None


def checksum(known: Release) -> tuple[int, str] | None:
    """Size and SHA-256 (hex) of the official archive, as TFDS has them; None if it does not."""
    spec = importlib.util.find_spec("tensorflow_datasets")
    if spec is None or spec.origin is None:
        return None
    lines = Path(spec.origin).with_name("url_checksums").joinpath("movielens.txt").read_text().splitlines()
    for url, size, digest, *_ in (line.split("\t") for line in lines):
        if url == known.url:
            return int(size), digest
    return None


def _run(arguments: list[str], *, time_limit: float) -> dict:
    """Runs the worker; returns what it says."""
    if importlib.util.find_spec("tensorflow_datasets") is None:
        raise DataError("tensorflow-datasets is not installed")
    command = [sys.executable, "-m", "tfrs_lab.data.sources.tfds_worker", *arguments, "--tfds-dir", str(tfds_dir())]
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "TQDM_DISABLE": "1"}
    # A session of its own, so that whatever the worker started ends with it.
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    worker = subprocess.Popen(command, env=os.environ | quiet, start_new_session=True, **pipes)
    try:
        out, err = worker.communicate(timeout=time_limit)
    except BaseException as error:
        _stop(worker)
        if isinstance(error, subprocess.TimeoutExpired):
            raise DataError(f"TFDS took longer than {time_limit:.0f} s to {arguments[0]} {arguments[1]}") from error
        raise
    try:
        result = json.loads(out.strip().splitlines()[-1])
    except (IndexError, ValueError):
        said = (err.strip().splitlines() or ["no answer"])[-1]
        raise DataError(f"TFDS could not {arguments[0]} {arguments[1]}: {said}") from None
    if "error" in result:
        raise DataError(f"TFDS could not {arguments[0]} {arguments[1]}: {result['error']}")
    return result


def _stop(worker: subprocess.Popen) -> None:
    if hasattr(os, "killpg"):
        os.killpg(worker.pid, signal.SIGKILL)
    else:
        worker.kill()
    worker.communicate()


def _version() -> str:
    try:
        return importlib.metadata.version("tensorflow-datasets")
    except importlib.metadata.PackageNotFoundError:
        return "(not installed)"
