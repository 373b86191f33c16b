"""How the losses of several tasks become one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tfrs_lab.models.backend import tf
from tfrs_lab.models.multitask.config import JointConfig

Losses = Mapping[str, "tf.Tensor"]
Gradients = Mapping[str, Sequence["tf.Tensor"]]


class LossWeights(tf.keras.layers.Layer, ABC):
    """Weights of tasks."""

    def __init__(self, config: JointConfig) -> None:
        super().__init__()
        self.config = config

    @abstractmethod
    def combine(self, losses: Losses, tape: tf.GradientTape, shared: Sequence[tf.Variable]) -> tf.Tensor:
        """The scalar to minimise, from each task's scalar loss; ``tape`` is persistent and recording."""

    @abstractmethod
    def weight(self, task: str) -> tf.Tensor:
        """The present weight of a task, for the log."""


class FixedWeights(LossWeights):
    """As configured; 1 for a task that is alone."""

    def combine(self, losses: Losses, tape: tf.GradientTape, shared: Sequence[tf.Variable]) -> tf.Tensor:
        """Σ weight · loss."""
        return tf.add_n([self.weight(task) * loss for task, loss in losses.items()])

    def weight(self, task: str) -> tf.Tensor:
        """A constant."""
        return tf.constant(getattr(self.config.weights, task) if len(self.config.tasks) > 1 else 1.0)


class UncertaintyWeights(LossWeights):
    """Σ e^(−s) · loss + s, with s learned.

    Kendall, Gal and Cipolla, "Multi-task learning using uncertainty to weigh losses", CVPR 2018, eq. 7 up to constant
    factors. Deviation: s begins at the log of the first loss, since ours differ by orders of magnitude.
    """

    def __init__(self, config: JointConfig) -> None:
        super().__init__(config)
        self.log_losses: dict[str, Any] = {task: tf.Variable(0.0, name=f"{task}_log_loss") for task in config.tasks}
        self.begun: dict[str, Any] = {task: tf.Variable(False, trainable=False) for task in config.tasks}

    def combine(self, losses: Losses, tape: tf.GradientTape, shared: Sequence[tf.Variable]) -> tf.Tensor:
        """Σ e^(−s) · loss + s."""
        for task, loss in losses.items():
            first = tf.math.log(tf.maximum(tf.stop_gradient(loss), 1e-6))
            self.log_losses[task].assign(tf.where(self.begun[task], self.log_losses[task], first))
            self.begun[task].assign(True)
        return tf.add_n(
            [tf.exp(-self.log_losses[task]) * loss + self.log_losses[task] for task, loss in losses.items()]
        )

    def weight(self, task: str) -> tf.Tensor:
        """e^(−s)."""
        return tf.exp(-self.log_losses[task])


class GradNormWeights(LossWeights):
    """Weights that make the gradients of all tasks on the shared vectors equally long.

    Chen et al., "GradNorm: gradient normalization for adaptive loss balancing in deep multitask networks", ICML 2018,
    with α = 0. Deviation: the weights are solved for at each step, from a running mean of the gradients' lengths,
    instead of being trained towards them; the retrieval task keeps weight 1.
    """

    DECAY = 0.9

    def __init__(self, config: JointConfig) -> None:
        super().__init__(config)
        self.lengths: dict[str, Any] = {task: tf.Variable(0.0, trainable=False) for task in config.tasks}

    def combine(self, losses: Losses, tape: tf.GradientTape, shared: Sequence[tf.Variable]) -> tf.Tensor:
        """Σ weight · loss."""
        for task, loss in losses.items():
            with tape.stop_recording():
                gradients = tape.gradient(loss, shared, unconnected_gradients=tf.UnconnectedGradients.ZERO)
                now, before = tf.linalg.global_norm(gradients), self.lengths[task]
                before.assign(tf.where(before > 0, self.DECAY * before + (1 - self.DECAY) * now, now))
        return tf.add_n([self.weight(task) * loss for task, loss in losses.items()])

    def weight(self, task: str) -> tf.Tensor:
        """Length of the first task's gradient over that of this one's; 1 before either is known."""
        first, own = self.lengths[self.config.tasks[0]], self.lengths[task]
        return tf.where((first > 0) & (own > 0), first / tf.maximum(own, 1e-12), 1.0)


WEIGHTINGS: dict[str, Callable[[JointConfig], LossWeights]] = {
    "fixed": FixedWeights,
    "uncertainty": UncertaintyWeights,
    "gradnorm": GradNormWeights,
}
