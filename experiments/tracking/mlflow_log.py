"""Finished runs in MLflow, for teams that keep their records there. Needs the extra ``mlflow``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tfrs_lab.data.storage import without_nan
from tfrs_lab.experiments.command_line.settings import public
from tfrs_lab.experiments.storage.results import Result
from tfrs_lab.models.config_fields import short

INSTALL = "expected MLflow for --mlflow, got none; install the extra: pip install 'tfrs-lab[mlflow]'"
ARTIFACTS = ("report.html", "config.json", "metrics.json")
TAG = "recs.run"
"""Says which run directory a record is about, so that no run is recorded twice in one place."""


def mlflow_client(where: str) -> Any:
    """A client of a server, or of records in a directory.

    Args:
        where: An address such as ``http://host:5000``, or a directory, in which ``mlflow.db`` and ``artifacts`` are
            made: MLflow no longer writes its older format of plain files.
    """
    try:
        from mlflow.tracking import MlflowClient
    except ImportError:
        raise ImportError(INSTALL) from None
    if "://" in where:
        return MlflowClient(tracking_uri=where)
    directory = Path(where).resolve()
    directory.mkdir(parents=True, exist_ok=True)
    return MlflowClient(tracking_uri=f"sqlite:///{directory / 'mlflow.db'}")


def log_run(client: Any, where: str, result: Result) -> None:
    """Records a run's settings, metrics and report; nothing if it is recorded already."""
    config, directory = result.config, result.directory.resolve()
    experiment = _experiment(client, where, f"{config['dataset']['name']} {config['split']}")
    identity = f"{directory} {config['started']}"
    if client.search_runs([experiment], f"tags.`{TAG}` = '{identity.replace(chr(39), '')}'"):
        return
    tags = {TAG: identity.replace("'", ""), "git_commit": str(config.get("git_commit"))}
    run = client.create_run(experiment, run_name=directory.name, tags=tags).info.run_id
    for name, value in _flat(public(config)["settings"]):
        client.log_param(run, name, short(value))
    for part in ("validation", "test"):
        for name, value in without_nan(result.metrics[part]).items():
            if value is not None:
                client.log_metric(run, f"{part}/{name.replace('@', '_at_')}", value)  # MLflow refuses the sign
    for name in ARTIFACTS:
        if (directory / name).exists():
            client.log_artifact(run, str(directory / name))
    client.set_terminated(run)


def _experiment(client: Any, where: str, name: str) -> str:
    """The id of the MLflow experiment of that name."""
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    own = None if "://" in where else (Path(where).resolve() / "artifacts").as_uri()
    return str(client.create_experiment(name, artifact_location=own))


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted name → value of nested settings."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
