"""Parts of towers: layers from what is known of a user or a movie to a vector, and what each is called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfrs_lab.models.backend import tf
from tfrs_lab.models.training.data import TrainingData
from tfrs_lab.models.training.histories import long_histories
from tfrs_lab.models.two_tower.config import PairConfig

Features = dict[str, Any]
"""What is known of users or movies, tensors by name; ids may be None, for all of them in their order."""


def rows_of(table: tf.Tensor, ids: tf.Tensor | None) -> tf.Tensor:
    """The rows with these ids; for None the whole table as it is, whose gradient then needs no scattering."""
    return tf.convert_to_tensor(table) if ids is None else tf.gather(table, ids)


class IdPart(tf.keras.layers.Layer):
    """One learned vector per id."""

    def __init__(self, size: int, dimension: int, feature: str, seed: int) -> None:
        super().__init__()
        initializer = tf.keras.initializers.RandomNormal(stddev=0.03, seed=seed)
        self.embedding = tf.keras.layers.Embedding(size, dimension, embeddings_initializer=initializer)
        self.embedding.build(None)
        self.feature = feature

    def tables(self) -> list[tuple[tf.Variable, str]]:
        """The vectors, a row per id."""
        return [(self.embedding.embeddings, self.feature)]

    def call(self, features: Features) -> tf.Tensor:
        """[batch, dim] float32 from ids [batch] int32."""
        return rows_of(self.embedding.embeddings, features[self.feature])


class HistoryPart(tf.keras.layers.Layer):
    """The mean of the vectors of the movies that a user knows; users need not be known from training.

    ``dense``: histories are written out over the whole catalogue, see ``long_histories``.
    """

    def __init__(self, embedding: tf.keras.layers.Embedding, *, dense: bool) -> None:
        super().__init__()
        self.embedding = embedding
        self.dense = dense

    def tables(self) -> list[tuple[tf.Variable, str]]:
        """The vectors, a row per movie."""
        return [(self.embedding.embeddings, "movie")]

    def movies(self) -> tf.Tensor:
        """[movies, dim] float32: whose mean over a history the part is."""
        return tf.convert_to_tensor(self.embedding.embeddings)

    def call(self, features: Features) -> tf.Tensor:
        """[batch, dim] float32 from ``history`` [batch, (movies)] ragged int32; zeros for an empty history."""
        history = features["history"]
        lengths = tf.cast(history.row_lengths(), tf.float32)
        return _row_sums(history, self.embedding.embeddings, self.dense) / tf.maximum(lengths, 1.0)[:, None]


def _row_sums(history: tf.RaggedTensor, vectors: tf.Variable, dense: bool) -> tf.Tensor:
    """[batch, dim]: sums of vectors of the movies of each row.

    As a product of matrices, which writes no vector per entry to memory as gathering and adding up would.
    """
    places = tf.stack([history.value_rowids(), tf.cast(history.flat_values, tf.int64)], axis=1)
    shape = tf.stack([history.nrows(), tf.shape(vectors, tf.int64)[0]])
    ones = tf.ones_like(history.flat_values, tf.float32)
    if dense:
        return tf.matmul(tf.scatter_nd(places, ones, shape), vectors)
    return tf.sparse.sparse_dense_matmul(tf.SparseTensor(places, ones, shape), vectors)


class FeaturePart(tf.keras.layers.Layer):
    """A linear map of known features.

    Args:
        table: [ids, features] float32.
        dimension: Length of the vectors.
        feature: Which input holds the ids.
        seed: Seed of the initial weights.
    """

    def __init__(self, table: np.ndarray, dimension: int, feature: str, seed: int) -> None:
        super().__init__()
        if not table.shape[1]:
            raise ValueError(f"expected features of each {feature}, got data that has none; leave this tower out")
        self.table = tf.constant(table)
        initializer = tf.keras.initializers.RandomNormal(stddev=0.03, seed=seed)
        self.projection = tf.keras.layers.Dense(dimension, kernel_initializer=initializer)
        self.projection.build((None, table.shape[1]))
        self.feature = feature

    def call(self, features: Features) -> tf.Tensor:
        """[batch, dim] float32 from ids [batch] int32."""
        return self.projection(rows_of(self.table, features[self.feature]))


class ContextPart(tf.keras.layers.Layer):
    """The time of a request: a vector for the end of each period, and a straight line between neighbours."""

    def __init__(self, periods: int, dimension: int, seed: int) -> None:
        super().__init__()
        initializer = tf.keras.initializers.RandomNormal(stddev=0.03, seed=seed)
        self.embedding = tf.keras.layers.Embedding(periods + 1, dimension, embeddings_initializer=initializer)
        self.embedding.build(None)
        self.periods = periods

    def call(self, features: Features) -> tf.Tensor:
        """[batch, dim] float32 from ``time`` [batch] float32, the share of train rows that are not later."""
        place = features["time"] * self.periods
        before = tf.minimum(tf.floor(place), self.periods - 1)
        share = (place - before)[:, None]
        index = tf.cast(before, tf.int32)
        return (1.0 - share) * self.embedding(index) + share * self.embedding(index + 1)


class MovieBias(tf.keras.layers.Layer):
    """One number per movie, at first its log-popularity: the column that makes a bias part of the inner product."""

    def __init__(self, counts: np.ndarray) -> None:
        super().__init__()
        self.bias = tf.Variable(np.log(np.maximum(counts, 1)).astype(np.float32)[:, None], name="movie_bias")

    def tables(self) -> list[tuple[tf.Variable, str]]:
        """The biases, a row per movie."""
        return [(self.bias, "movie")]

    def call(self, features: Features) -> tf.Tensor:
        """[batch, 1] float32."""
        return rows_of(self.bias, features["movie"])


@dataclass(frozen=True)
class TowerContext:
    """What parts of a tower are made from.

    Attributes:
        config: Of the pair.
        data: What it will be trained on.
        seed: Of the initial weights; parts add numbers of their own, so that no two start alike.
        movie_ids: The candidate tower's vectors of movies.
        history_ids: The vectors of the movies of a history: the same if the config ties them.
    """

    config: PairConfig
    data: TrainingData
    seed: int
    movie_ids: IdPart
    history_ids: IdPart


Part = Callable[[TowerContext], tf.keras.layers.Layer]

QUERY_PARTS: dict[str, Part] = {
    "id": lambda context: IdPart(context.data.users, context.config.dimension, "user", context.seed + 2),
    "history": lambda context: HistoryPart(context.history_ids.embedding, dense=long_histories(context.data.rows)),
    "demographics": lambda context: FeaturePart(
        context.data.user_features, context.config.dimension, "user", context.seed + 3
    ),
    "context": lambda context: ContextPart(context.config.periods, context.config.dimension, context.seed + 9),
}
CANDIDATE_PARTS: dict[str, Part] = {
    "id": lambda context: context.movie_ids,
    "features": lambda context: FeaturePart(
        context.data.movie_features, context.config.dimension, "movie", context.seed + 4
    ),
}
"""What ``PairConfig.query`` and ``candidate`` name; an entry added here is a new tower, see ``docs/extending.md``."""
