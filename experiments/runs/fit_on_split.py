"""How every experiment is fitted: chosen on validation, then anew on all rows that are known."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tfrs_lab.data import REVEALED, DataError, Dataset, Interactions, EvaluationTask, Split, described, evaluation_task
from tfrs_lab.data.splits.kinds import NEED_TIMESTAMPS
from tfrs_lab.evaluation.monitor import Monitor
from tfrs_lab.experiments.storage.earlier_run import EarlierRun
from tfrs_lab.models.specification import Specification, FitContext, Trained
from tfrs_lab.experiments.runs.guards import check_model, check_split, unknown_share
from tfrs_lab.models.config_fields import flatten
from tfrs_lab.models.registry import specification
from tfrs_lab.models.training.reporter import Reporter, reporter_here
from tfrs_lab.experiments.runs.threads import limit_threads

if TYPE_CHECKING:
    from tfrs_lab.models.training.cluster import Cluster


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
    *,
    seed: int,
    threshold: float | None,
    directory: Path,
    reporter: Reporter,
    dataset: Dataset | None = None,
    revealed: Sequence[int] = REVEALED,
    start: EarlierRun | None = None,
    cluster: Cluster | None = None,
    tune_baselines: bool = True,
    tested: bool = True,
) -> Fits:
    """Fits twice; what the directory holds of an interrupted call is not done again.

    Args:
        experiment: What to fit.
        config: Its configuration.
        split: The rows; test rows are not touched.
        seed: Seed of everything random.
        threshold: Least rating of a relevant validation row, None for any.
        directory: For ``checkpoints`` and ``tensorboard``.
        reporter: Is told what is going on.
        dataset: Movies and users, for models that use features.
        revealed: As for ``data.evaluation_task``.
        start: The run whose trained weights both fits go on from; None to start anew.
        cluster: Those who train together; None for this process alone.
        tune_baselines: Whether baselines choose their open numbers on validation.
        tested: Whether the test rows will be predicted; otherwise they may be among those that are learned from.

    Raises:
        DataError: The model looks ahead on a split in time or has been trained on what it shall predict, or a guard
            found what would make its numbers wrong.
        FloatingPointError: It diverged or collapsed.
    """
    limit_threads()
    check_time(experiment, config, split.asks)
    if start is not None:
        start.check(split)
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
    validation = None
    if len(split.validation):
        validation = evaluation_task(split.validation_asks, split.train, split.validation, reveal_counts=revealed)
    chosen = fit_chosen(
        experiment,
        config,
        rows("train"),
        validation,
        asks=split.validation_asks,
        seed=seed,
        threshold=threshold,
        directory=directory,
        reporter=reporter,
        dataset=dataset,
        start=start,
        cluster=cluster,
        tune_baselines=tune_baselines,
    )
    about = {"seed": seed, "reporter": reporter, "dataset": dataset, "start": start, "cluster": cluster}
    context = _context(directory, "final", plan=chosen.plan, asks=split.validation_asks, **about)
    known = rows("train_and_validation")
    final = experiment.fit(config, known, context)
    check_model(experiment, final, known, reporter)
    return Fits(chosen, final, time.perf_counter() - started)


def unlike(split: Split) -> str:
    """Says that validation asks something else than test."""
    return f"validation is {described(split.validation_asks)}, test is {described(split.asks)}"


def check_time(experiment: Specification, config: Any, kind: str) -> None:
    """Refuses models that look at later ratings on splits whose point is that nothing later is known.

    Raises:
        DataError: Such a model, and a split in time.
    """
    ahead = [name for name, value in flatten(config).items() if name.endswith("time_neighbours") and value == "both"]
    if ahead and kind in NEED_TIMESTAMPS:
        option = f"--{experiment.name}.{ahead[0]}".replace("_", "-")
        raise DataError(f"{option}: expected none or past on {kind}, a split in time, got both, which looks ahead")


def fit_chosen(
    experiment: Specification,
    config: Any,
    train: Interactions,
    validation: EvaluationTask | None,
    *,
    asks: str,
    seed: int,
    threshold: float | None,
    directory: Path,
    reporter: Reporter,
    dataset: Dataset | None = None,
    start: EarlierRun | None = None,
    cluster: Cluster | None = None,
    tune_baselines: bool = True,
) -> Trained:
    """Fits on train, and where the model has something to choose, chooses it on validation.

    Args:
        experiment: What to fit.
        config: Its configuration.
        train: Rows to learn from.
        validation: What to stop by; None where the data have no row to spare for it: nothing is chosen then.
        asks: The kind of split whose question validation asks.
        seed: Seed of everything random.
        threshold: Least rating of a relevant validation row, None for any.
        directory: For ``checkpoints`` and ``tensorboard``.
        reporter: Is told what is going on.
        dataset: Movies and users, for models that use features.
        start: The run whose trained weights the fit goes on from.
        cluster: Those who train together; None for this process alone.
        tune_baselines: Whether baselines choose their open numbers on validation.
    """
    monitor = None
    if validation is not None:
        monitor = Monitor(validation.rows, validation.seen, threshold, validation.candidates)
    about = {"seed": seed, "reporter": reporter, "dataset": dataset, "start": start, "cluster": cluster}
    about |= {"asks": asks, "tune_baselines": tune_baselines}
    context = _context(directory, "validation", monitor=monitor, **about)
    return experiment.fit(config, train, context)


def _context(directory: Path, phase: str, **arguments: Any) -> FitContext:
    return FitContext(
        checkpoints=directory / "checkpoints" / phase, tensorboard=directory / "tensorboard" / phase, **arguments
    )


def fit(
    name: str,
    split: Split,
    *,
    dataset: Dataset | None = None,
    seed: int = 0,
    tune_baselines: bool = True,
    tested: bool = True,
    **options: Any,
) -> Any:
    """Fits an experiment's recommender in one line, for notebooks.

    Args:
        name: "retrieval", "ease", ...: a name that ``recs compare`` takes.
        split: From ``data.split``.
        dataset: What was split, for models that use features of movies or users.
        seed: Seed of everything random.
        tune_baselines: Whether a baseline chooses on validation what the options leave open.
        tested: Whether the test rows will be predicted, so that they must not be among those that are learned from.
        **options: Fields of the experiment's configuration, such as ``dimension=64``.

    Returns:
        The recommender fitted on train and validation; give it to ``evaluation.evaluate`` with ``split.test``.
    """
    chosen, reporter = specification(name), reporter_here()
    with tempfile.TemporaryDirectory() as directory:
        fits = fit_on_split(
            chosen,
            chosen.config(**options),
            split,
            seed=seed,
            threshold=None,
            directory=Path(directory),
            reporter=reporter,
            dataset=dataset,
            tune_baselines=tune_baselines,
            tested=tested,
        )
    reporter.line(f"{name}: fitted in {fits.seconds:.1f} s")
    return fits.final.recommender
