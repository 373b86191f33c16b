"""A query tower and a candidate tower, trained together."""

from __future__ import annotations

from typing import Any

import numpy as np

from tfrs_lab.models.backend import tf, tfrs
from tfrs_lab.models.checks import require_known
from tfrs_lab.models.training.data import TrainingData
from tfrs_lab.models.training.loop import OPTIMIZERS, built
from tfrs_lab.models.training.replicas import over_replicas
from tfrs_lab.models.training.warm_start import Side
from tfrs_lab.models.two_tower.config import PairConfig
from tfrs_lab.models.two_tower.objectives import OBJECTIVES, Objective
from tfrs_lab.models.two_tower.towers import Tower, build_towers


class TowerPair(tfrs.Model):
    """Scores a user and a movie by the dot product of their towers' vectors.

    Args:
        query_tower: From what is known of users to vectors [batch, dim].
        candidate_tower: From what is known of movies to vectors [batch, dim].
        objective: What they are trained to do.
        seed: Seed of what is random in training.
    """

    def __init__(self, query_tower: Tower, candidate_tower: Tower, objective: Objective, seed: int) -> None:
        super().__init__()
        self.query_tower = query_tower
        self.candidate_tower = candidate_tower
        self.objective = objective
        self.seed = seed
        self.mean_loss = tf.keras.metrics.Mean(name="loss")
        first = tf.VariableAggregation.ONLY_FIRST_REPLICA  # all count alike
        self.steps = tf.Variable(0, dtype=tf.int32, trainable=False, name="steps", aggregation=first)

    def compute_loss(self, inputs: dict[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """The objective's loss; randomness is a function of the seed and the step, so that a resumed run repeats it."""
        return self.objective.loss(self, inputs, tf.stack([self.seed, 8 * self.steps]))

    @tf.autograph.experimental.do_not_convert  # nothing to convert, and to find that out takes seconds
    def train_step(self, inputs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """One step; reports the epoch's mean loss, where TFRS reports the last batch's.

        As TFRS's own step, but that a metric is not read, for which replicas would wait for each other.
        """
        with tf.GradientTape() as tape:
            loss = self.compute_loss(inputs, training=True)
            penalties = tf.reduce_sum([tf.reduce_sum(penalty) for penalty in self.losses])
            total = loss + tf.nn.scale_regularization_loss(penalties)
        weights = self.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(total, weights), weights, strict=True))
        self.steps.assign_add(1)
        rows = tf.cast(tf.shape(inputs["user"])[0], tf.float32)
        whole = over_replicas(tf.stack([loss, rows]))
        self.mean_loss.update_state(whole[0], sample_weight=whole[1])
        return {"loss": self.mean_loss.total / self.mean_loss.count}

    def batches(self, seed: int, first_epoch: int, epochs: int) -> tf.data.Dataset:
        """Batches epoch after epoch, a function of (seed, epoch); in a strategy's scope, shares of the same batches."""
        strategy = self.distribute_strategy
        if strategy.num_replicas_in_sync == 1:
            return self.objective.batches(seed, first_epoch, epochs)
        return strategy.distribute_datasets_from_function(
            lambda reader: self.objective.batches(seed, first_epoch, epochs, reader)
        )

    def build_lazy_layers(self) -> None:
        """Calls both towers once: layers that make their weights in their first call have them from then on."""
        self.query_tower(self._latest(tf.range(min(1, self.objective.data.users))))
        self.candidate_tower({"movie": tf.range(min(1, self.objective.data.movies))})

    def new_optimizer(self) -> tf.keras.optimizers.legacy.Optimizer:
        """To compile it with."""
        config = self.objective.config
        return built(OPTIMIZERS[config.optimizer](config.learning_rate), self.trainable_variables)

    def tables(self) -> list[tuple[tf.Variable, Side]]:
        """Variables with a row per user or movie."""
        towers = (self.query_tower, self.candidate_tower)
        layers = [layer for tower in towers for layer in (*tower.parts, tower.extra) if hasattr(layer, "tables")]
        return [table for layer in layers for table in layer.tables()]

    @property
    def steps_per_epoch(self) -> int:
        """Batches in an epoch."""
        return -(-self.objective.examples // self.objective.config.batch_size)

    def vectors(self, users: int | None = None, block: int = 4096) -> tuple[np.ndarray, np.ndarray]:
        """[users, dim] and [movies, dim] float32 as of the latest row, of the first ``users`` or all, and all movies.

        Their dot product is the score.
        """
        data = self.objective.data
        asked = data.users if users is None else min(users, data.users)
        queries = [self.query_tower(self._latest(rows)).numpy() for rows in _blocks(asked, block)]
        candidates = [self.candidate_tower({"movie": movies}).numpy() for movies in _blocks(data.movies, block)]
        return np.concatenate(queries), np.concatenate(candidates)

    def _latest(self, users: tf.Tensor) -> dict[str, Any]:
        """What the query tower needs of users, at the time of the latest row."""
        features = {"user": users, "time": tf.ones(len(users))}
        if self.objective.config.sees_history:
            features["history"] = tf.gather(self.objective.data.histories, users)
        return features


def _blocks(count: int, block: int) -> list[tf.Tensor]:
    return [tf.range(start, min(start + block, count)) for start in range(0, count, block)]


def build_pair(config: PairConfig, data: TrainingData, seed: int) -> TowerPair:
    """An untrained pair."""
    require_known(config.objective, OBJECTIVES, "objective")
    require_known(config.optimizer, OPTIMIZERS, "optimizer")
    query, candidate = build_towers(config, data, seed)
    pair = TowerPair(query, candidate, OBJECTIVES[config.objective](config, data), seed)
    pair.build_lazy_layers()
    return pair
