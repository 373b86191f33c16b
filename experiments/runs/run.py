"""Runs one experiment and writes its run directory."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from tfrs_lab.data import EvaluationTask, Split, answerable, evaluation_task
from tfrs_lab.data.storage import write_arrays, write_csv, write_json, write_parquet
from tfrs_lab.evaluation import Evaluation, evaluate, rating_errors
from tfrs_lab.experiments.command_line.options import RunOptions
from tfrs_lab.experiments.command_line.settings import Settings, to_json, without_home
from tfrs_lab.experiments.reports import write_report
from tfrs_lab.experiments.runs.fit_on_split import Fits, FitSetup, fit_on_split
from tfrs_lab.experiments.runs.guards import check_dataset, check_memory
from tfrs_lab.experiments.runs.replicates import Replicate, Source, replicates
from tfrs_lab.experiments.storage.directory import building, is_finished
from tfrs_lab.experiments.storage.earlier_run import EarlierRun
from tfrs_lab.experiments.storage.environment import git_commit, host_summary, package_versions
from tfrs_lab.experiments.storage.results import Result, merge, read_result
from tfrs_lab.experiments.tracking.event_log import headline, write_settings
from tfrs_lab.experiments.tracking.mlflow_log import log_run, mlflow_client
from tfrs_lab.experiments.tracking.projector import write_projector
from tfrs_lab.models.config_fields import flatten
from tfrs_lab.models.specification import Specification
from tfrs_lab.models.training.reporter import Reporter

if TYPE_CHECKING:
    from tfrs_lab.models.training.cluster import Cluster

MORE_KS = {"mixed": (50,)}
"""Lengths of lists that belong to a split: new movies are rarely among the first ten of all."""


@dataclass(frozen=True)
class Run:
    """One experiment on one source of ratings.

    Attributes:
        experiment: What to run.
        settings: Options, and the experiment's configuration under its name.
        source: Ratings and splits.
        reporter: Progress reporter.
        cluster: The processes that train together, with this one as the chief; None for this process alone.
    """

    experiment: Specification
    settings: Settings
    source: Source
    reporter: Reporter
    cluster: Cluster | None = None

    @property
    def config(self) -> Any:
        """The experiment's configuration."""
        return self.settings.configs[self.experiment.name]

    def fit(self, replicate: Replicate, split: Split, directory: Path) -> Fits:
        """Fits one replicate on its split."""
        options = self.settings.options
        setup = FitSetup(
            directory,
            replicate.seed,
            options.threshold,
            self.reporter,
            self.source.dataset,
            start=None if options.from_run is None else EarlierRun.open(options.from_run, self.experiment.name),
            cluster=self.cluster,
            tune_baselines=options.tune_baselines,
        )
        return fit_on_split(self.experiment, self.config, split, setup, revealed=answerable(options.revealed, split))


def run_experiment(
    experiment: Specification,
    settings: Settings,
    source: Source,
    out: Path,
    reporter: Reporter,
    cluster: Cluster | None = None,
) -> Result:
    """Runs an experiment, writes its run directory ``out``, and records it in MLflow if the options say so.

    Replicates that an interrupted run with the same settings has finished are not run again. The other arguments are
    those of ``Run``.

    Raises:
        DataError: The data can't be split that way, ``out`` holds something else, or the run can't be warm-started.
        ImportError: MLflow is asked for and not installed.
    """
    where = settings.options.mlflow
    client = mlflow_client(where) if where else None
    result = _run(Run(experiment, settings, source, reporter, cluster), out)
    if client is not None and where is not None:
        log_run(client, where, result)
    return result


def _run(run: Run, out: Path) -> Result:
    config, options = describe(run), run.settings.options
    if options.resume is not None and is_finished(out, config):
        return read_result(out)
    check_dataset(run.source.dataset)
    check_memory(run.experiment, run.config, run.source.dataset)
    with building(out, config, overwrite=options.overwrite) as directory:
        every = list(replicates(run.source, options))
        for replicate in every:
            if not (directory / replicate.label / "metrics.json").exists():
                if replicate.label:
                    run.reporter.line(f"{run.experiment.name}: {replicate.label}")
                run_replicate(run, replicate, directory / replicate.label)
        if len(every) > 1:
            merge(directory, [replicate.label for replicate in every])
        with run.reporter.phase(f"{run.experiment.name}: report"):
            write_report(read_result(directory))
    return read_result(out)


def save_fits(run: Run, fits: Fits, split: Split, out: Path, *, overwrite: bool = False, report: bool = True) -> Result:
    """Writes the run directory of what was fitted already; ``report``: with its page.

    Raises:
        DataError: ``out`` holds something else.
    """
    revealed = answerable(run.settings.options.revealed, split)
    with building(out, describe(run), overwrite=overwrite) as directory:
        _score_fits(run, fits, split, run.settings.options.seed, revealed, directory)
        if report:
            write_report(read_result(directory))
    return read_result(out)


