"""Opens a finished run, or an export."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from tfrs_lab.data import DataError, Split
from tfrs_lab.experiments.display.exported import Exported
from tfrs_lab.experiments.recommend.open import check_place, exported_version
from tfrs_lab.experiments.storage.results import read_result
from tfrs_lab.experiments.storage.stored_model import load_model
from tfrs_lab.model import Model
from tfrs_lab.models import quick_import
from tfrs_lab.models.registry import specification
from tfrs_lab.recommenders import dataset_of


def open(path: str | Path) -> Model | Exported:
    """Opens a run directory (``recs run``, ``model.save``) or an export (``recs export``, ``model.export``).

    Args:
        path: Its directory; of exports also one that holds versions, of which the newest is opened.

    Returns:
        Of a run the model; of an export what can be asked of a SavedModel: ``recommend``.

    Raises:
        DataError: It is neither, or it is damaged or unfinished.
    """
    place = Path(path).expanduser()
    version = exported_version(place)
    if version is not None:
        with quick_import():
            from tfrs_lab.experiments.recommend.from_export import ExportSource  # loads TensorFlow
        return Exported(ExportSource(version), version)
    check_place(place)
    stored, result = load_model(place), read_result(place)
    split = Split("files", stored.known, stored.known.clear(), stored.test, test_cut=stored.split or None)
    dataset = replace(dataset_of(split), name=str(result.config["dataset"]["name"]), movies=stored.movies)
    config: dict[str, Any] = result.config["settings"].get(stored.name, {})
    history = place / str(next(iter(result.metrics.get("parts", ())), "")) / "history.csv"
    return Model(
        stored.name,
        stored.recommender,
        config,
        _epochs(history),
        replace(split, dataset=dataset),
        dataset,
        specification(stored.name),
        directory=place,
    )


def _epochs(file: Path) -> pl.DataFrame:
    """The rows of ``history.csv``; none where the model has no epochs."""
    if not file.exists() or not file.read_text(encoding="utf-8").strip():
        return pl.DataFrame()
    try:
        return pl.read_csv(file, infer_schema_length=None)
    except pl.exceptions.PolarsError as error:
        raise DataError(f"expected a table of epochs, got: {error}", file=file) from None
