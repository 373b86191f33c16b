"""``recs run --distribute``: one run of several devices or processes; the chief writes it, the others only train."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from tfrs_lab.data import DataError
from tfrs_lab.experiments.command_line.settings import Settings, to_json
from tfrs_lab.experiments.runs.replicates import Source, load_source, replicates
from tfrs_lab.experiments.runs.run import Run, run_experiment
from tfrs_lab.experiments.storage.environment import package_versions
from tfrs_lab.experiments.storage.results import Result
from tfrs_lab.models.config_fields import flatten
from tfrs_lab.models.retrieval.fit_part import BUILDERS
from tfrs_lab.models.specification import Specification
from tfrs_lab.models.training.cluster import LOST, Cluster, StrategyName, join
from tfrs_lab.models.training.reporter import Reporter


def run_together(
    strategy: StrategyName, experiment: Specification, settings: Settings, out: Path, reporter: Reporter
) -> Result | None:
    """Runs an experiment on several devices or workers.

    When another worker is lost, this one starts itself again, waits until all are there, and continues after the last
    epoch that was finished.

    Raises:
        DataError: The cluster is not described, or its workers have not the same settings and data.
    """
    cluster = join(strategy)
    try:
        source = load_source(settings.options, reporter)
        _require_agreement(cluster, experiment, settings, source)
        if cluster.is_chief:
            return run_experiment(experiment, settings, source, out, reporter, cluster)
        _train_along(experiment, settings, source, cluster)
        return None
    except LOST as error:
        if cluster.workers == 1:
            raise
        reporter.line(f"another worker was lost ({type(error).__name__}); going on as soon as all are there again")
        os.execv(sys.executable, sys.orig_argv)


def unsuitable(experiment: Specification, config: Any) -> str | None:
    """Why an experiment cannot be distributed; None if it can."""
    if experiment.name != "retrieval":
        return f"expected the experiment retrieval, got {experiment.name}"
    for part in config.parts:
        own = getattr(config, part)
        if part not in BUILDERS or getattr(own, "objective", None) != "in-batch":
            return (
                f"expected parts with the in-batch objective, such as --retrieval.parts in_batch, got {part}, which "
                "one process has to train"
            )
        if own.hard_negatives is not None:
            return f"expected --retrieval.{part.replace('_', '-')}.hard-negatives None, got {own.hard_negatives}"
    return None


def _train_along(experiment: Specification, settings: Settings, source: Source, cluster: Cluster) -> None:
    """The fits of the run, in a directory that goes with the process."""
    [replicate] = replicates(source, settings.options)
    run = Run(experiment, settings, source, Reporter(), cluster)
    with tempfile.TemporaryDirectory(prefix="tfrs-lab-worker-") as directory:
        run.fit(replicate, replicate.split(), Path(directory))


PLACES = ("data_dir", "ratings", "movies", "users", "train", "test", "validation", "shards")
"""Options that may differ between machines, if the data are the same."""


def _require_agreement(cluster: Cluster, experiment: Specification, settings: Settings, source: Source) -> None:
    """Raises DataError where a worker was started with other settings or data than the chief."""
    options = {name: value for name, value in to_json(replace(settings, configs={})).items() if name not in PLACES}
    data = {"data": source.dataset.fingerprint, "shards": source.checksum}
    about = {"experiment": experiment.name, **data, "versions": package_versions()}
    own = json.loads(json.dumps({**about, **options, **flatten(settings.configs[experiment.name])}))
    chief = cluster.object_from_chief(own)
    other = sorted(name for name in {*own, *chief} if own.get(name) != chief.get(name))
    if other:
        told = "; ".join(f"{name}: expected {chief.get(name)!r}, got {own.get(name)!r}" for name in other)
        raise DataError(f"worker {cluster.index} differs from the chief in {told}")
