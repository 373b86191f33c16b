"""How every experiment is fitted: chosen on validation, then again on all rows that are known."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tfrs_lab.data import REVEALED, DataError, Dataset, EvaluationTask, Interactions, Split, described, evaluation_task
from tfrs_lab.data.splits.kinds import NEED_TIMESTAMPS
from tfrs_lab.evaluation.monitor import Monitor
from tfrs_lab.experiments.runs.guards import check_model, check_split, unknown_share
from tfrs_lab.experiments.runs.threads import limit_threads
from tfrs_lab.experiments.storage.earlier_run import EarlierRun
from tfrs_lab.models.config_fields import flatten
from tfrs_lab.models.specification import FitContext, Specification, Trained
from tfrs_lab.models.training.reporter import Reporter

if TYPE_CHECKING:
    from tfrs_lab.models.training.cluster import Cluster


@dataclass(frozen=True)
class FitSetup:
    """What all fits of an experiment on one split have in common.

    Attributes:
        directory: For ``checkpoints`` and ``tensorboard``; what it holds of an interrupted call is not done again.
        seed: Seed of everything random.
        threshold: Least rating of a relevant validation row, None for any.
        reporter: Progress reporter.
        dataset: Movies and users, for models that use features.
        start: The run that the model is warm-started from; None to start anew.
        cluster: The processes or devices that train together; None for this process alone.
        tune_baselines: Whether baselines choose on validation what their configuration leaves open.
    """

    directory: Path
    seed: int = 0
    threshold: float | None = None
    reporter: Reporter = field(default_factory=Reporter)
    dataset: Dataset | None = None
    start: EarlierRun | None = None
    cluster: Cluster | None = None
    tune_baselines: bool = True

    def context(
        self, phase: str, asks: str, *, monitor: Monitor | None = None, plan: dict[str, Any] | None = None
    ) -> FitContext:
        """The circumstances of the fit of one phase, which is ``validation`` or ``final``."""
        shared = ("seed", "reporter", "dataset", "start", "cluster", "tune_baselines")
        return FitContext(
            checkpoints=self.directory / "checkpoints" / phase,
            tensorboard=self.directory / "tensorboard" / phase,
            asks=asks,
            monitor=monitor,
            plan=plan,
            **{name: getattr(self, name) for name in shared},
        )


@dataclass(frozen=True)
class Fits:
    """Both fits of an experiment on one split.

    Attributes:
        chosen: Fitted on train and chosen on validation: what validation metrics are about.
        final: Fitted as chosen, on train and validation together: what test metrics are about.
        seconds: What both took.
    """

    chosen: Trained
    final: Trained
    seconds: float


def fit_on_split(
    experiment: Specification,
    config: Any,
    split: Split,
    setup: FitSetup,
    *,
    revealed: Sequence[int] = REVEALED,
    tested: bool = True,
) -> Fits:
    """Fits twice; test rows are not touched.

    Args:
        experiment: What to fit.
        config: Its configuration.
        split: The rows.
        setup: What both fits share.
        revealed: As for ``data.evaluation_task``.
        tested: Whether the test rows will be predicted; otherwise they may be among those that are learned from.

    Raises:
        DataError: The model looks ahead on a split in time or has been trained on what it shall predict, or a guard
            found what would make its numbers wrong.
        FloatingPointError: It diverged or collapsed.
    """
    limit_threads()
    check_time(experiment, config, split.asks)
    reporter = setup.reporter
    if setup.start is not None:
        setup.start.check(split)
    if tested:
        check_split(split)
        if missing := unknown_share(split):
            reporter.line(missing)
    timed = split.validates_as_tested or experiment.by_time
    if not timed and "timestamp" in split.train.columns:
        reporter.line(f"{experiment.name}: {unlike(split)}: what depends on order and time stays out")

    def rows(part: Literal["train", "train_and_validation"]) -> Interactions:
        encoded = split.encoded(part)
        return encoded if timed else encoded.without_time()

    started = time.perf_counter()
    asks, validation = split.validation_asks, None
    if len(split.validation):
        validation = evaluation_task(asks, split.train, split.validation, reveal_counts=revealed)
    with reporter.phase(f"{experiment.name}: fit 1 of 2 ({'validation' if validation else 'train'})"):
        chosen = fit_chosen(experiment, config, rows("train"), validation, asks, setup)
    with reporter.phase(f"{experiment.name}: fit 2 of 2 (all that is known)"):
        known = rows("train_and_validation")
        final = experiment.fit(config, known, setup.context("final", asks, plan=chosen.plan))
        check_model(experiment, final, known, reporter)
    return Fits(chosen, final, time.perf_counter() - started)


def unlike(split: Split) -> str:
    """Says that validation asks something else than test."""
    return f"validation is {described(split.validation_asks)}, test is {described(split.asks)}"


def check_time(experiment: Specification, config: Any, kind: str) -> None:
    """Refuses models that look at later ratings on splits whose point is that nothing later is known."""
    ahead = [name for name, value in flatten(config).items() if name.endswith("time_neighbours") and value == "both"]
    if ahead and kind in NEED_TIMESTAMPS:
        option = f"--{experiment.name}.{ahead[0]}".replace("_", "-")
        raise DataError(f"{option}: expected none or past on {kind}, a split in time, got both, which looks ahead")


def fit_chosen(
    experiment: Specification,
    config: Any,
    train: Interactions,
    validation: EvaluationTask | None,
    asks: str,
    setup: FitSetup,
) -> Trained:
    """Fits on train, and chooses on validation what the model leaves open; nothing where there is no validation."""
    monitor = None
    if validation is not None:
        monitor = Monitor(validation.rows, validation.seen, setup.threshold, validation.candidates)
    return experiment.fit(config, train, setup.context("validation", asks, monitor=monitor))


def fit_in_memory(
    experiment: Specification,
    config: Any,
    split: Split,
    *,
    reporter: Reporter,
    seed: int = 0,
    tune_baselines: bool = True,
    tested: bool = True,
) -> Fits:
    """Fits twice as ``fit_on_split`` does, and keeps no files.

    Args:
        experiment: What to fit.
        config: Its configuration.
        split: The rows; models that use features of movies or users find them in its dataset.
        reporter: Progress reporter.
        seed: Seed of everything random.
        tune_baselines: Whether a baseline chooses on validation what the configuration leaves open.
        tested: Whether the test rows will be predicted, so that they must not be among those that are learned from.
    """
    with tempfile.TemporaryDirectory() as directory:
        setup = FitSetup(Path(directory), seed, reporter=reporter, dataset=split.dataset, tune_baselines=tune_baselines)
        return fit_on_split(experiment, config, split, setup, tested=tested)
