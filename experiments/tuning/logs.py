"""The trials of a study for TensorBoard: a row each in the HParams tab, and their scores fold by fold."""

from __future__ import annotations

from pathlib import Path
from statistics import mean

from optuna.study import Study
from optuna.trial import TrialState

from tfrs_lab.experiments.tracking.event_log import FILE, write_settings
from tfrs_lab.experiments.tuning.search import Task, finished

METRIC = "validation/ndcg@10"


def begin_logs(study: Study, task: Task, directory: Path) -> None:
    """Writes the trials that a study has already, in place of what an earlier study may have left there."""
    for file in directory.glob(f"trial-*/{FILE}"):
        file.unlink()
    log_trials(study, task, directory)


def log_trials(study: Study, task: Task, directory: Path) -> None:
    """Writes what is not there yet of the trials that have come to an end.

    Args:
        study: Whose trials.
        task: What is searched.
        directory: A directory per trial is made in it.
    """
    for trial in finished(study):
        place = directory / f"trial-{trial.number:04}"
        if not (place / FILE).exists():
            scores = trial.user_attrs.get("folds", [])
            metrics = {f"{METRIC} fold {number}": score for number, score in enumerate(scores, start=1)}
            if trial.state == TrialState.COMPLETE:  # the mean of a pruned trial is over other folds
                metrics[METRIC] = mean(scores)
            settings = {"experiment": task.experiment.name, **task.values(trial)}
            write_settings(place, settings, metrics, name=place.name, failed=trial.state == TrialState.FAIL)
