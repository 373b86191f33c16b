"""Fits a Keras model: early stopping on validation nDCG, checkpoints, TensorBoard, resumable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfrs_lab.models.backend import tf
from tfrs_lab.models.training.callbacks import CollapseGuard, Progress, TrainingState, Validation
from tfrs_lab.models.training.reporter import Reporter

STEPS_AT_ONCE = 16
"""Steps that TensorFlow takes without coming back to Python, which costs about a millisecond each."""


@dataclass(frozen=True)
class Schedule:
    """How long a model is trained.

    Attributes:
        epochs: At most so many epochs; without a score, just so many.
        patience: With a score: stop after so many epochs without a better one.
    """

    epochs: int
    patience: int


def compile_model(model: Any) -> None:
    """Compiles a model that brings its optimizer, so that small steps are not held up by Python between them."""
    at_once = min(getattr(model, "steps_at_once", STEPS_AT_ONCE), model.steps_per_epoch)
    if tf.distribute.get_strategy().num_replicas_in_sync > 1:
        at_once = 1  # steps of one loop overlap, and replicas would meet in the gradients of different tables
    model.compile(optimizer=model.new_optimizer(), steps_per_execution=at_once)


def fit_keras(
    model: Any,
    schedule: Schedule,
    *,
    seed: int,
    checkpoints: Path,
    tensorboard: Path,
    reporter: Reporter,
    label: str,
    score: Callable[[], float] | None,
) -> tuple[int, list[dict[str, float]]]:
    """Trains a compiled model that brings its own batches, from where an earlier call with the same directory stopped.

    Args:
        model: Compiled Keras model with ``batches(seed, first_epoch, epochs)`` and ``steps_per_epoch``.
        schedule: How long.
        seed: Seed of the order of training.
        checkpoints: Directory of the checkpoints.
        tensorboard: Directory of the logs.
        reporter: Is told of every epoch.
        label: What the reporter calls it.
        score: Validation score of the model as it stands; the model ends as the best epoch left it. None: as the last
            epoch left it.

    Returns:
        The 1-based epoch whose weights the model has, and a row of losses and metrics per epoch.

    Raises:
        FloatingPointError: The loss became NaN or infinite, or the vectors collapsed.
    """
    state = TrainingState(model, checkpoints, schedule.patience if score else None, schedule.epochs)
    done = state.restore()
    if done < schedule.epochs and not state.finished:
        model.fit(
            model.batches(seed, done, schedule.epochs),
            initial_epoch=done,
            epochs=schedule.epochs,
            steps_per_epoch=model.steps_per_epoch,
            callbacks=[
                *([CollapseGuard()] if hasattr(model, "collapsed") else []),
                *([Validation(score)] if score else []),
                state,
                tf.keras.callbacks.TensorBoard(tensorboard, write_graph=False),
                Progress(reporter, label, schedule.epochs),
            ],
            verbose=0,
        )
    return state.take_best(model), state.history
