"""``recs run --like RUN``: the same run again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tfrs_lab.data import DataError, Dataset
from tfrs_lab.experiments.command_line.settings import value_after
from tfrs_lab.experiments.command_line.usage import fail
from tfrs_lab.experiments.storage.directory import read_config
from tfrs_lab.experiments.storage.environment import package_versions
from tfrs_lab.models.training.reporter import Reporter

ALLOWED = (
    "--like",
    "--out",
    "--overwrite",
    "--no-overwrite",
    "--mlflow",
    "--json",
    "--no-json",
    "--debug",
    "--no-debug",
)
"""What may be given with --like: where the run goes and how it is shown."""


def check_repeatable(words: Sequence[str], prog: str) -> None:
    """Ends with a usage error if an option would make it another run, or the experiment is another."""
    options = [word.split("=")[0].replace("_", "-") for word in words if word.startswith("--")]
    others = [option for option in options if option not in ALLOWED]
    if others:
        fail(
            prog,
            f"--like: expected the settings of that run alone, got {others[0]} as well, which makes it another run",
        )
    if options.count("--like") != 1:
        fail(prog, f"--like: expected once, got {options.count('--like')} times")
    like = value_after("--like", words)
    if like is None:
        fail(prog, "--like: expected a run, got none")
    named, stored = words[0], read_config(like)["experiment"]
    if not named.startswith("-") and named != stored:
        fail(prog, f"--like: expected a run of {named}, got one of {stored}")


def check_same_data(like: Path, dataset: Dataset, reporter: Reporter) -> None:
    """Compares the data with that of a run, and says which packages have other versions.

    Raises:
        DataError: Its ratings, movies or users are others: the numbers would be, too.
    """
    config = read_config(like)
    stored = config.get("dataset", {})
    for what, found in (("fingerprint", dataset.fingerprint), ("features", dataset.features_fingerprint)):
        expected = stored.get(what)
        if expected is not None and expected != found:
            table = "ratings" if what == "fingerprint" else "movies and users"
            raise DataError(
                f"expected {table} with the checksum {expected[:16]}…, as that run had, got {found[:16]}…: the data of "
                f"{dataset.source} have changed",
                file=like,
            )
    here = package_versions()
    before = config.get("versions", {})
    changed = [f"{name} {before[name]} → {here.get(name)}" for name in before if before[name] != here.get(name)]
    if changed:
        reporter.line(f"other versions than in {like}, so numbers may differ: {', '.join(changed)}")
