"""Towers: parts combined into one vector for a user or a movie."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tfrs_lab.models.backend import tf
from tfrs_lab.models.checks import require_known
from tfrs_lab.models.training.data import TrainingData
from tfrs_lab.models.two_tower.config import PairConfig
from tfrs_lab.models.two_tower.tower_parts import (
    CANDIDATE_PARTS,
    QUERY_PARTS,
    Features,
    IdPart,
    MovieBias,
    TowerContext,
)


class Tower(tf.keras.Model):
    """Parts, layers from features to [batch, dim], combined into one vector of unit length if it is normalised.

    Args:
        parts: The layers.
        mix: From the parts' vectors to one.
        normalize: Scale it to unit length.
        scale: Multiply it by this.
        id_dropout: Share of the rows in training whose first part, the id, is dropped as a whole.
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
        id_dropout: float = 0.0,
        extra: Callable[[Features], tf.Tensor] | None,
        name: str,
    ) -> None:
        super().__init__(name=name)
        self.parts = list(parts)
        self.mix = mix
        self.normalize = normalize
        self.scale = scale
        self.id_dropout = id_dropout
        self.extra = extra

    def call(self, features: Features, dropout: float = 0.0, seed: tf.Tensor | None = None) -> tf.Tensor:
        """[batch, dim] float32 then extra columns; ``dropout`` of the others is drawn from ``seed`` [2]."""
        parts = [part(features) for part in self.parts]
        if self.id_dropout and seed is not None:
            kept = tf.random.stateless_uniform([tf.shape(parts[0])[0], 1], seed + 5) >= self.id_dropout
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
    context = TowerContext(config, data, base, movie_ids, history_ids)
    bias = MovieBias(data.rows.movie_counts) if config.bias else None
    for names, parts, field in ((config.query, QUERY_PARTS, "query"), (config.candidate, CANDIDATE_PARTS, "candidate")):
        for name in names:
            require_known(name, parts, field)
    require_known(config.combine, MIXERS, "combine")
    query = Tower(
        [QUERY_PARTS[name](context) for name in config.query],
        MIXERS[config.combine](dim, base + 5),
        normalize=config.normalize,
        scale=1.0 if config.objective == "reconstruction" else 1.0 / config.temperature,
        extra=(lambda features: tf.ones((tf.shape(features["user"])[0], 1))) if config.bias else None,
        name="query_tower",
    )
    candidate = Tower(
        [CANDIDATE_PARTS[name](context) for name in config.candidate],
        MIXERS[config.combine](dim, base + 7),
        normalize=config.normalize,
        scale=1.0,
        id_dropout=config.id_dropout,
        extra=bias,
        name="candidate_tower",
    )
    return query, candidate
