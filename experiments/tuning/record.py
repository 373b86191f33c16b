"""What a search found: its trials for TensorBoard, a small record to commit, and the best settings for ``--config``."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import optuna
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from tfrs_lab.experiments.tracking.event_log import FILE, write_settings
from tfrs_lab.experiments.tuning.search import Task, finished
from tfrs_lab.experiments.tuning.spaces import to_json as space_to_json
from tfrs_lab.models.config_fields import flatten, with_values

LISTED = 10
"""How many of the best trials a record lists."""
ENOUGH = 10
"""With fewer complete trials nothing is said about what mattered."""


def make_record(study: Study, task: Task) -> dict[str, Any]:
    """The result of a search in plain JSON types.

    Returns:
        ``start`` and ``best``: ``values``, ``mean`` and ``standard_error`` of nDCG@10 over the folds, and ``folds``,
        the score of each. ``gain``: mean and standard error of best minus start, fold by fold, which is sharper than
        the difference of the two. ``top``: the best trials. ``trials``: counts by outcome. ``importances``: see there.
    """
    ended = finished(study)
    complete = [trial for trial in ended if trial.state == TrialState.COMPLETE]
    ranked = sorted(complete, key=lambda trial: (-float(trial.value or 0), trial.number))
    start, best = complete[0], ranked[0]
    pairs = zip(best.user_attrs["folds"], start.user_attrs["folds"], strict=True)
    return {
        "kind": "tuning",
        "experiment": task.experiment.name,
        "metric": "validation ndcg@10",
        "seed": task.seed,
        "threshold": task.threshold,
        "folds": [{"train": len(fold.train), "validation": len(fold.validation.rows)} for fold in task.folds],
        "space": space_to_json(task.space),
        "trials": {
            "complete": len(complete),
            "pruned": sum(trial.state == TrialState.PRUNED for trial in ended),
            "failed": sum(trial.state == TrialState.FAIL for trial in ended),
        },
        "start": _summary(start, task),
        "best": _summary(best, task),
        "gain": _mean_and_error([ours - theirs for ours, theirs in pairs]),
        "importances": importances(study, len(complete)),
        "top": [_summary(trial, task) for trial in ranked[:LISTED]],
    }


def _summary(trial: FrozenTrial, task: Task) -> dict[str, Any]:
    scores = trial.user_attrs["folds"]
    return {"values": task.values(trial), **_mean_and_error(scores), "folds": scores}


def _mean_and_error(scores: Sequence[float]) -> dict[str, float]:
    """Mean over folds and its standard error.

    >>> _mean_and_error([0.25, 0.5, 0.75])
    {'mean': 0.5, 'standard_error': 0.14433756729740646}
    """
    error = stdev(scores) / math.sqrt(len(scores)) if len(scores) > 1 else math.nan
    return {"mean": mean(scores), "standard_error": error}


def importances(study: Study, complete: int) -> dict[str, float]:
    """How much each field had to do with reaching the best tenth of the trials; the shares sum to 1.

    PED-ANOVA (Watanabe et al., IJCAI 2023), which unlike Optuna's fANOVA needs no scikit-learn. Empty where one field
    was searched, or too few trials say anything.
    """
    names = {name for trial in study.get_trials(deepcopy=False) for name in trial.params}
    if len(names) < 2 or complete < ENOUGH:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Optuna 4 calls the evaluator experimental
        evaluator = optuna.importance.PedAnovaImportanceEvaluator()
        shares = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return {name: float(share) for name, share in shares.items()}


def best_settings(record: Mapping[str, Any], task: Task) -> dict[str, Any]:
    """Dotted name → value of what was searched, and of what else differed from the defaults."""
    best = flatten(with_values(task.start, record["best"]["values"]))
    defaults = flatten(task.experiment.config())
    return {name: value for name, value in best.items() if name in task.space or value != defaults.get(name)}


def to_toml(experiment: str, settings: Mapping[str, Any], comment: str) -> str:
    """A settings file.

    >>> settings = {"dimension": 64, "id.share": True, "towers": ("id", "history"), "hard_negatives": None}
    >>> print(to_toml("retrieval", settings, "found by a search"), end="")
    # found by a search
    [retrieval]
    dimension = 64
    id.share = true
    towers = ["id", "history"]
    hard_negatives = "None"
    """
    lines = [f"{name} = {json.dumps(_plain(value))}" for name, value in settings.items()]
    return "\n".join([f"# {comment}", f"[{experiment}]", *lines]) + "\n"


def _plain(value: Any) -> Any:
    """The value as TOML has it, which has no null: the command line reads the word."""
    return "None" if value is None else list(value) if isinstance(value, tuple) else value


METRIC = "validation/ndcg@10"


def begin_logs(study: Study, task: Task, directory: Path) -> None:
    """Writes the trials that a study has already, in place of what an earlier study may have left there."""
    for file in directory.glob(f"trial-*/{FILE}"):
        file.unlink()
    log_trials(study, task, directory)


def log_trials(study: Study, task: Task, directory: Path) -> None:
    """Writes what is not there yet of the trials that have come to an end."""
    for trial in finished(study):
        place = directory / f"trial-{trial.number:04}"
        if not (place / FILE).exists():
            scores = trial.user_attrs.get("folds", [])
            metrics = {f"{METRIC} fold {number}": score for number, score in enumerate(scores, start=1)}
            if trial.state == TrialState.COMPLETE:  # the mean of a pruned trial is over other folds
                metrics[METRIC] = mean(scores)
            settings = {"experiment": task.experiment.name, **task.values(trial)}
            write_settings(place, settings, metrics, name=place.name, failed=trial.state == TrialState.FAIL)
