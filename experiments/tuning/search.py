"""The search: ask Optuna for settings, score them fold by fold, stop early where they are poor."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import optuna
from optuna.pruners import MedianPruner
from optuna.samplers import TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from tfrs_lab.data import DataError, Dataset, Interactions
from tfrs_lab.evaluation import evaluate
from tfrs_lab.experiments.runs.fit_on_split import FitSetup, fit_chosen
from tfrs_lab.experiments.tuning.folds import Fold
from tfrs_lab.experiments.tuning.spaces import Space
from tfrs_lab.models.config_fields import short, value_of, with_values
from tfrs_lab.models.specification import Specification
from tfrs_lab.models.training.reporter import Reporter

RANDOM_TRIALS = 8
"""Trials drawn at random before TPE takes over; the first is the starting values."""
UNPRUNED_TRIALS = 5
"""Trials that see all folds before any is compared with their median."""


@dataclass(frozen=True)
class Task:
    """What is searched.

    Attributes:
        experiment: Whose configuration.
        start: The configuration to beat; fields outside the space keep its values.
        space: The fields to vary.
        folds: What each trial is scored on.
        seed: Of the search and of the fits.
        threshold: Least rating of a relevant validation row, None for any.
        dataset: Movies and users, for models that use features.
    """

    experiment: Specification
    start: Any
    space: Space
    folds: Sequence[Fold]
    seed: int
    threshold: float | None
    dataset: Dataset | None = None

    def __post_init__(self) -> None:
        for name, domain in self.space.items():
            if not domain.contains(value_of(self.start, name)):
                raise DataError(
                    f"--{self.experiment.name}.{name.replace('_', '-')}: expected a starting value in the space "
                    f"{domain}, got {value_of(self.start, name)!r}"
                )

    def start_values(self) -> dict[str, Any]:
        """The starting values of the fields to vary, as a study keeps them."""
        return {name: domain.stored(value_of(self.start, name)) for name, domain in self.space.items()}

    def values(self, trial: FrozenTrial) -> dict[str, Any]:
        """A trial's values of the fields to vary."""
        return {name: domain.value(trial.params[name]) for name, domain in self.space.items()}


def search(
    study: Study,
    task: Task,
    *,
    trials: int,
    timeout: float | None,
    reporter: Reporter,
    after: Callable[[], None] = lambda: None,
) -> None:
    """Runs trials until the study has ``trials``, or no time is left.

    Each trial's sampler is seeded by the number of trials before it, so that a search that was interrupted, or extended
    by a second call, finds what an undisturbed one finds.

    Args:
        study: Where trials are kept; those that it has count.
        task: What is searched.
        trials: How many trials the study shall have.
        timeout: Seconds after which no trial begins, None for no limit; the starting values are always scored.
        reporter: Is told of each trial.
        after: Called after each trial.
    """
    _requeue(study, task)
    study.pruner = MedianPruner(n_startup_trials=UNPRUNED_TRIALS)
    ends = time.monotonic() + timeout if timeout is not None else float("inf")
    done = len(finished(study))
    while done < trials and (done == 0 or time.monotonic() < ends):
        sampler_seed = int(np.random.SeedSequence([task.seed, done]).generate_state(1)[0])
        study.sampler = TPESampler(seed=sampler_seed, n_startup_trials=RANDOM_TRIALS)
        trial = study.ask()
        outcome = _run(study, task, trial, must_work=done == 0)
        done += 1
        values = "  ".join(f"{name} {short(value)}" for name, value in trial.params.items())
        reporter.step("trial", done, trials, f"{outcome}  {values}")
        after()


def finished(study: Study) -> list[FrozenTrial]:
    """Trials that have come to an end of their own: scored, pruned, or failed because of their values."""
    ended = (TrialState.COMPLETE, TrialState.PRUNED)
    return [trial for trial in study.get_trials(deepcopy=False) if trial.state in ended or "error" in trial.user_attrs]


def _requeue(study: Study, task: Task) -> None:
    """Puts the starting values first in a new study, and what an interruption cut off first in an old one."""
    if not study.get_trials(deepcopy=False):
        study.enqueue_trial(task.start_values())
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        values = {**trial.system_attrs.get("fixed_params", {}), **trial.params}
        study.tell(trial.number, state=TrialState.FAIL)
        study.enqueue_trial(values)


def _run(study: Study, task: Task, trial: Trial, *, must_work: bool) -> str:
    """Scores one trial; returns the outcome in words."""
    values = {name: domain.suggest(trial, name) for name, domain in task.space.items()}
    try:
        scores = _scores(task, trial, values)
    except (ValueError, FloatingPointError) as error:  # values that do not go together, or training that diverges
        if must_work:
            raise
        trial.set_user_attr("error", str(error))
        study.tell(trial, state=TrialState.FAIL)
        return f"failed: {error}"
    trial.set_user_attr("folds", scores)
    if len(scores) < len(task.folds):
        study.tell(trial, state=TrialState.PRUNED)
        return f"nDCG@10 {mean(scores):.4f}, pruned after {len(scores)} of {len(task.folds)} folds"
    study.tell(trial, mean(scores))
    return f"nDCG@10 {mean(scores):.4f}"


def _scores(task: Task, trial: optuna.trial.Trial, values: dict[str, Any]) -> list[float]:
    """Validation nDCG@10 of each fold, up to the one after which the trial is given up."""
    config = with_values(task.start, values)
    scores: list[float] = []
    for fold in task.folds:
        scores.append(_score(task, config, fold))
        trial.report(mean(scores), step=len(scores))
        if len(scores) < len(task.folds) and trial.should_prune():
            break
    return scores


def _score(task: Task, config: Any, fold: Fold) -> float:
    with tempfile.TemporaryDirectory() as directory:
        setup = FitSetup(Path(directory), task.seed, task.threshold, dataset=task.dataset)
        train = Interactions.from_ratings(fold.train)
        trained = fit_chosen(task.experiment, config, train, fold.validation, fold.asks, setup)
    scored = evaluate(
        trained.recommender,
        fold.validation.rows,
        seen=fold.validation.seen,
        candidates=fold.validation.candidates,
        ks=(10,),
        depth=10,
        threshold=task.threshold,
        bootstrap=0,
    )
    return scored.metrics["ndcg@10"]
