"""Reads finished runs, and merges the replicates of a run into means and spreads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import polars as pl

from tfrs_lab.data import DataError, read_table
from tfrs_lab.data.storage import write_json, write_parquet
from tfrs_lab.evaluation import confidence_intervals, rating_errors
from tfrs_lab.experiments.storage.directory import check_files, read_config


@dataclass(frozen=True)
class Result:
    """A finished run.

    Attributes:
        directory: Where it is.
        config: Content of ``config.json``.
        metrics: Content of ``metrics.json``.
        per_user: Test metrics of each user: ``user_id`` and one column per metric; over replicates, their mean.
        seconds: ``train`` and ``evaluate``; over replicates, their mean.
    """

    directory: Path
    config: dict[str, Any]
    metrics: dict[str, Any]
    per_user: pl.DataFrame
    seconds: dict[str, float]

    @property
    def name(self) -> str:
        """The experiment's name."""
        return str(self.config["experiment"])

    @property
    def notes(self) -> list[str]:
        """What the model wants said of itself below a table: ``Trained.notes`` of all replicates."""
        return list(self.metrics.get("notes", ()))


def read_result(directory: Path) -> Result:
    """Reads a finished run.

    Raises:
        DataError: It is not a run directory, or the run did not finish.
    """
    config = read_config(directory)
    if "experiments" in config:
        finished = [name for name in config["experiments"] if (directory / name / "metrics.json").exists()]
        runs = ", ".join(str(directory / name) for name in finished) or "none is finished"
        raise DataError(f"expected a run, got a comparison of several; its runs: {runs}", file=directory)
    if not (directory / "metrics.json").exists():
        raise DataError("expected a finished run, got an interrupted one; finish it with --resume", file=directory)
    check_files(directory, ("config.json", "metrics.json", "timing.json", "per_user.parquet"))
    try:
        return Result(
            directory=directory,
            config=config,
            metrics=read_object(directory / "metrics.json", "test"),
            per_user=read_table(directory / "per_user.parquet"),
            seconds=read_object(directory / "timing.json"),
        )
    except (OSError, ValueError) as error:
        raise DataError(f"expected a whole run directory, got: {error}", file=directory) from None


def read_object(file: Path, *keys: str) -> dict[str, Any]:
    """A JSON object that has these keys."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{file.name}: {error}") from None
    if not isinstance(content, dict):
        raise ValueError(f"{file.name}: expected an object, got a {type(content).__name__}")
    if missing := [key for key in keys if key not in content]:
        raise ValueError(f"{file.name}: expected an object with {', '.join(keys)}, got none of {', '.join(missing)}")
    return content


def failed_in(comparison: Path) -> dict[str, str]:
    """Experiments of a comparison that could not be run: name → why; empty where all ran or nothing is known."""
    file = comparison / "comparison.json"
    if not file.exists():
        return {}
    try:
        return {str(name): str(reason) for name, reason in read_object(file).get("failed", {}).items()}
    except (OSError, ValueError, AttributeError) as error:
        raise DataError(f"expected the result of a comparison, got: {error}", file=file) from None


def merge(directory: Path, labels: Sequence[str]) -> None:
    """Writes the top files of a run with several replicates: means under the same keys, deviations as ``spread``."""
    stored = [json.loads((directory / label / "metrics.json").read_text(encoding="utf-8")) for label in labels]
    timings = [json.loads((directory / label / "timing.json").read_text(encoding="utf-8")) for label in labels]
    tables = [read_table(directory / label / "per_user.parquet") for label in labels]
    per_user = pl.concat(tables).group_by("user_id").mean().sort("user_id")
    values = per_user.drop("user_id")
    notes = list(dict.fromkeys(note for one in stored for note in one.get("notes", ())))
    write_parquet(directory / "per_user.parquet", per_user)
    rated = [directory / label / "predictions.parquet" for label in labels]
    errors = rating_errors(pl.concat(map(read_table, rated)))[1] if all(file.exists() for file in rated) else {}
    write_json(directory / "timing.json", over_replicates(timings, mean))
    write_json(
        directory / "metrics.json",
        {
            **{key: over_replicates([one[key] for one in stored], mean) for key in ("validation", "test", "slices")},
            "confidence": {
                **dict(zip(values.columns, confidence_intervals(values.to_numpy()).tolist(), strict=True)),
                **{name: list(ends) for name, ends in errors.items()},
            },
            "spread": {
                key: over_replicates([one[key] for one in stored], stdev) for key in ("validation", "test", "slices")
            },
            "parts": list(labels),
            **({"notes": notes} if notes else {}),
        },
    )


def over_replicates(values: Sequence[Any], summary: Any) -> Any:
    """Summarises nested dictionaries of numbers key by key; a key that not all of them have is summarised over those.

    >>> over_replicates([{"a": 1.0, "b": {"c": 2.0}}, {"a": 3.0, "b": {"c": 4.0}}], mean)
    {'a': 2.0, 'b': {'c': 3.0}}
    """
    values = [value for value in values if value is not None]
    if not values:
        return None
    if isinstance(values[0], Mapping):
        keys = list(dict.fromkeys(key for value in values for key in value))
        return {key: over_replicates([value[key] for value in values if key in value], summary) for key in keys}
    return summary(values) if summary is not stdev or len(values) > 1 else 0.0
