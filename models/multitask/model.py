"""The multitask network: retrieval, content and rating tasks over shared vectors of movies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tfrs_lab.models.backend import tf, tfrs
from tfrs_lab.models.multitask.config import JointConfig
from tfrs_lab.models.multitask.loss_weights import WEIGHTINGS
from tfrs_lab.models.multitask.rating_task import RatingTask
from tfrs_lab.models.multitask.towers import content_pair, shared_embeddings
from tfrs_lab.models.rating.config import STEPS
from tfrs_lab.models.training.data import TrainingData
from tfrs_lab.models.training.loop import OPTIMIZERS, adam, built
from tfrs_lab.models.two_tower.model import TowerPair, build_pair

Values = dict[str, "tf.Tensor"]

SAMPLE = 256
"""Number of users whose scores are checked for collapse."""
LEAST_SPREAD = 1e-6
"""Scores that differ by less, relative to their size, tell nothing apart."""


class JointModel(tfrs.Model):
    """Tasks that share vectors of movies; see ``JointConfig``.

    Each step sees the histories of a batch of users, for the retrieval and content tasks. The rating task has all
    ratings in one step, so it takes part in few of them.

    Raises:
        ValueError: The data lacks what a task needs.
    """

    steps_at_once = 1
    """A step is long, and so is tracing it."""

    def __init__(self, config: JointConfig, data: TrainingData, seed: int) -> None:
        super().__init__()
        self.config, self.seed, tasks = config, seed, config.tasks
        self.pair = build_pair(config.retrieval, data, seed) if tasks != ("rating",) else None
        self.content = content_pair(config.content, data, self.pair, seed) if self.pair and "content" in tasks else None
        self.rating = RatingTask(config.rating, data, self.pair, self.content, seed) if "rating" in tasks else None
        self.loss_weights = WEIGHTINGS[config.weighting](config)
        rating_steps = config.epochs * -(-self.steps_per_epoch // (config.rating_every if self.pair else 1))
        self.rating_optimizer = adam(
            tf.keras.optimizers.schedules.CosineDecay(config.rating.learning_rate, rating_steps)
        )
        self.means: dict[str, Any] = {task: tf.keras.metrics.Mean(name=f"{task}_loss") for task in tasks}
        self.steps = tf.Variable(0, dtype=tf.int32, trainable=False, name="steps")

    @property
    def steps_per_epoch(self) -> int:
        """Batches in an epoch."""
        return self.pair.steps_per_epoch if self.pair else STEPS

    def new_optimizer(self) -> tf.keras.optimizers.legacy.Optimizer:
        """To compile it with: of the shared vectors and what belongs to the retrieval and content tasks."""
        common, own = self._groups()
        built(self.rating_optimizer, own)
        return built(OPTIMIZERS[self.config.retrieval.optimizer](self.config.retrieval.learning_rate), common)

    def batches(self, seed: int, first_epoch: int, epochs: int) -> tf.data.Dataset:
        """Batches epoch after epoch, a function of (seed, epoch); ``rates`` says whether the rating task takes part."""
        if self.pair is None:
            return tf.data.Dataset.from_tensors({"rates": True}).repeat(STEPS * (epochs - first_epoch))
        steps = tf.data.Dataset.range(self.steps_per_epoch).repeat()
        return tf.data.Dataset.zip((self.pair.batches(seed, first_epoch, epochs), steps)).map(
            lambda batch, step: {**batch, "rates": step % self.config.rating_every == 0}
        )

    @tf.autograph.experimental.do_not_convert  # nothing to convert, and to find that out takes seconds
    def train_step(self, inputs: Values) -> Values:
        """One step; reports the epoch's mean losses, in all and of each task.

        TFRS's own takes one loss and one optimizer. Here the weights that only the rating task has get an optimizer of
        their own: they take part in few steps and need larger ones.
        """
        others = [task for task in self.config.tasks if task != "rating"]
        if self.rating is None or not others:
            losses = self._descend(inputs, self.config.tasks)
        else:
            losses = tf.cond(
                inputs["rates"],
                lambda: self._descend(inputs, self.config.tasks),
                lambda: {**self._descend(inputs, others), "rating": tf.constant(0.0)},
            )
        self.steps.assign_add(1)
        return self._logs(losses, inputs["rates"])

    def _descend(self, inputs: Values, tasks: Sequence[str]) -> Values:
        """A step on these tasks; returns their losses."""
        common, own = self._groups()
        with tf.GradientTape(persistent=True) as tape:
            losses = {task: self._objectives()[task](inputs, tf.stack([self.seed, 32 * self.steps])) for task in tasks}
            total = self.loss_weights.combine(losses, tape, shared_embeddings(self.pair) if self.pair else [])
        gradients = tape.gradient(total, [*common, *own])
        if common:
            self.optimizer.apply_gradients(_present(gradients[: len(common)], common))
        if "rating" in tasks:
            self.rating_optimizer.apply_gradients(_present(gradients[len(common) :], own))
        return losses

    def _objectives(self) -> dict[str, Callable[[Values, tf.Tensor], tf.Tensor]]:
        """Task → scalar loss of a batch; randomness is a function of the seed [2] int32."""
        pair, content, rating = self.pair, self.content, self.rating
        losses: dict[str, Callable[[Values, tf.Tensor], tf.Tensor]] = {}
        if pair is not None:
            losses["retrieval"] = lambda inputs, seed: pair.objective.loss(pair, inputs, seed)
        if content is not None:
            losses["content"] = lambda inputs, seed: content.objective.loss(content, inputs, seed + 8)
        if rating is not None:
            losses["rating"] = lambda inputs, seed: rating(seed + 16)
        return losses

    def _groups(self) -> tuple[list[tf.Variable], list[tf.Variable]]:
        """Weights that take part in every step, and those of the rating task alone."""
        own = self.rating.trainable_variables if self.rating else []
        names = {id(weight) for weight in own}
        return [weight for weight in self.trainable_variables if id(weight) not in names], own

    def _logs(self, losses: Values, rates: tf.Tensor) -> Values:
        """Means of the epoch so far, the rating task's over its own steps; with several tasks each loss and weight."""
        for task, loss in losses.items():
            self.means[task].update_state(loss, sample_weight=tf.cast(rates, tf.float32) if task == "rating" else 1.0)
        means = {task: self.means[task].result() for task in losses}
        weights = {task: self.loss_weights.weight(task) for task in losses}
        logs = {"loss": tf.add_n([weights[task] * means[task] for task in losses])}
        if len(losses) > 1:
            logs |= {f"{task}_loss": mean for task, mean in means.items()}
            logs |= {f"{task}_weight": weight for task, weight in weights.items()}
        return logs

    @property
    def ranking_pair(self) -> TowerPair:
        """The towers that rank movies: of the retrieval task, or else of the content task.

        Raises:
            ValueError: There is the rating task alone.
        """
        pair: TowerPair | None = self.pair if "retrieval" in self.config.tasks else self.content
        if pair is None:
            raise ValueError(f"expected a retrieval or content task to have vectors of, got tasks {self.config.tasks}")
        return pair

    def vectors(self, users: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Vectors of users, the first so many or all, and of all movies: [users, dim] and [movies, dim] float32.

        Their dot product is the score.
        """
        return self.ranking_pair.vectors(users)

    def collapsed(self) -> str | None:
        """What is wrong with the vectors, if they no longer tell anything apart; None if all is well."""
        if self.pair is None:
            return None
        queries, candidates = self.vectors(SAMPLE)
        if len(candidates) < 2:
            return None  # there is nothing to tell apart
        scores = queries @ candidates.T
        spread = float(scores.std(axis=1).mean())
        if not spread <= LEAST_SPREAD * max(float(np.abs(scores).mean()), LEAST_SPREAD):
            return None  # also where it is not a number, which is the loss's to tell
        return (
            f"the vectors have collapsed, scores of {len(scores)} users differ by {spread:.1e} between movies; "
            "try a lower learning rate, weight decay or weight of the other tasks"
        )


def _present(gradients: Sequence[Any], weights: Sequence[tf.Variable]) -> list[tuple[Any, tf.Variable]]:
    """Gradient and weight, for those weights that the step's tasks use."""
    return [(gradient, weight) for gradient, weight in zip(gradients, weights, strict=True) if gradient is not None]


def build_joint(config: JointConfig, data: TrainingData, seed: int) -> JointModel:
    """An untrained network with those tasks that the data allows, if others remain."""
    tasks = tuple(task for task in config.tasks if task not in impossible_tasks(data))
    return JointModel(replace(config, tasks=tasks or config.tasks), data, seed)


def impossible_tasks(data: TrainingData) -> dict[str, str]:
    """Tasks that the data does not allow → why."""
    ratings, features, why = data.rows.rating, data.movie_features, {}
    if (features == features[:1]).all():
        why["content"] = "no features that differ between movies are known"
    if ratings is None or not len(ratings):
        why["rating"] = "there are no ratings"
    elif ratings.min() == ratings.max():
        why["rating"] = f"all ratings are {ratings[0]:g}"
    return why
