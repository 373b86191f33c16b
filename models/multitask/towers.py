"""Towers of the multitask network that look at vectors of another task."""

from __future__ import annotations

import numpy as np

from tfrs_lab.models.backend import tf
from tfrs_lab.models.rating.config import RatingConfig
from tfrs_lab.models.rating.head import MovieVectors, weights
from tfrs_lab.models.training.data import TrainingData
from tfrs_lab.models.training.histories import long_histories
from tfrs_lab.models.two_tower.config import PairConfig
from tfrs_lab.models.two_tower.model import TowerPair
from tfrs_lab.models.two_tower.objectives import CatalogueSoftmax
from tfrs_lab.models.two_tower.tower_parts import FeaturePart, Features, HistoryPart, rows_of
from tfrs_lab.models.two_tower.towers import Tower


def shared_embeddings(pair: TowerPair) -> list[tf.Variable]:
    """Vectors of movies in histories, and as candidates: both [movies, dim]."""
    return [tower.parts[0].embedding.embeddings for tower in (pair.query_tower, pair.candidate_tower)]


class Projected(tf.keras.layers.Layer):
    """The history, projected.

    Args:
        part: From features to [batch, n].
        inputs: n.
        dimension: Length of the result.
        seed: Seed of the projection.
    """

    def __init__(self, part: HistoryPart, inputs: int, dimension: int, seed: int) -> None:
        super().__init__()
        self.part = part
        initializer = tf.keras.initializers.GlorotUniform(seed=seed)
        self.projection = tf.keras.layers.Dense(dimension, use_bias=False, kernel_initializer=initializer)
        self.projection.build((None, inputs))

    def movies(self) -> tf.Tensor:
        """[movies, dim] float32: whose mean over a history the part is."""
        return self.projection(self.part.movies())

    def call(self, features: Features) -> tf.Tensor:
        """[batch, dim] float32."""
        return self.projection(self.part(features))


class FeatureBias(tf.keras.layers.Layer):
    """A bias for each movie by its features, so that movies without ratings have one.

    Args:
        table: [movies, features] float32.
    """

    def __init__(self, table: np.ndarray) -> None:
        super().__init__()
        self.table = tf.constant(table)
        self.bias = tf.Variable(tf.zeros((table.shape[1], 1)), name="feature_bias")

    def call(self, features: Features) -> tf.Tensor:
        """[batch, 1] float32."""
        return tf.matmul(rows_of(self.table, features["movie"]), self.bias)


def content_pair(config: PairConfig, data: TrainingData, pair: TowerPair, seed: int) -> TowerPair:
    """A pair that finds hidden movies by their features, from a history of the other pair's vectors.

    Raises:
        ValueError: Movies have no features.
    """
    base, shared = 16 * seed + 50, shared_embeddings(pair)[0]
    history = HistoryPart(pair.query_tower.parts[0].embedding, dense=long_histories(data.rows))
    query = Tower(
        [Projected(history, shared.shape[1], config.dimension, base)],
        tf.add_n,
        normalize=config.normalize,
        scale=1.0 / config.temperature,
        extra=(lambda features: tf.ones((tf.shape(features["user"])[0], 1))) if config.bias else None,
        name="content_query_tower",
    )
    candidate = Tower(
        [FeaturePart(data.movie_features, config.dimension, "movie", base + 1)],
        tf.add_n,
        normalize=config.normalize,
        scale=1.0,
        extra=FeatureBias(data.movie_features) if config.bias else None,
        name="content_candidate_tower",
    )
    return TowerPair(query, candidate, CatalogueSoftmax(config, data), seed)


class SharedTables(tf.keras.layers.Layer):
    """The rating task's vectors of movies as projections of the other tasks'."""

    def __init__(
        self, pair: TowerPair, content: TowerPair | None, config: RatingConfig, features: int, seed: int
    ) -> None:
        super().__init__()
        # held in functions, so that these weights are the other tasks' and not this layer's too
        embeddings, tower = shared_embeddings(pair), content.candidate_tower.parts[0] if content else None
        self._embeddings = lambda: embeddings
        self._kernel = (lambda: tower.projection.kernel) if tower else None
        width = embeddings[0].shape[1]
        deviation = 2 * config.deviation
        self.projections = [weights((width, config.dimension), deviation, seed + place) for place in range(3)]
        self.own_features = weights((features, config.dimension), config.deviation, seed + 3)
        if tower is not None:
            inputs = tower.projection.kernel.shape[1]
            self.of_content = weights((inputs, config.dimension), deviation, seed + 8)

    def vectors(self) -> MovieVectors:
        """The projections."""
        histories, candidates = self._embeddings()
        rated, liked, candidate = self.projections
        features = self.own_features
        return MovieVectors(
            tf.matmul(histories, rated),
            tf.matmul(histories, liked),
            tf.matmul(candidates, candidate),
            features if self._kernel is None else features + tf.matmul(self._kernel(), self.of_content),
        )
