"""The runs that a page is about."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from tfrs_lab.data import DataError, fingerprint, read_table
from tfrs_lab.experiments.storage.directory import check_files
from tfrs_lab.experiments.storage.results import Result, failed_in, read_result


@dataclass(frozen=True, eq=False)
class Run:
    """A finished run on a page.

    Attributes:
        result: What is stored of it.
        label: Its name on the page, unlike that of the others.
        place: Of the runs of the page; decides its colour.
        alone: Whether the page is about no other.
    """

    result: Result
    label: str
    place: int = 0
    alone: bool = True

    @property
    def replicates(self) -> list[Path]:
        """The directories that hold its files: one per seed, draw or fold, or its own."""
        return [self.result.directory / label for label in self.result.metrics.get("parts", [""])]

    @cached_property
    def asked(self) -> frozenset[str]:
        """``asked_of`` each replicate's test; empty where it is not stored."""
        threshold = self.result.config["settings"].get("threshold")
        return frozenset(asked_of(rows, threshold) for rows in self.tables("test"))

    def tables(self, name: str) -> list[pl.DataFrame]:
        """A Parquet file of each replicate; nothing unless all have it."""
        files = [part / f"{name}.parquet" for part in self.replicates]
        if not all(file.exists() for file in files):
            return []
        check_files(self.result.directory, [file.relative_to(self.result.directory).as_posix() for file in files])
        try:
            return [read_table(file) for file in files]
        except (OSError, ValueError) as error:
            raise DataError(f"expected a whole run directory, got: {error}", file=self.result.directory) from None


def read_runs(directories: Sequence[Path]) -> list[Run]:
    """Reads run directories; of a comparison's directory all its runs but those that failed.

    Raises:
        DataError: One is no finished run or comparison, or is named twice.
    """
    found = [run for directory in directories for run in _runs_in(directory)]
    twice = [run for run, times in Counter(run.resolve() for run in found).items() if times > 1]
    if twice:
        raise DataError("expected each run once, got it again", file=twice[0])
    return as_runs([read_result(run) for run in found])


def as_runs(results: Sequence[Result]) -> list[Run]:
    """Gives runs names that tell them apart: the experiment's, and where that is not enough the directory's as well."""
    names = Counter(result.name for result in results)
    ambiguous = Counter((result.name, result.directory.name) for result in results)
    runs = []
    for place, result in enumerate(results):
        label = result.name
        if names[result.name] > 1:
            here = result.directory.resolve()
            alike = ambiguous[result.name, result.directory.name] > 1
            label += f" ({here.parent.name}/{here.name})" if alike else f" ({here.name})"
        runs.append(Run(result, label, place, alone=len(results) == 1))
    return runs


def asked_of(test: pl.DataFrame, threshold: float | None) -> str:
    """Fingerprint of the relevant test rows, in any order."""
    relevant = test if threshold is None else test.filter(pl.col("user_rating") >= threshold)
    return fingerprint(relevant.select("user_id", "movie_id").sort("user_id", "movie_id"))


def comparable(runs: Sequence[Run]) -> bool:
    """Whether all runs answer the same question: the same ratings, split in the same way, the same ones to predict."""
    asked = set()
    for run in runs:
        config = run.result.config
        threshold = config["settings"].get("threshold")
        asked.add((config["dataset"]["fingerprint"], config["split"], threshold, run.asked))
    return len(asked) == 1


def _runs_in(directory: Path) -> list[Path]:
    """The run directory itself, or those of a comparison."""
    try:
        experiments = json.loads((directory / "config.json").read_text(encoding="utf-8"))["experiments"]
    except (OSError, ValueError, KeyError, TypeError):
        return [directory]  # no comparison; reading it as a run says what is wrong with it
    if not (directory / "comparison.json").exists():
        raise DataError(
            "expected a finished comparison, got an interrupted one; finish it with --resume", file=directory
        )
    failed = failed_in(directory)
    ran = [directory / name for name in experiments if name not in failed]
    if not ran:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in failed.items())
        raise DataError(f"expected a comparison with a run, got one in which all failed ({reasons})", file=directory)
    return ran
