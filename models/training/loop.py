"""Fits a Keras model: early stopping on validation nDCG, checkpoints, TensorBoard, resumable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
        epochs: Maximum number; without a score, the number.
        patience: With a score: stop after this many epochs without a better one.
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

    With a validation score the model ends as its best epoch left it, else as the last one did. See ``compile_model``
    for what a model has to bring.

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


def adam(learning_rate: Any) -> tf.keras.optimizers.legacy.Adam:
    """Adam (Kingma and Ba, ICLR 2015) with Keras's defaults.

    Keras's older one updates a weight by one fused kernel. The newer one passes through memory a dozen times instead,
    which took half of the training time of a reconstruction; it gives the same weights to rounding.
    """
    return tf.keras.optimizers.legacy.Adam(learning_rate)


def adagrad(learning_rate: Any) -> tf.keras.optimizers.legacy.Adagrad:
    """Adagrad (Duchi et al., JMLR 2011) with Keras's defaults: only the vectors that were looked up are touched.

    A step of Adam changes every row of a table, since its means decay everywhere; for tables of millions of rows that
    takes longer than all else.
    """
    return tf.keras.optimizers.legacy.Adagrad(learning_rate)


OPTIMIZERS: dict[str, Callable[[Any], Any]] = {"adam": adam, "adagrad": adagrad}


def built(optimizer: tf.keras.optimizers.legacy.Optimizer, weights: Sequence[tf.Variable]) -> Any:
    """An optimizer that has its own variables for these weights.

    Keras makes them in the first step otherwise, for which TensorFlow traces the step a second time.
    """
    optimizer._create_all_weights(weights)
    return optimizer


def fit_epochs(model: Any, epochs: int, part: str, context: Any, label: str = "") -> list[dict[str, Any]]:
    """Trains a compiled part of a model for this many epochs, without validation; see ``fit_keras``.

    Seed, directories and reporter are those of the ``FitContext``.

    Returns:
        A row of losses and metrics per epoch, with the name of the part.

    Raises:
        FloatingPointError: The loss became NaN or infinite.
    """
    _, history = fit_keras(
        model,
        Schedule(epochs, epochs),
        seed=context.seed,
        checkpoints=context.checkpoints / part,
        tensorboard=context.tensorboard / part,
        reporter=context.reporter,
        label=label or part,
        score=None,
    )
    return [{"part": part, "epoch": number, **row} for number, row in enumerate(history, start=1)]
