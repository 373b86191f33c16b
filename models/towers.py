"""Towers: from what is known of a user or a movie to one vector."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from models.backend import tf
from models.config import PairConfig
from models.training_data import TrainingData

Features = dict[str, "tf.Tensor"]


class IdPart(tf.keras.layers.Layer):
    """One learned vector per id.

    Args:
        size: Number of ids.
        dimension: Length of the vectors.
        feature: Which input holds the ids.
        seed: Seed of the initial vectors.
    """

    def __init__(self, size: int, dimension: int, feature: str, seed: int) -> None:
        super().__init__()
        initializer = tf.keras.initializers.RandomNormal(stddev=0.03, seed=seed)
        self.embedding = tf.keras.layers.Embedding(size, dimension, embeddings_initializer=initializer)
        self.embedding.build(None)
        self.feature = feature

    def call(self, features: Features) -> tf.Tensor:
        """[batch, dim] float32 from ids [batch] int32."""
        return self.embedding(features[self.feature])


class HistoryPart(tf.keras.layers.Layer):
    """The mean of the vectors of the movies that a user knows; users need not be known from training.

    Args:
        embedding: Vectors of movies, the candidate tower's or own ones.
    """

    def __init__(self, embedding: tf.keras.layers.Embedding) -> None:
        super().__init__()
        self.embedding = embedding

    def call(self, features: Features) -> tf.Tensor:
        """[batch, dim] float32 from ``history`` [batch, (movies)] ragged int32; zeros for an empty history."""
        history = features["history"]
        vectors = tf.gather(self.embedding.embeddings, history.flat_values)
        total = tf.math.unsorted_segment_sum(vectors, history.value_rowids(), history.nrows())
        lengths = tf.cast(history.row_lengths(), tf.float32)
        return total / tf.maximum(lengths, 1.0)[:, None]


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
        return self.projection(tf.gather(self.table, features[self.feature]))


class ContextPart(tf.keras.layers.Layer):
    """The time of a request: a vector for the end of each period, and a straight line between neighbours.

    Args:
        periods: Number of periods.
        dimension: Length of the vectors.
        seed: Seed of the initial vectors.
    """

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


class Tower(tf.keras.Model):
    """Parts combined into one vector.

    Args:
        parts: Layers from features to [batch, dim].
        mix: From the parts' vectors to one.
        normalize: Scale it to unit length.
        scale: Multiply it by this.
        first_dropout: Share of the rows in training whose first part is dropped as a whole.
        extra: From features to further columns [batch, n]: a bias on one side, ones on the other.
        name: Name of the tower.
    """

    def __init__(
        self,
        parts: Sequence[tf.keras.layers.Layer],
        mix: Callable[[list[tf.Tensor]], tf.Tensor],
        *,
        normalize: bool,
        scale: float,
        first_dropout: float = 0.0,
        extra: Callable[[Features], tf.Tensor] | None,
        name: str,
    ) -> None:
        super().__init__(name=name)
        self.parts = list(parts)
        self.mix = mix
        self.normalize = normalize
        self.scale = scale
        self.first_dropout = first_dropout
        self.extra = extra

    def call(self, features: Features, dropout: float = 0.0, seed: tf.Tensor | None = None) -> tf.Tensor:
        """Vectors of users or movies.

        Args:
            features: What the parts need.
            dropout: Share of values to drop; extra columns stay.
            seed: [2] int32, seed of the dropout.

        Returns:
            [batch, dim] float32, with the extra columns at the end.
        """
        parts = [part(features) for part in self.parts]
        if self.first_dropout and seed is not None:
            kept = tf.random.stateless_uniform([tf.shape(parts[0])[0], 1], seed + 5) >= self.first_dropout
            parts[0] *= tf.cast(kept, tf.float32)
        vectors = self.mix(parts)
        if self.normalize:
            vectors = tf.math.l2_normalize(vectors, axis=-1)
        if dropout and seed is not None:
            vectors = tf.nn.experimental.stateless_dropout(vectors, dropout, seed=seed)
        vectors = vectors * self.scale
        return vectors if self.extra is None else tf.concat([vectors, self.extra(features)], axis=1)


class MovieBias(tf.keras.layers.Layer):
    """One number per movie, at first its log-popularity: the column that makes a bias part of the inner product."""

    def __init__(self, counts: np.ndarray) -> None:
        super().__init__()
        self.bias = tf.Variable(np.log(np.maximum(counts, 1)).astype(np.float32)[:, None], name="movie_bias")

    def call(self, features: Features) -> tf.Tensor:
        """[batch, 1] float32."""
        return tf.gather(self.bias, features["movie"])


class Concatenation(tf.keras.layers.Layer):
    """Concatenates the parts' vectors and projects them; a single one stays as it is.

    Args:
        dimension: Length of the result.
        seed: Seed of the initial weights.
    """

    def __init__(self, dimension: int, seed: int) -> None:
        super().__init__()
        self.projection = _dense(dimension, seed)

    def call(self, vectors: list[tf.Tensor]) -> tf.Tensor:
        """[batch, dim] float32 from a list of [batch, dim]."""
        return vectors[0] if len(vectors) == 1 else self.projection(tf.concat(vectors, axis=1))


class Perceptron(tf.keras.layers.Layer):
    """Concatenates the parts' vectors and sends them through one hidden layer.

    Args:
        dimension: Length of the hidden layer and of the result.
        seed: Seed of the initial weights.
    """

    def __init__(self, dimension: int, seed: int) -> None:
        super().__init__()
        self.hidden = _dense(dimension, seed, activation="relu")
        self.out = _dense(dimension, seed + 1)

    def call(self, vectors: list[tf.Tensor]) -> tf.Tensor:
        """[batch, dim] float32 from a list of [batch, dim]."""
        return self.out(self.hidden(tf.concat(vectors, axis=1)))


def _dense(dimension: int, seed: int, activation: str | None = None) -> tf.keras.layers.Dense:
    initializer = tf.keras.initializers.GlorotUniform(seed=seed)
    return tf.keras.layers.Dense(dimension, activation, use_bias=activation is not None, kernel_initializer=initializer)


MIXERS: dict[str, Callable[[int, int], Callable[[list[tf.Tensor]], tf.Tensor]]] = {
    "sum": lambda dimension, seed: tf.add_n,
    "concatenate": Concatenation,
    "mlp": Perceptron,
}


def build_towers(config: PairConfig, data: TrainingData, seed: int) -> tuple[Tower, Tower]:
    """An untrained query tower and candidate tower."""
    dim, base = config.dimension, 16 * seed
    movie_ids = IdPart(data.movies, dim, "movie", base)
    history = movie_ids if config.tied else IdPart(data.movies, dim, "movie", base + 1)
    makers: dict[str, Callable[[], tf.keras.layers.Layer]] = {
        "query id": lambda: IdPart(data.users, dim, "user", base + 2),
        "query history": lambda: HistoryPart(history.embedding),
        "query demographics": lambda: FeaturePart(data.user_features, dim, "user", base + 3),
        "query context": lambda: ContextPart(config.periods, dim, base + 9),
        "candidate id": lambda: movie_ids,
        "candidate features": lambda: FeaturePart(data.movie_features, dim, "movie", base + 4),
    }
    bias = MovieBias(data.rows.movie_counts) if config.bias else None
    query = Tower(
        [makers[f"query {name}"]() for name in config.query],
        MIXERS[config.combine](dim, base + 5),
        normalize=config.normalize,
        scale=1.0 if config.objective == "reconstruction" else 1.0 / config.temperature,
        extra=(lambda features: tf.ones((tf.shape(features["user"])[0], 1))) if config.bias else None,
        name="query_tower",
    )
    candidate = Tower(
        [makers[f"candidate {name}"]() for name in config.candidate],
        MIXERS[config.combine](dim, base + 7),
        normalize=config.normalize,
        scale=1.0,
        first_dropout=config.id_dropout,
        extra=bias,
        name="candidate_tower",
    )
    return query, candidate
