"""The runs in a directory, whole or not, and how they are taken away."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tfrs_lab.data import DataError
from tfrs_lab.experiments.storage.directory import locked
from tfrs_lab.experiments.storage.results import failed_in, read_object
from tfrs_lab.serving.manifest import check_manifest

PARTIAL = ".partial"


@dataclass(frozen=True)
class StoredRun:
    """A run as it lies there.

    Attributes:
        directory: Where.
        state: ``finished``; ``unfinished``, which ``--resume`` continues; ``failed`` in a comparison, or
            ``damaged``, and why.
        config: Content of ``config.json``, empty if it can't be read.
        metrics: Content of ``metrics.json``, empty unless finished.
        seconds: ``train`` and ``evaluate``, empty unless finished.
    """

    directory: Path
    state: str
    config: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def test(self) -> dict[str, float]:
        """Test metrics."""
        found: dict[str, float] = self.metrics.get("test", {})
        return found

    @property
    def dataset(self) -> str | None:
        """Name of the dataset."""
        return self.config.get("dataset", {}).get("name")


def stored_runs(root: Path) -> list[StoredRun]:
    """All runs below a directory, those of comparisons and ablations among them, in order of name."""
    if not root.is_dir():
        raise DataError("expected a directory of runs, got none", file=root)
    return list(_runs_below(root))


def _runs_below(directory: Path) -> Iterator[StoredRun]:
    failed = _failed_in(directory)
    for entry in sorted(directory.iterdir()):
        if entry.is_dir() and not entry.is_symlink() and not entry.name.startswith("."):
            run = stored_run(entry)
            if run is None:
                yield from _runs_below(entry)
            elif entry.name.removesuffix(PARTIAL) not in failed:
                yield run
    for name, reason in failed.items():
        partial = directory / f"{name}{PARTIAL}"
        begun = stored_run(partial) if partial.is_dir() else None
        yield StoredRun(directory / name, f"failed: {reason}", begun.config if begun else {"experiment": name})


def _failed_in(directory: Path) -> dict[str, str]:
    """What failed, where the directory is that of a comparison; one that can't be read counts as none."""
    try:
        return failed_in(directory)
    except DataError:
        return {}


def stored_run(directory: Path) -> StoredRun | None:
    """The run in a directory; None if it holds none itself."""
    if not (directory / "config.json").exists():
        bare = (directory / "metrics.json").exists() and (directory / "topk.parquet").exists()
        return StoredRun(directory, "damaged: no config.json") if bare else None
    try:
        config = read_object(directory / "config.json")
        if "experiment" not in config and "settings" in config:
            return None  # of a comparison or an ablation, whose runs are below
        _check_config(config)
    except (OSError, ValueError) as error:
        return StoredRun(directory, f"damaged: config.json: {error}")
    if directory.name.endswith(PARTIAL):
        return StoredRun(directory, "unfinished", config)
    try:
        metrics, seconds = (read_object(directory / f"{name}.json") for name in ("metrics", "timing"))
        if not isinstance(metrics.get("test"), dict) or not isinstance(metrics.get("confidence"), dict):
            raise ValueError("metrics.json: expected test and confidence")
        check_manifest(directory, ("config.json", "metrics.json", "timing.json"))
    except (OSError, ValueError) as error:
        return StoredRun(directory, f"damaged: {_reason(error)}", config)
    return StoredRun(directory, "finished", config, metrics, seconds)


def _check_config(config: dict[str, Any]) -> None:
    expected = {"experiment": str, "settings": dict, "dataset": dict, "split": str}
    for name, kind in expected.items():
        if not isinstance(config.get(name), kind):
            raise ValueError(f"expected a run's {name}, got {type(config.get(name)).__name__}")


def _reason(error: Exception) -> str:
    return f"no {Path(error.filename).name}" if isinstance(error, FileNotFoundError) else str(error)


def delete_runs(directories: Sequence[Path]) -> None:
    """Takes run directories away; each disappears in one step before its files go.

    Raises:
        DataError: One is no run directory, or is being worked on; then nothing more is deleted.
    """
    for directory in directories:
        with locked(directory) if directory.name.endswith(PARTIAL) else nullcontext():
            doomed = directory.with_name(f".{directory.name}.deleted-{os.getpid()}")
            os.rename(directory, doomed)
        shutil.rmtree(doomed)


def check_deletable(directory: Path) -> None:
    """Refuses everything but a directory with a run's ``config.json``: that of a comparison has it too."""
    if directory.is_symlink() or not directory.is_dir():
        raise DataError("expected a run directory, got none", file=directory)
    try:
        config = read_object(directory / "config.json")
    except (OSError, ValueError) as error:
        raise DataError(f"expected a run directory; its config.json: {error}", file=directory) from None
    if "settings" not in config or not {"experiment", "experiments", "ablations"} & set(config):
        raise DataError("expected a run directory, got other content", file=directory)
    if Path.cwd().resolve().is_relative_to(directory.resolve()):
        raise DataError("expected a run directory elsewhere, got the one we are in", file=directory)
