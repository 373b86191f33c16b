"""``recs replay RUN_OR_EXPORT``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import tyro

from tfrs_lab.data import DataError, parse_columns, read_ratings_file
from tfrs_lab.data.names import OwnNames
from tfrs_lab.data.storage import write_json
from tfrs_lab.evaluation.replay import Answer, Request, replay, requests, summarise
from tfrs_lab.experiments.command_line.options import OneRunOptions, ResultOptions
from tfrs_lab.experiments.command_line.settings import parse_settings, to_words
from tfrs_lab.experiments.command_line.usage import parse_options
from tfrs_lab.experiments.display.display import console
from tfrs_lab.experiments.display.freshness import freshness_table
from tfrs_lab.experiments.recommend.open import exported_version
from tfrs_lab.experiments.runs import replay as playing
from tfrs_lab.experiments.runs.replicates import load_source
from tfrs_lab.experiments.storage.directory import read_config, read_settings
from tfrs_lab.experiments.storage.stored_model import load_model
from tfrs_lab.models.registry import specification
from tfrs_lab.models.training.reporter import Reporter, reporter_here

DESCRIPTION = """Plays later events in order of time to a finished run or an export, which stays as it is: before each
event the model is asked for its list, live (each user's history grows as events happen) and frozen (histories as they
were at training). With --retrain-every also a model that is trained again. What is told is how often and how high the
event's movie was in the list, by how many events had come since training."""


@dataclass(frozen=True)
class ReplayOptions(ResultOptions):
    """What the command takes."""

    model: tyro.conf.Positional[Path]
    """Directory of a finished run (recs run) or of an export (recs export)."""
    test: Path | None = None
    """The events (CSV or Parquet): user_id, movie_id, timestamp; default: the run's own test rows."""
    known: Path | None = None
    """For an export: the rows that it was trained on; default: the histories that lie in it."""
    columns: str | None = None
    """What our columns are called in your file, where that differs: user_id=customer,movie_id=film."""
    k: int = 10
    """Length of the lists."""
    retrain_every: int | None = None
    """Of a run: also train it again after every so many events."""

    def __post_init__(self) -> None:
        if self.k < 1 or (self.retrain_every is not None and self.retrain_every < 1):
            raise ValueError(f"need k >= 1 and retrain_every >= 1, got {self.k} and {self.retrain_every}")


def main(words: Sequence[str]) -> None:
    """Plays and prints; of a run also writes ``replay.json``, which its report shows."""
    options = parse_options(ReplayOptions, words, prog="recs replay", description=DESCRIPTION)
    reporter = reporter_here()
    version = exported_version(options.model)
    with reporter.phase(f"replaying to {options.model}"):
        result = _of_run(options, reporter) if version is None else _of_export(options, version, reporter)
    if version is None:
        write_json(options.model / "replay.json", result)
    if options.json:
        print(json.dumps(result))
        return
    screen = console()
    screen.print(freshness_table(result))
    if version is None:
        screen.print(f"kept in {options.model / 'replay.json'}; recs report {options.model} shows it", soft_wrap=True)


def _of_run(options: ReplayOptions, reporter: Reporter) -> dict[str, Any]:
    model = load_model(options.model)
    events = model.test if options.test is None else _read(options.test, options, reporter)
    asked, rows = requests(model.known, events)
    answers = playing.of_run(model.recommender, options.k)
    if options.retrain_every is not None:
        answers["trained again"] = _trained_again(options, options.retrain_every, model.known, rows, reporter)
    return _played(asked, rows, answers, options, model.name)


def _trained_again(
    options: ReplayOptions, every: int, known: pl.DataFrame, rows: pl.DataFrame, reporter: Reporter
) -> Answer:
    if not (options.model / "known.parquet").exists():
        raise DataError("--retrain-every: expected a run of one seed and split, got one of several", file=options.model)
    config = read_config(options.model)
    name = config["experiment"]
    settings = parse_settings(OneRunOptions, [name], to_words(read_settings(options.model)), prog="recs replay")
    return playing.trained_again(
        specification(name),
        settings.configs[name],
        load_source(settings.options, reporter).dataset,
        known,
        rows,
        every=every,
        plan=playing.plan_of(options.model),
        seed=settings.options.seed,
        k=options.k,
    )


def _of_export(options: ReplayOptions, version: Path, reporter: Reporter) -> dict[str, Any]:
    if options.test is None:
        raise DataError("--test: expected a file of events to play to an export, got none", file=version)
    if options.retrain_every is not None:
        raise DataError("--retrain-every: expected a run, which can be trained again, got an export", file=version)
    known = playing.known_to(version) if options.known is None else _read(options.known, options, reporter)
    if known.is_empty():
        raise DataError(
            "--known: expected the rows that the export was trained on, which it does not hold", file=version
        )
    asked, rows = requests(known, _read(options.test, options, reporter))
    return _played(asked, rows, playing.of_export(version, options.k), options, version.parent.name)


def _read(file: Path, options: ReplayOptions, reporter: Reporter) -> pl.DataFrame:
    table, summary = read_ratings_file(file, names=OwnNames(parse_columns(options.columns)))
    reporter.line(summary.line)
    return table


def _played(
    asked: Sequence[Request], rows: pl.DataFrame, answers: dict[str, Answer], options: ReplayOptions, name: str
) -> dict[str, Any]:
    if not len(rows):
        raise DataError("expected events of movies that are new to their users, got none")
    # a model is trained again between two blocks
    block = max(size for size in range(1, 257) if (options.retrain_every or 256) % size == 0)
    played = replay(asked, rows["movie_id"].to_list(), answers, k=options.k, block=block)
    return {"kind": "freshness", "model": name, "k": options.k, **summarise(played, list(answers), against="frozen")}
