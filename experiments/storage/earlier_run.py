"""The run that ``--from`` names: trained weights to start from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from tfrs_lab.data import DataError, Interactions, Split
from tfrs_lab.data.storage import read_arrays
from tfrs_lab.experiments.storage.directory import check_files, read_config
from tfrs_lab.models.specification import WEIGHTS


@dataclass(frozen=True)
class EarlierRun:
    """A finished run of one part."""

    directory: Path
    config: dict[str, Any]

    @classmethod
    def open(cls, directory: Path, experiment: str) -> EarlierRun:
        """Checks that a run can be warm-started from.

        Raises:
            DataError: It is no finished run of that experiment on one seed and split.
        """
        config = read_config(directory)
        for wanted, found in (("retrieval", experiment), (experiment, config["experiment"])):
            if wanted != found:
                raise DataError(f"--from: expected a run of {wanted} to start from, got {found}", file=directory)
        if not (directory / "metrics.json").exists():
            raise DataError(
                "--from: expected a finished run, got one that recs run --resume can finish", file=directory
            )
        if not (directory / "known.parquet").exists():
            raise DataError("--from: expected a run of one seed and split, got one of several", file=directory)
        return cls(directory, config)

    def check(self, split: Split) -> None:
        """Refuses a split that asks for what the run has been trained on."""
        keys = ["user_id", "movie_id"]
        check_files(self.directory, ["known.parquet"])
        known = pl.read_parquet(self.directory / "known.parquet", columns=keys)
        for name, rows in (("validation", split.validation), ("test", split.test)):
            leaked = rows.select(keys).join(known, on=keys, how="semi")
            if len(leaked):
                user, movie = leaked.row(0)
                raise DataError(
                    f"--from: expected {name} rows that the run has not been trained on, got {len(leaked):,} of "
                    f"{len(rows):,}, the first of user {user} and movie {movie}; split by --train, --validation and "
                    "--test files, or in time",
                    file=self.directory,
                )

    def hand_over(self, part: str, model: Any, rows: Interactions) -> None:
        """Gives a part of a new model the run's weights, see ``models.training.warm_start.take_over``."""
        from tfrs_lab.models.training.warm_start import take_over

        file = self.directory / "checkpoints" / "final" / part / WEIGHTS
        if not file.exists():
            raise DataError(f"--from: expected weights of the part {part}, got none", file=self.directory)
        check_files(self.directory, [file.relative_to(self.directory).as_posix()])
        try:
            take_over(model, rows, read_arrays(file))
        except ValueError as error:
            raise DataError(f"--from: {part}: {error}", file=file) from None
