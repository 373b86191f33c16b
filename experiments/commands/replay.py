"""``recs replay RUN_OR_EXPORT``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import tyro

from tfrs_lab.data import DataError
from tfrs_lab.data.storage import write_json
from tfrs_lab.evaluation.interleaving import credits_of, preference
from tfrs_lab.evaluation.replay import Answer, ask, gains, requests, summarise
from tfrs_lab.experiments.command_line.options import OneRunOptions, ResultOptions
from tfrs_lab.experiments.command_line.settings import parse_settings, to_words
from tfrs_lab.experiments.command_line.usage import parse_options
from tfrs_lab.experiments.display.display import console
from tfrs_lab.experiments.display.freshness import freshness_table, interleaved_line
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
event's movie was in the list, by how many events had come since training. Two models are both asked live: what is told
is the difference between their lists, and whose picks are wanted more often in one list that holds both."""


@dataclass(frozen=True)
class ReplayOptions(ResultOptions):
    """What the command takes."""

    models: tyro.conf.Positional[tuple[Path, ...]]
    """Directory of a finished run (recs run) or of an export (recs export); two of them are compared."""
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
        if not 1 <= len(self.models) <= 2:
            raise ValueError(f"expected one run or export, or two to compare, got {len(self.models)}")
        if len(self.models) == 2 and self.retrain_every is not None:
            raise ValueError("--retrain-every: expected one run, got two models to compare")
        if self.k < 1 or (self.retrain_every is not None and self.retrain_every < 1):
            raise ValueError(f"need k >= 1 and retrain_every >= 1, got {self.k} and {self.retrain_every}")


def main(words: Sequence[str]) -> None:
    """Plays and prints; of a run also writes ``replay.json``, which its report shows."""
    options = parse_options(ReplayOptions, words, prog="recs replay", description=DESCRIPTION)
    reporter = reporter_here()
    with reporter.phase(f"replaying to {' and '.join(map(str, options.models))}"):
        played = [_asked(model, options, reporter) for model in options.models]
        result = _alone(played[0], options, reporter) if len(played) == 1 else _compared(played, options)
    kept = options.models[0] / "replay.json"
    if len(played) == 1 and not played[0].exported:
        write_json(kept, result)
    if options.json:
        print(json.dumps(result))
        return
    screen = console()
    screen.print(freshness_table(result))
    if "interleaved" in result:
        screen.print(interleaved_line(result), soft_wrap=True)
    if len(played) == 1 and not played[0].exported:
        screen.print(f"kept in {kept}; recs report {kept.parent} shows it", soft_wrap=True)


@dataclass(frozen=True)
class _Model:
    """What is asked.

    Attributes:
        name: Of the model.
        directory: As it was named.
        exported: Whether it is an export.
        known: The rows that it was trained on.
        events: The rows to play.
        answers: "live" and "frozen".
    """

    name: str
    directory: Path
    exported: bool
    known: pl.DataFrame
    events: pl.DataFrame
    answers: dict[str, Answer]


def _asked(directory: Path, options: ReplayOptions, reporter: Reporter) -> _Model:
    version = exported_version(directory)
    if version is None:
        model = load_model(directory)
        events = model.test
        if options.test is not None:
            events = playing.read_events(options.test, options.columns, reporter)
        return _Model(model.name, directory, False, model.known, events, playing.of_run(model.recommender, options.k))
    if options.test is None:
        raise DataError("--test: expected a file of events to play to an export, got none", file=version)
    if options.retrain_every is not None:
        raise DataError("--retrain-every: expected a run, which can be trained again, got an export", file=version)
    known = playing.known_to(version, options.known, options.columns, reporter)
    events = playing.read_events(options.test, options.columns, reporter)
    return _Model(version.parent.name, directory, True, known, events, playing.of_export(version, options.k))


def _alone(model: _Model, options: ReplayOptions, reporter: Reporter) -> dict[str, Any]:
    """Live against frozen."""
    asked, rows = requests(model.known, model.events)
    answers, every = dict(model.answers), options.retrain_every
    if every is not None:
        answers["trained again"] = _trained_again(model.directory, every, options.k, model.known, rows, reporter)
    _check(rows)
    # a model is trained again between two blocks
    block = max(size for size in range(1, 257) if (every or 256) % size == 0)
    played = gains(asked, rows["movie_id"].to_list(), ask(asked, answers, k=options.k, block=block))
    return {
        "kind": "freshness",
        "model": model.name,
        "k": options.k,
        **summarise(played, list(answers), against="frozen"),
    }


def _compared(models: Sequence[_Model], options: ReplayOptions) -> dict[str, Any]:
    """Two models live, on the first one's events."""
    first, second = models
    for one in models:
        learned = first.events.join(one.known, on=["user_id", "movie_id"], how="semi").height
        if learned:
            raise DataError(
                f"expected events that neither model was trained on, got {learned:,} that {one.name} was",
                file=one.directory,
            )
    asked, rows = requests(first.known, first.events)
    _check(rows)
    names = [first.name, second.name] if first.name != second.name else [str(one.directory) for one in models]
    wanted = rows["movie_id"].to_list()
    lists = ask(asked, {name: one.answers["live"] for name, one in zip(names, models, strict=True)}, k=options.k)
    credit = credits_of(wanted, lists[names[0]], lists[names[1]], k=options.k)
    return {
        "kind": "comparison",
        "model": " and ".join(names),
        "k": options.k,
        **summarise(gains(asked, wanted, lists), names, against=names[0]),
        "interleaved": {"names": names, **preference(rows["user_id"].to_list(), credit)},
    }


def _check(rows: pl.DataFrame) -> None:
    if not len(rows):
        raise DataError("expected events of movies that are new to their users, got none")


def _trained_again(
    directory: Path, every: int, k: int, known: pl.DataFrame, rows: pl.DataFrame, reporter: Reporter
) -> Answer:
    if not (directory / "known.parquet").exists():
        raise DataError("--retrain-every: expected a run of one seed and split, got one of several", file=directory)
    config = read_config(directory)
    name = config["experiment"]
    settings = parse_settings(OneRunOptions, [name], to_words(read_settings(directory)), prog="recs replay")
    return playing.trained_again(
        specification(name),
        settings.configs[name],
        load_source(settings.options, reporter).dataset,
        known,
        rows,
        every=every,
        plan=playing.plan_of(directory),
        seed=settings.options.seed,
        k=k,
    )
