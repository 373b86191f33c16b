"""Runs one experiment: fit, choose on validation, fit again on all known rows, evaluate on test once."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from data import Dataset, Interactions, Split
from evaluation import Evaluation, Recommender, evaluate
from experiments.environment import git_commit, host_summary, package_versions
from experiments.experiment import Experiment, FitContext, Trained
from experiments.files import write_arrays, write_csv, write_json, write_parquet
from experiments.parts import Part, Source, parts
from experiments.reporter import Reporter
from experiments.report import write_report
from experiments.results import Result, merge, read_result
from experiments.rundir import building, is_finished
from experiments.settings import Settings, to_json


def run_experiment(
    experiment: Experiment, settings: Settings, source: Source, out: Path, reporter: Reporter
) -> Result:
    """Runs an experiment and writes its run directory.

    Parts that an interrupted run with the same settings has finished are not run again.

    Args:
        experiment: What to run.
        settings: Options, and the experiment's configuration under its name.
        source: Ratings and splits.
        out: The run directory to write.
        reporter: Is told what is going on.

    Returns:
        What the directory holds.

    Raises:
        DataError: The data can't be split that way, or ``out`` holds something else.
    """
    config = describe(experiment, settings, source)
    if settings.options.resume is not None and is_finished(out, config):
        return read_result(out)
    with building(out, config, overwrite=settings.options.overwrite) as directory:
        all_parts = list(parts(source, settings.options))
        for part in all_parts:
            if not (directory / part.label / "metrics.json").exists():
                if part.label:
                    reporter.line(f"{experiment.name}: {part.label}")
                run_part(experiment, settings, source.dataset, part, directory / part.label, reporter)
        if len(all_parts) > 1:
            merge(directory, [part.label for part in all_parts])
        write_report(read_result(directory))
    return read_result(out)


def describe(experiment: Experiment, settings: Settings, source: Source) -> dict[str, Any]:
    """The content of ``config.json``."""
    own = replace(settings, configs={experiment.name: settings.configs[experiment.name]})
    dataset = source.dataset
    return {
        "experiment": experiment.name,
        "settings": to_json(own),
        "split": source.kind,
        "dataset": {
            "name": dataset.name,
            "source": dataset.source,
            "fingerprint": dataset.fingerprint,
            "ratings": len(dataset.ratings),
            "users": dataset.ratings["user_id"].n_unique(),
            "movies": dataset.ratings["movie_id"].n_unique(),
        },
        "versions": package_versions(),
        "git_commit": git_commit(),
        "host": host_summary(),
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


@dataclass(frozen=True)
class Outcome:
    """A finished part before it is written."""

    trained: Trained
    history: list[dict[str, float]]
    validation: Evaluation
    test: Evaluation
    seconds: dict[str, float]


def run_part(
    experiment: Experiment, settings: Settings, dataset: Dataset, part: Part, directory: Path, reporter: Reporter
) -> None:
    """Fits, evaluates and writes one part."""
    split = part.split()
    outcome = fit_and_evaluate(experiment, settings, split, part.seed, directory, reporter)
    write_part(directory, outcome, dataset, split)


def fit_and_evaluate(
    experiment: Experiment, settings: Settings, split: Split, seed: int, directory: Path, reporter: Reporter
) -> Outcome:
    """The protocol of a part.

    The model is fitted on train and chosen on validation; then it is fitted anew, as chosen, on train and validation
    together and scored on test once. Every experiment goes through here, so all know the same rows at the end.
    """
    config, options = settings.configs[experiment.name], settings.options
    ks = tuple(sorted({*options.ks, 10}))
    scoring = {"ks": ks, "threshold": options.threshold, "seed": seed}

    def fit(rows: pl.DataFrame, phase: str, **arguments: Any) -> tuple[Trained, float]:
        started = time.perf_counter()
        logs = {"checkpoints": directory / "checkpoints" / phase, "tensorboard": directory / "tensorboard" / phase}
        context = FitContext(seed=seed, reporter=reporter, **logs, **arguments)
        trained = experiment.fit(config, Interactions.from_ratings(rows), context)
        return trained, time.perf_counter() - started

    def monitor(recommender: Recommender) -> float:
        quick = evaluate(recommender, split.validation, seen=split.train, **{**scoring, "ks": (10,)}, bootstrap=0)
        return quick.metrics["ndcg@10"]

    chosen, first_seconds = fit(split.train, "validation", monitor=monitor)
    validation = evaluate(chosen.recommender, split.validation, seen=split.train, **scoring)
    known = split.train_and_validation
    final, second_seconds = fit(known, "final", epochs=chosen.epochs)
    evaluation_started = time.perf_counter()
    test = evaluate(final.recommender, split.test, seen=known, **scoring)
    seconds = {"train": first_seconds + second_seconds, "evaluate": time.perf_counter() - evaluation_started}
    return Outcome(final, chosen.history or final.history, validation, test, seconds)


def write_part(directory: Path, outcome: Outcome, dataset: Dataset, split: Split) -> None:
    """Writes a part's files, ``metrics.json`` last: where it stands, all others are whole."""
    test = outcome.test
    write_arrays(directory / "checkpoints" / "model.npz", outcome.trained.recommender.state())
    write_parquet(directory / "movies.parquet", dataset.movies)
    write_parquet(directory / "known.parquet", split.train_and_validation)
    write_parquet(directory / "test.parquet", split.test)
    write_parquet(directory / "topk.parquet", test.topk)
    write_parquet(directory / "per_user.parquet", test.per_user)
    write_csv(directory / "history.csv", outcome.history)
    write_json(directory / "timing.json", outcome.seconds)
    write_json(
        directory / "metrics.json",
        {
            "validation": outcome.validation.metrics,
            "test": test.metrics,
            "confidence": test.confidence,
            "slices": test.slices,
        },
    )
