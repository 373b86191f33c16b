"""The directory of a run: built beside its final place, renamed when it is whole."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

from tfrs_lab.data import DataError
from tfrs_lab.data.storage import write_json
from tfrs_lab.models.specification import WEIGHTS
from tfrs_lab.serving.manifest import NAME as MANIFEST
from tfrs_lab.serving.manifest import ManifestError, check_manifest, write_manifest

try:
    import fcntl
except ImportError:  # Windows has no flock: there, two runs with one --out go unnoticed
    fcntl = None  # type: ignore[assignment]


def partial_path(target: Path) -> Path:
    """Where the run that shall become ``target`` is built."""
    return target.with_name(target.name + ".partial")


def read_config(run: Path) -> dict[str, Any]:
    """The ``config.json`` of a finished or interrupted run.

    Raises:
        DataError: There is none, or it can't be read.
    """
    for directory in (run, partial_path(run)):
        file = directory / "config.json"
        if file.exists():
            try:
                config = json.loads(file.read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                raise DataError(f"expected a run's config, got: {error}", file=file) from None
            if isinstance(config, dict) and isinstance(config.get("settings"), dict):
                return config
            raise DataError("expected a run's config with `settings`, got other content", file=file)
    raise DataError("expected a run directory with config.json, got none", file=run)


def read_settings(run: Path) -> dict[str, Any]:
    """The settings of a run, for another one with the same or nearly the same.

    Raises:
        DataError: There are none, or they are those of a version with other options.
    """
    config = read_config(run)
    here = metadata.version("tfrs-lab")
    before = config.get("versions", {}).get("tfrs-lab", here)
    if before.split(".")[:2] != here.split(".")[:2]:
        raise DataError(
            f"expected a run of version {here}, got one of {before}, whose options are others: repeat it with that "
            "version, or run it anew with the settings in its config.json (recs recommend, report and export read it)",
            file=run,
        )
    settings: dict[str, Any] = config["settings"]
    return settings


@contextmanager
def building(target: Path, config: dict[str, Any], *, overwrite: bool) -> Iterator[Path]:
    """Yields the directory to build a run in; it becomes ``target`` when the block ends without an exception.

    What an interrupted run with the same settings left there is kept, so that the run continues where it stopped.

    Args:
        target: The run's final place.
        config: Content of ``config.json``; ``settings`` decides what counts as the same run.
        overwrite: Allow ``target`` to hold a finished run with other settings.

    Raises:
        DataError: ``target`` holds something that must not be replaced, or another process builds it right now.
    """
    _check_replaceable(target, config, overwrite)
    partial = partial_path(target)
    new_parents = [parent for parent in partial.parents if not parent.exists()]
    partial.mkdir(parents=True, exist_ok=True)
    with locked(partial):
        if not _same_settings(partial, config):
            for entry in partial.iterdir():
                if entry.name != ".lock":
                    shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        write_json(partial / "config.json", config)
        try:
            yield partial
        except BaseException:
            _remove_if_bare(partial, new_parents)
            raise
        write_manifest(partial, _kept_files(partial))
        (partial / ".lock").unlink(missing_ok=True)
        _replace(target, partial)


def check_files(run: Path, names: Iterable[str]) -> None:
    """Compares files of a finished run with the checksums that were taken when it was whole."""
    try:
        check_manifest(run, names)
    except ManifestError as error:
        raise DataError(f"expected a whole run directory, got a damaged or changed one: {error}", file=run) from None


def _kept_files(directory: Path) -> list[Path]:
    """What is read of a finished run: not logs, checkpoints of the training, or the page that can be made again.

    Beside the checkpoints lie the weights at the end, which ``--from`` reads.
    """
    files = [file for file in directory.rglob("*") if file.is_file() and not file.name.startswith(".")]
    inside = ("tensorboard", "validation", "final")
    return [
        file
        for file in files
        if file.name not in ("report.html", MANIFEST)
        and (file.name == WEIGHTS or not set(inside) & set(file.relative_to(directory).parts))
    ]


def is_finished(target: Path, config: dict[str, Any]) -> bool:
    """Whether ``target`` holds a finished run with the same settings and data."""
    return (target / "metrics.json").exists() and _same_settings(target, config)


def _check_replaceable(target: Path, config: dict[str, Any], overwrite: bool) -> None:
    if not target.exists():
        return
    if target.is_dir() and not any(target.iterdir()):
        return
    if not (target / "config.json").exists():
        raise DataError("expected --out to be new, empty or a run directory, got something else", file=target)
    if not overwrite and not _same_settings(target, config):
        raise DataError(
            "holds a finished run with other settings; choose another --out or add --overwrite", file=target
        )


def _same_settings(directory: Path, config: dict[str, Any]) -> bool:
    """Whether a run there has the settings, data and versions that decide its numbers."""
    try:
        stored = json.loads((directory / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    plain = json.loads(json.dumps(config))
    return all(stored.get(key) == plain.get(key) for key in ("experiment", "settings", "dataset"))


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Keeps other processes out while the block runs."""
    with (directory / ".lock").open("w") as lock:
        if fcntl is not None:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise DataError("another process is working on this run", file=directory) from None
        yield


def _remove_if_bare(partial: Path, new_parents: list[Path]) -> None:
    """Removes what was made for a run that failed before it had anything worth resuming."""
    if {entry.name for entry in partial.iterdir()} <= {"config.json", ".lock"}:
        shutil.rmtree(partial)
        for parent in new_parents:
            parent.rmdir()


def _replace(target: Path, partial: Path) -> None:
    """Puts ``partial`` in ``target``'s place; an earlier run is removed only when the new one is there."""
    if not target.exists():
        os.rename(partial, target)
        return
    old = target.with_name(f"{target.name}.old-{os.getpid()}")
    os.rename(target, old)
    try:
        os.rename(partial, target)
    except OSError:
        os.rename(old, target)
        raise
    shutil.rmtree(old)
