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
    """Compiles a model that brings ``new_optimizer()``, ``batches(seed, first_epoch, epochs)`` and ``steps_per_epoch``.

    Small steps are not held up by Python: several are taken at once.
    """
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

    With a validation score the model ends as its best epoch left it, else as the last one did. See ``compile_model`` for
    what a model has to bring.

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
