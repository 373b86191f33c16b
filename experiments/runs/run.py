"""Runs one experiment and writes its run directory."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from tfrs_lab.data import Dataset, EvaluationTask, Split, answerable, evaluation_task
from tfrs_lab.evaluation import Evaluation, evaluate, rating_errors
from tfrs_lab.experiments.storage.earlier_run import EarlierRun
from tfrs_lab.experiments.storage.environment import git_commit, host_summary, package_versions
from tfrs_lab.experiments.tracking.event_log import headline, write_settings
from tfrs_lab.models.specification import Specification
from tfrs_lab.data.storage import write_arrays, write_csv, write_json, write_parquet
from tfrs_lab.experiments.runs.fit_on_split import Fits, fit_on_split
from tfrs_lab.experiments.runs.guards import check_dataset, check_memory
from tfrs_lab.experiments.tracking.mlflow_log import log_run, mlflow_client
from tfrs_lab.experiments.command_line.options import RunOptions
from tfrs_lab.models.config_fields import flatten
from tfrs_lab.experiments.runs.replicates import Part, Source, parts
from tfrs_lab.experiments.tracking.projector import write_projector
from tfrs_lab.models.training.reporter import Reporter
from tfrs_lab.experiments.reports import write_report
from tfrs_lab.experiments.storage.results import Result, merge, read_result
from tfrs_lab.experiments.storage.directory import building, is_finished
from tfrs_lab.experiments.command_line.settings import Settings, to_json, without_home

if TYPE_CHECKING:
    from tfrs_lab.models.training.cluster import Cluster

MORE_KS = {"mixed": (50,)}
"""Lengths of lists that belong to a split: new movies are rarely among the first ten of all."""


def run_experiment(
    experiment: Specification,
    settings: Settings,
    source: Source,
    out: Path,
    reporter: Reporter,
    cluster: Cluster | None = None,
) -> Result:
    """Runs an experiment, writes its run directory, and records it in MLflow if the options say so.

    Parts that an interrupted run with the same settings has finished are not run again.

    Args:
        experiment: What to run.
        settings: Options, and the experiment's configuration under its name.
        source: Ratings and splits.
        out: The run directory to write.
        reporter: Is told what is going on.
        cluster: Those who train together, with this process as the chief; None for this process alone.

    Returns:
        What the directory holds.

    Raises:
        DataError: The data can't be split that way, ``out`` holds something else, or the run to go on from can't be.
        ImportError: MLflow is asked for and not installed.
    """
    where = settings.options.mlflow
    client = mlflow_client(where) if where else None
    result = _run(experiment, settings, source, out, reporter, cluster)
    if client is not None and where is not None:
        log_run(client, where, result)
    return result


def _run(
    experiment: Specification,
    settings: Settings,
    source: Source,
    out: Path,
    reporter: Reporter,
    cluster: Cluster | None,
) -> Result:
    config = describe(experiment, settings, source)
    if cluster is not None:
        config["host"] |= {"workers": cluster.workers, "replicas": cluster.strategy.num_replicas_in_sync}
    if settings.options.resume is not None and is_finished(out, config):
        return read_result(out)
    check_dataset(source.dataset)
    check_memory(experiment, settings.configs[experiment.name], source.dataset)
    with building(out, config, overwrite=settings.options.overwrite) as directory:
        all_parts = list(parts(source, settings.options))
        for part in all_parts:
            if not (directory / part.label / "metrics.json").exists():
                if part.label:
                    reporter.line(f"{experiment.name}: {part.label}")
                run_part(experiment, settings, source.dataset, part, directory / part.label, reporter, cluster)
        if len(all_parts) > 1:
            merge(directory, [part.label for part in all_parts])
        write_report(read_result(directory))
    return read_result(out)


def describe(experiment: Specification, settings: Settings, source: Source) -> dict[str, Any]:
    """The content of ``config.json``."""
    own = replace(settings, configs={experiment.name: settings.configs[experiment.name]})
    dataset = source.dataset
    return {
        "experiment": experiment.name,
        "settings": to_json(own),
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
        "host": host_summary(),
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def run_part(
    experiment: Specification,
    settings: Settings,
    dataset: Dataset,
    part: Part,
    directory: Path,
    reporter: Reporter,
    cluster: Cluster | None = None,
) -> None:
    """Fits, scores validation and, once, test, and writes one part."""
    split, options, config = part.split(), settings.options, settings.configs[experiment.name]
    revealed = answerable(options.revealed, split)
    if revealed != options.revealed:
        reporter.line(f"new users have few ratings: shown are {', '.join(map(str, revealed))} of them")
    fits = fit_of_run(experiment, settings, dataset, part, split, directory, reporter, cluster)
    score = partial(_score, options=options, kind=split.asks, seed=part.seed)
    validation = None
    if len(split.validation):
        asked = evaluation_task(split.validation_asks, split.train, split.validation, reveal_counts=revealed)
        validation = score(fits.chosen.recommender, asked)
        validation, _ = with_ratings(validation, fits.chosen.recommender, split.validation, part.seed)
    ask_test = partial(evaluation_task, split.asks, split.train_and_validation, split.test, reveal_counts=revealed)
    started = time.perf_counter()
    last = ask_test()
    test = score(fits.final.recommender, last)
    test, predictions = with_ratings(test, fits.final.recommender, split.test, part.seed)
    if split.asks == "cold-users":
        by_shown = {str(shown): score(fits.final.recommender, ask_test(revealed=shown)) for shown in sorted(revealed)}
        slices = {shown: one.as_slice() for shown, one in by_shown.items()}
        test = replace(test, slices={**test.slices, "revealed": slices})
    seconds = {"train": fits.seconds, "evaluate": time.perf_counter() - started}
    if predictions is not None:
        write_parquet(directory / "predictions.parquet", predictions)
    about = {"experiment": experiment.name, "data": dataset.name, "split": split.asks, **flatten(config)}
    write_logs(directory / "tensorboard", about, fits.final.recommender, validation, test, dataset.movies, last)
    write_part(directory, fits, validation, test, seconds, dataset, last)


def fit_of_run(
    experiment: Specification,
    settings: Settings,
    dataset: Dataset,
    part: Part,
    split: Split,
    directory: Path,
    reporter: Reporter,
    cluster: Cluster | None = None,
) -> Fits:
    """Fits one part of a run on its split."""
    revealed = answerable(settings.options.revealed, split)
    earlier = settings.options.from_run
    return fit_on_split(
        experiment,
        settings.configs[experiment.name],
        split,
        seed=part.seed,
        threshold=settings.options.threshold,
        directory=directory,
        reporter=reporter,
        dataset=dataset,
        revealed=revealed,
        start=None if earlier is None else EarlierRun.open(earlier, experiment.name),
        cluster=cluster,
        tune_baselines=settings.options.tune_baselines,
    )


def write_logs(
    logs: Path,
    settings: dict[str, Any],
    recommender: Any,
    validation: Evaluation | None,
    test: Evaluation,
    movies: pl.DataFrame,
    asked: EvaluationTask,
) -> None:
    """Writes what TensorBoard shows beside learning curves: settings with results, and movies in the projector.

    The seed is no setting: parts that differ in nothing else are repetitions, which the HParams tab averages.
    """
    write_settings(logs, settings, headline(_metrics(validation, test)))
    write_projector(logs, recommender, movies, asked.seen)


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


def write_part(
    directory: Path,
    fits: Fits,
    validation: Evaluation | None,
    test: Evaluation,
    seconds: dict[str, float],
    dataset: Dataset,
    asked: EvaluationTask,
) -> None:
    """Writes a part's files, ``metrics.json`` last: where it stands, all others are whole."""
    write_arrays(directory / "checkpoints" / "model.npz", fits.final.recommender.state())
    tables = {
        "movies": dataset.movies,
        "known": asked.seen,
        "test": asked.rows,
        "topk": test.topk,
        "per_user": test.per_user,
    }
    for name, table in tables.items():
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
