"""Keras callbacks: validate, remember, stop, report."""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

from tfrs_lab.data import DataError
from tfrs_lab.data.storage import write_text
from tfrs_lab.models.backend import tf
from tfrs_lab.models.training.reporter import Reporter

MONITOR = "val_ndcg@10"
WINDOW = 5
SECONDS_BETWEEN = 3.0
"""Between two checkpoints."""


def best_epoch(history: list[dict[str, float]]) -> int:
    """How many epochs gave the best validation score; all of them where there was no validation.

    A score counts as the mean of the last five epochs up to it: single ones jump by more than a plateau's slope, and
    the highest of many jumps is often an early one. The first four epochs have fewer to average, so on a plateau their
    means jump highest: once there are five epochs, one of the first four stays the best only if it is ahead by more
    than a single epoch's noise. A model that overfits from its first epochs on is ahead by more than that.

    >>> best_epoch([{"val_ndcg@10": score} for score in (0.1, 0.31, 0.2, 0.3, 0.3, 0.3, 0.2)])
    6
    >>> best_epoch([{"val_ndcg@10": score} for score in (0.31, 0.3, 0.31, 0.3, 0.3, 0.31, 0.3)])
    5
    >>> best_epoch([{"val_ndcg@10": score} for score in (0.3, 0.28, 0.25, 0.23, 0.2, 0.18, 0.15)])
    1
    """
    if not history or MONITOR not in history[0]:
        return len(history)
    scores = [row[MONITOR] for row in history]
    short = [fmean(scores[:end]) for end in range(1, min(len(scores), WINDOW - 1) + 1)]
    early = _first_best(short)
    whole = [fmean(scores[end - WINDOW : end]) for end in range(WINDOW, len(scores) + 1)]
    if whole and max(whole) >= short[early] - _noise(scores[:WINDOW]):
        return WINDOW + _first_best(whole)
    return early + 1


def _first_best(scores: list[float]) -> int:
    return max(range(len(scores)), key=scores.__getitem__)


def _noise(scores: list[float]) -> float:
    """Standard deviation of single scores around a line, from their second differences, whose variance is 6 times."""
    bends = [before - 2 * here + after for before, here, after in zip(scores, scores[1:], scores[2:], strict=False)]
    return math.sqrt(fmean(bend**2 for bend in bends) / 6)


def should_stop(history: list[dict[str, float]], patience: int | None) -> bool:
    """Whether the last ``patience`` epochs brought nothing better; never without a patience."""
    return patience is not None and bool(history) and len(history) - best_epoch(history) >= patience


