"""Towers: parts combined into one vector for a user or a movie."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tfrs_lab.models.backend import tf
from tfrs_lab.models.training.data import TrainingData
from tfrs_lab.models.two_tower.config import PairConfig
from tfrs_lab.models.two_tower.tower_parts import CANDIDATE_PARTS, QUERY_PARTS, Features, IdPart, Ingredients, MovieBias


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


class Concatenation(tf.keras.layers.Layer):
    """Concatenates the parts' vectors and projects them; a single one stays as it is."""

    def __init__(self, dimension: int, seed: int) -> None:
        super().__init__()
        self.projection = _dense(dimension, seed)

    def call(self, vectors: list[tf.Tensor]) -> tf.Tensor:
        """[batch, dim] float32 from a list of [batch, dim]."""
        return vectors[0] if len(vectors) == 1 else self.projection(tf.concat(vectors, axis=1))


class Perceptron(tf.keras.layers.Layer):
    """Concatenates the parts' vectors and sends them through one hidden layer."""

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
    history_ids = movie_ids if config.tied else IdPart(data.movies, dim, "movie", base + 1)
    ingredients = Ingredients(config, data, base, movie_ids, history_ids)
    bias = MovieBias(data.rows.movie_counts) if config.bias else None
    query = Tower(
        [QUERY_PARTS[name](ingredients) for name in config.query],
        MIXERS[config.combine](dim, base + 5),
        normalize=config.normalize,
        scale=1.0 if config.objective == "reconstruction" else 1.0 / config.temperature,
        extra=(lambda features: tf.ones((tf.shape(features["user"])[0], 1))) if config.bias else None,
        name="query_tower",
    )
    candidate = Tower(
        [CANDIDATE_PARTS[name](ingredients) for name in config.candidate],
        MIXERS[config.combine](dim, base + 7),
        normalize=config.normalize,
        scale=1.0,
        first_dropout=config.id_dropout,
        extra=bias,
        name="candidate_tower",
    )
    return query, candidate
