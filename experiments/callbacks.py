"""Keras callbacks: validate, remember, stop, report."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

from data import DataError
from experiments.files import write_text
from experiments.reporter import Reporter
from models.backend import tf

MONITOR = "val_ndcg@10"
WINDOW = 5


def best_epoch(history: list[dict[str, float]]) -> int:
    """How many epochs gave the best validation score; all of them where there was no validation.

    A score counts as the mean of the last five epochs up to it: single ones jump by more than a plateau's slope, and
    the highest of many jumps is often an early one.

    >>> best_epoch([{"val_ndcg@10": score} for score in (0.1, 0.31, 0.2, 0.3, 0.3, 0.3, 0.2)])
    6
    """
    if not history or MONITOR not in history[0]:
        return len(history)
    scores = [row[MONITOR] for row in history]
    smooth = [fmean(scores[max(0, end - WINDOW) : end]) for end in range(1, len(scores) + 1)]
    return max(range(len(smooth)), key=smooth.__getitem__) + 1


def should_stop(history: list[dict[str, float]], patience: int | None) -> bool:
    """Whether the last ``patience`` epochs brought nothing better; never without a patience."""
    return patience is not None and bool(history) and len(history) - best_epoch(history) >= patience


class Validation(tf.keras.callbacks.Callback):
    """Adds the validation score to each epoch's logs, for the callbacks after it.

    Args:
        score: Computes it from the model as it stands.
    """

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
    with the weights: after each epoch the newest and the best weights lie in ``directory`` and ``state.json``, replaced
    in one step, says which they are.

    Args:
        model: Compiled model to save and restore.
        directory: Where to keep the files.
        patience: Stop after so many epochs without a better score; None to train to the end.
    """

    def __init__(self, model: tf.keras.Model, directory: Path, patience: int | None) -> None:
        super().__init__()
        self.directory = directory
        self.patience = patience
        self.history: list[dict[str, float]] = []
        self.checkpoint = tf.train.Checkpoint(model=model, optimizer=model.optimizer)
        directory.mkdir(parents=True, exist_ok=True)

    def restore(self) -> int:
        """Goes on from the newest weights; returns the number of epochs done, 0 in a fresh directory.

        Raises:
            DataError: What was left there is damaged.
        """
        state = self.directory / "state.json"
        if state.exists():
            try:
                self.history = list(json.loads(state.read_text())["history"])
                self.checkpoint.read(str(self._path(len(self.history))))
            except (OSError, ValueError, KeyError, TypeError, tf.errors.OpError) as error:
                reason = (str(error).splitlines() or [type(error).__name__])[0]
                raise DataError(
                    f"expected the state of a training, got a damaged one ({reason}); delete it to begin anew",
                    file=self.directory,
                ) from None
        return len(self.history)

    def restore_best(self) -> int:
        """Takes the weights of the best epoch; returns its 1-based number."""
        best = best_epoch(self.history)
        self.checkpoint.read(str(self._path(best))).expect_partial()
        return best

    @property
    def finished(self) -> bool:
        """Whether early stopping has ended the training."""
        return should_stop(self.history, self.patience)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        """Saves, forgets weights that are neither newest nor best, and stops if it is time.

        Raises:
            FloatingPointError: The loss is not a number any more.
        """
        if not math.isfinite(logs["loss"]):
            raise FloatingPointError(
                f"training diverged: expected a finite loss, got {logs['loss']} in epoch {epoch + 1}; "
                "try a smaller learning_rate or a larger temperature"
            )
        self.history.append({name: float(value) for name, value in logs.items()})
        self.checkpoint.write(str(self._path(epoch + 1)))
        write_text(self.directory / "state.json", json.dumps({"history": self.history}))
        keep = {self._path(epoch + 1).name, self._path(best_epoch(self.history)).name}
        for file in self.directory.glob("epoch-*"):
            if file.name.split(".")[0] not in keep:
                file.unlink()
        self.model.stop_training = self.finished or self.model.stop_training

    def _path(self, epoch: int) -> Path:
        return self.directory / f"epoch-{epoch}"


class Progress(tf.keras.callbacks.Callback):
    """Tells a reporter of each epoch.

    Args:
        reporter: Who is told.
        label: What is trained.
        epochs: How many epochs there will be at most.
    """

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
