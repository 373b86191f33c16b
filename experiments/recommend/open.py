"""Opens a run or an export, to ask it for recommendations."""

from __future__ import annotations

from pathlib import Path

from tfrs_lab.data import DataError
from tfrs_lab.experiments.storage.directory import partial_path
from tfrs_lab.experiments.storage.recommender_source import Source
from tfrs_lab.models import quick_import

GRAPH = "saved_model.pb"


def exported_version(path: Path) -> Path | None:
    """The directory of a version: ``path`` itself, or the newest in a directory of exports; None if it is neither."""
    if (path / GRAPH).is_file():
        return path
    found = [entry for entry in path.iterdir() if entry.name.isdigit()] if path.is_dir() else []
    found = [entry for entry in found if (entry / GRAPH).is_file()]
    return max(found, key=lambda entry: int(entry.name), default=None)


def open_source(path: Path) -> Source:
    """Loads a run or an export; only what that needs is imported, which for an export is most of the time.

    Raises:
        DataError: It is neither, or it can't be read.
    """
    version = exported_version(path)
    if version is not None:
        with quick_import():
            from tfrs_lab.experiments.recommend.from_export import ExportSource  # loads TensorFlow
        return ExportSource(version)
    check_place(path)
    if path.is_dir() and not any((path / name).exists() for name in ("config.json", "metrics.json")):
        runs = ", ".join(str(file.parent) for file in sorted(path.glob("*/metrics.json"))[:8])
        inside = f"; runs in it: {runs}" if runs else ""
        raise DataError(f"expected a run (config.json) or an export (1/saved_model.pb), got neither{inside}", file=path)
    from tfrs_lab.experiments.storage.stored_model import RunSource, load_model

    return RunSource(load_model(path))


def check_place(path: Path) -> None:
    """Refuses a file, and a path where there is no run, finished or interrupted."""
    if path.is_file():
        raise DataError("expected the directory of a run or an export, got a file; --ratings takes ratings", file=path)
    if not path.exists() and not partial_path(path).exists():
        raise DataError("expected a run or an export, got no such directory", file=path)