def describe(run: Run) -> dict[str, Any]:
    """The content of ``config.json``."""
    name, source, dataset = run.experiment.name, run.source, run.source.dataset
    host = host_summary()
    if run.cluster is not None:
        host |= {"workers": run.cluster.workers, "replicas": run.cluster.strategy.num_replicas_in_sync}
    return {
        "experiment": name,
        "settings": to_json(replace(run.settings, configs={name: run.config})),
        "split": source.kind,
        "asks": source.asks,
        "dataset": {
            "name": dataset.name,
            "source": without_home(dataset.source),
            "fingerprint": dataset.fingerprint,
            "features": dataset.features_fingerprint,
            "ratings": len(dataset.ratings),
            "users": dataset.ratings["user_id"].n_unique(),
            "movies": dataset.ratings["movie_id"].n_unique(),
            **({} if source.checksum is None else {"shards": source.checksum}),
        },
        "versions": package_versions(),
        "git_commit": git_commit(),
        "host": host,
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def run_replicate(run: Run, replicate: Replicate, directory: Path) -> None:
    """Fits, scores validation and, once, test, and writes the files of one replicate."""
    split, options = replicate.split(), run.settings.options
    revealed = answerable(options.revealed, split)
    if revealed != options.revealed:
        run.reporter.line(f"new users have few ratings: shown are {', '.join(map(str, revealed))} of them")
    fits = run.fit(replicate, split, directory)
    with run.reporter.phase(f"{run.experiment.name}: scoring"):
        _score_fits(run, fits, split, replicate.seed, revealed, directory)


def _score_fits(run: Run, fits: Fits, split: Split, seed: int, revealed: Sequence[int], directory: Path) -> None:
    options, dataset = run.settings.options, run.source.dataset
    score = partial(_score, options=options, kind=split.asks, seed=seed)
    validation = None
    if len(split.validation):
        asked = evaluation_task(split.validation_asks, split.train, split.validation, reveal_counts=revealed)
        validation = score(fits.chosen.recommender, asked)
        validation, _ = with_ratings(validation, fits.chosen.recommender, split.validation, seed)
    model = fits.final.recommender
    ask_test = partial(evaluation_task, split.asks, split.train_and_validation, split.test, reveal_counts=revealed)
    started = time.perf_counter()
    last = ask_test()
    test, predictions = with_ratings(score(model, last), model, split.test, seed)
    if split.asks == "cold-users":
        slices = {str(count): score(model, ask_test(revealed=count)).as_slice() for count in sorted(revealed)}
        test = replace(test, slices={**test.slices, "revealed": slices})
    seconds = {"train": fits.seconds, "evaluate": time.perf_counter() - started}
    if predictions is not None:
        write_parquet(directory / "predictions.parquet", predictions)
    # the seed is no setting: replicates that differ in nothing else are averaged in TensorBoard's HParams tab
    about = {"experiment": run.experiment.name, "data": dataset.name, "split": split.asks, **flatten(run.config)}
    write_settings(directory / "tensorboard", about, headline(_metrics(validation, test)))
    write_projector(directory / "tensorboard", model, dataset.movies, last.seen)
    tables = {"movies": dataset.movies, "known": last.seen, "test": last.rows}
    write_replicate(directory, fits, validation, test, seconds, tables)


def with_ratings(
    found: Evaluation, recommender: Any, rows: pl.DataFrame, seed: int
) -> tuple[Evaluation, pl.DataFrame | None]:
    """Adds RMSE and MAE over all rows where the model predicts ratings.

    Returns:
        The evaluation, and ``user_id``, ``movie_id``, ``user_rating``, ``prediction``, with an ordinal head also
        ``probability_<rating>`` for each rating; None where nothing is predicted.
    """
    rating = getattr(recommender, "rating", None)
    if rating is None or "user_rating" not in rows.columns or rows.is_empty():
        return found, None
    times = rows["timestamp"].to_numpy() if "timestamp" in rows.columns else None
    asked = (rows["user_id"], rows["movie_id"], times)
    columns = {"prediction": rating.predict(*asked)}
    if rating.scale.ordinal:
        chances = rating.probabilities(*asked)
        columns |= {f"probability_{level:g}": chances[:, place] for place, level in enumerate(rating.scale.levels)}
    predictions = rows.select("user_id", "movie_id", "user_rating").with_columns(pl.DataFrame(columns))
    metrics, confidence = rating_errors(predictions, seed=seed)
    found = replace(found, metrics=found.metrics | metrics, confidence=found.confidence | confidence)
    return found, predictions


def _score(recommender: Any, asked: EvaluationTask, options: RunOptions, kind: str, seed: int) -> Evaluation:
    return evaluate(
        recommender,
        asked.rows,
        seen=asked.seen,
        candidates=asked.candidates,
        ks=sorted({*options.ks, 10, *MORE_KS.get(kind, ())}),
        threshold=options.threshold,
        seed=seed,
    )


def write_replicate(
    directory: Path,
    fits: Fits,
    validation: Evaluation | None,
    test: Evaluation,
    seconds: dict[str, float],
    tables: dict[str, pl.DataFrame],
) -> None:
    """Writes a replicate's files, ``metrics.json`` last: where it is, all others are whole."""
    write_arrays(directory / "checkpoints" / "model.npz", fits.final.recommender.state())
    for name, table in {**tables, "topk": test.topk, "per_user": test.per_user}.items():
        write_parquet(directory / f"{name}.parquet", table)
    write_csv(directory / "history.csv", fits.chosen.history)
    write_json(directory / "plan.json", fits.chosen.plan or {})
    write_json(directory / "timing.json", seconds)
    notes = list(dict.fromkeys([*fits.chosen.notes, *fits.final.notes]))
    about = {"confidence": test.confidence, "slices": test.slices, **({"notes": notes} if notes else {})}
    write_json(directory / "metrics.json", {**_metrics(validation, test), **about})


def _metrics(validation: Evaluation | None, test: Evaluation) -> dict[str, dict[str, float]]:
    """Metrics by part; none of validation where the split has none."""
    return {"validation": {} if validation is None else validation.metrics, "test": test.metrics}