class Validation(tf.keras.callbacks.Callback):
    """Adds the validation score of the model as it stands to each epoch's logs, for the callbacks after it."""

    def __init__(self, score: Callable[[], float]) -> None:
        super().__init__()
        self.score = score

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Computes the score."""
        logs[MONITOR] = self.score()


class CollapseGuard(tf.keras.callbacks.Callback):
    """Stops a training whose vectors no longer tell anything apart, as ``model.collapsed()`` finds."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Looks at the vectors.

        Raises:
            FloatingPointError: They have collapsed.
        """
        problem = self.model.collapsed()
        if problem:
            raise FloatingPointError(f"epoch {epoch + 1}: {problem}")


class TrainingState(tf.keras.callbacks.Callback):
    """Early stopping and checkpoints that survive a kill.

    Keras has ``EarlyStopping`` and ``BackupAndRestore``, but a restored run has forgotten the best score and how long
    ago it was, so it would stop elsewhere than an undisturbed run. Here both follow from the history, which is stored
    with the weights: one checkpoint holds the newest state and, with a patience, the best weights, and ``state.json``,
    replaced in one step, says which it is. Small models take less time for an epoch than for a checkpoint, so there are
    a few seconds between two; a resumed training repeats what came after. Without a ``patience`` nothing stops early.
    The last of ``epochs`` is always stored.
    """

    def __init__(self, model: tf.keras.Model, directory: Path, patience: int | None, epochs: int) -> None:
        super().__init__()
        self.directory = directory
        self.patience = patience
        self.epochs = epochs
        self.history: list[dict[str, float]] = []
        self.best = [] if patience is None else [tf.Variable(weight, trainable=False) for weight in model.weights]
        self.checkpoint = tf.train.Checkpoint(model=model, optimizer=model.optimizer, best=self.best)
        self.stored = time.monotonic()
        directory.mkdir(parents=True, exist_ok=True)

    def restore(self) -> int:
        """Goes on from the newest checkpoint; returns the number of epochs done, 0 in a fresh directory.

        Raises:
            DataError: What was left there is damaged.
        """
        state = self.directory / "state.json"
        if state.exists():
            try:
                self.history = list(json.loads(state.read_text())["history"])
                found = self.checkpoint.read(str(self._path(len(self.history))))
                found.assert_existing_objects_matched()
            except (OSError, ValueError, KeyError, TypeError, AssertionError, tf.errors.OpError) as error:
                reason = (str(error).splitlines() or [type(error).__name__])[0]
                raise DataError(
                    f"expected the state of a training, got a damaged one ({reason}); delete it to begin anew",
                    file=self.directory,
                ) from None
        return len(self.history)

    def take_best(self, model: tf.keras.Model) -> int:
        """Gives the model the weights of the best epoch; returns its 1-based number."""
        for weight, best in zip(model.weights if self.best else (), self.best, strict=True):
            weight.assign(best)
        return best_epoch(self.history)

    @property
    def finished(self) -> bool:
        """Whether early stopping has ended the training."""
        return should_stop(self.history, self.patience)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        """Remembers the best weights, stores the state if it is time, and stops if it is time for that.

        Raises:
            FloatingPointError: The loss is not a number any more.
        """
        if not math.isfinite(logs["loss"]):
            raise FloatingPointError(
                f"training diverged: expected a finite loss, got {logs['loss']} in epoch {epoch + 1}; "
                "try a smaller learning_rate or a larger temperature"
            )
        self.history.append({name: float(value) for name, value in logs.items()})
        if best_epoch(self.history) == len(self.history):
            for best, weight in zip(self.best, self.model.weights if self.best else (), strict=True):
                best.assign(weight)
        self.model.stop_training = self.finished or self.model.stop_training
        over = self.model.stop_training or epoch + 1 == self.epochs
        if over or time.monotonic() - self.stored >= SECONDS_BETWEEN:
            self._store()

    def _store(self) -> None:
        """Writes checkpoint and history, then removes the checkpoint before, and what a killed process left of one."""
        newest = self._path(len(self.history))
        self.checkpoint.write(str(newest))
        write_text(self.directory / "state.json", json.dumps({"history": self.history}))
        for file in self.directory.glob("epoch-*"):
            if file.is_dir():  # epoch-2_temp, where TensorFlow writes
                shutil.rmtree(file)
            elif file.name.split(".")[0] != newest.name:
                file.unlink()
        self.stored = time.monotonic()

    def _path(self, epoch: int) -> Path:
        return self.directory / f"epoch-{epoch}"


class Progress(tf.keras.callbacks.Callback):
    """Tells a reporter of each epoch of at most ``epochs``."""

    def __init__(self, reporter: Reporter, label: str, epochs: int) -> None:
        super().__init__()
        self.reporter = reporter
        self.label = label
        self.epochs = epochs

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Starts the clock."""
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Reports the epoch's numbers."""
        numbers = [f"{name} {logs[name]:.4f}" for name in ("loss", MONITOR) if name in logs]
        seconds = f"{time.perf_counter() - self.started:.1f} s"
        self.reporter.step(f"{self.label}: epoch", epoch + 1, self.epochs, "  ".join([*numbers, seconds]))
