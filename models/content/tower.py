"""A candidate tower over the content of movies and a query tower over the same vectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from tfrs_lab.models.backend import tf
from tfrs_lab.models.content.config import ContentTowerConfig
from tfrs_lab.models.content.titles import TITLES, Numbers, dense
from tfrs_lab.models.training.data import TrainingData
from tfrs_lab.models.two_tower.config import PairConfig
from tfrs_lab.models.two_tower.model import TowerPair
from tfrs_lab.models.two_tower.objectives import CatalogueSoftmax


class ContentTower(tf.keras.Model):
    """Movies from what they are made of."""

    def __init__(self, config: ContentTowerConfig, sizes: Mapping[str, int], seed: int) -> None:
        super().__init__(name="content_tower")
        self.config = config
        self.sizes = dict(sizes)
        known = config.title != "none" and sizes["words"]
        self.title = TITLES[config.title](config, sizes, seed + 1) if known else None
        self.linear = dense(config.dimension, config.penalty, seed + 4, stddev=0.1)
        self.bias = dense(1, config.penalty, seed + 5, stddev=0.03)
        self.taste = tf.keras.layers.Dense(
            config.dimension,
            use_bias=False,
            kernel_initializer=tf.keras.initializers.Identity(1.0 / config.temperature),
        )
        self.hidden = _hidden(config, seed + 6) if config.hidden else None

    def candidates(self, numbers: Numbers, dropout: float = 0.0, seed: tf.Tensor | None = None) -> tf.Tensor:
        """Candidate vectors of movies: a part of unit length and a bias.

        Args:
            numbers: From ``MovieFeatures``.
            dropout: Share of the inputs to drop; of titles, each as a whole.
            seed: [2] int32, seed of the dropout.

        Returns:
            [batch, dim + 1] float32.
        """
        names = ["genres", "flags", "steps", "tags", *(["sentence"] if "sentence" in numbers else [])]
        plain = tf.concat([numbers[name] for name in names], axis=1)
        title = self.title(numbers) if self.title is not None else 0.0
        if dropout and seed is not None:
            plain = tf.nn.experimental.stateless_dropout(plain, dropout, seed=seed)
            whole = tf.ones((tf.shape(plain)[0], 1))
            title *= tf.nn.experimental.stateless_dropout(whole, dropout, seed=seed + 1)
        total = self.linear(plain) + title
        if self.hidden is not None:
            total += self.hidden(plain)
        return tf.concat([tf.math.l2_normalize(total, axis=1), self.bias(plain)], axis=1)

    def call(self, numbers: Numbers) -> tuple[tf.Tensor, tf.Tensor]:
        """What movies add to the query of those who rated them, and as candidates: both [batch, dim + 1] float32."""
        candidates = self.candidates(numbers)
        history = self.taste(candidates[:, :-1])
        return tf.concat([history, tf.ones_like(history[:, :1])], axis=1), candidates


def _hidden(config: ContentTowerConfig, seed: int) -> tf.keras.Sequential:
    """A hidden layer and a linear one."""
    initializer = tf.keras.initializers.GlorotUniform(seed=seed)
    hidden = tf.keras.layers.Dense(config.hidden, "relu", kernel_initializer=initializer)
    return tf.keras.Sequential([hidden, dense(config.dimension, config.penalty, seed + 1, stddev=0.1)])


class ContentQuery(tf.keras.Model):
    """Users from the content of their movies and from demographics, in the space of ``ContentTower``.

    query = (Σ taste(movies of the history) + prior · demographics) / (n + prior); its last column, for the bias, is 1.

    Args:
        tower: The candidate tower.
        table: Numbers of all movies of train.
        users: [users, features] float32, demographics; may have no columns.
        prior: Demographics count like this many movies.
        seed: Seed of the initial weights.
    """

    def __init__(self, tower: ContentTower, table: Numbers, users: np.ndarray, prior: float, seed: int) -> None:
        super().__init__(name="content_query")
        self.tower, self.table, self.prior = tower, dict(table), prior
        self.users = tf.constant(np.hstack([np.ones((len(users), 1), np.float32), users]))
        self.demographics = dense(tower.config.dimension, tower.config.penalty, seed + 8, stddev=0.03)
        self.demographics.build((None, self.users.shape[1]))

    def call(self, features: Numbers, dropout: float = 0.0, seed: tf.Tensor | None = None) -> tf.Tensor:
        """[batch, dim + 1] float32 from ``user`` [batch] and ``history``, ragged."""
        history = features["history"]
        movies = self.tower.taste(self.tower.candidates(self.table)[:, :-1])
        vectors = tf.gather(movies, history.flat_values)
        total = tf.math.unsorted_segment_sum(vectors, history.value_rowids(), history.nrows())
        total += self.prior * self.demographics(tf.gather(self.users, features["user"]))
        query = total / (tf.cast(history.row_lengths(), tf.float32)[:, None] + self.prior)
        return tf.concat([query, tf.ones_like(query[:, :1])], axis=1)

    def people_queries(self) -> np.ndarray:
        """[1 + features, dim + 1]: the general query, and what each feature adds to it."""
        weights = self.demographics.kernel.numpy()
        return np.hstack([weights, np.eye(len(weights), 1, dtype=np.float32)])


class Catalogue(tf.keras.Model):
    """``ContentTower`` applied to all movies of train."""

    def __init__(self, tower: ContentTower, table: Numbers) -> None:
        super().__init__(name="catalogue")
        self.tower = tower
        self.table = dict(table)

    def call(self, features: Numbers, dropout: float = 0.0, seed: tf.Tensor | None = None) -> tf.Tensor:
        """[movies, dim + 1] float32: ``movie`` must be all movies, since the softmax is over the whole catalogue."""
        return self.tower.candidates(self.table, dropout, seed)


def build_content_pair(
    config: ContentTowerConfig, numbers: Numbers, data: TrainingData, prior: float, seed: int
) -> TowerPair:
    """An untrained pair."""
    tower = ContentTower(config, {name: numbers[name].shape[1] for name in ("words", "grams")}, 16 * seed)
    # Text is sparse: a hundredth of the work for the embedding bags.
    texts = [name for name in ("words", "grams") if tower.sizes[name]]
    table = dict(numbers) | {name: tf.sparse.from_dense(numbers[name]) for name in texts}
    objective = CatalogueSoftmax(
        PairConfig(
            query=("history",),
            objective="softmax",
            tied=False,
            dropout=config.dropout,
            history_dropout=config.history_dropout,
            batch_size=config.batch_size,
            learning_rate=config.learning_rate,
            epochs=config.epochs,
            max_catalogue=max(data.movies, 1),
        ),
        data,
    )
    query = ContentQuery(tower, table, data.user_features, prior, 16 * seed)
    return TowerPair(query, Catalogue(tower, table), objective, seed)


def tower_weights(tower: ContentTower) -> dict[str, np.ndarray]:
    """The weights of a tower that has been called, by position."""
    return {f"{place:02}": weight for place, weight in enumerate(tower.get_weights())}


def tower_from_weights(
    config: ContentTowerConfig,
    weights: Mapping[str, np.ndarray],
    sizes: Mapping[str, int],
    example: Callable[[], Numbers],
) -> ContentTower:
    """The inverse of ``tower_weights``."""
    tower = ContentTower(config, sizes, seed=0)
    tower(example())
    tower.set_weights([weights[name] for name in sorted(weights)])
    return tower
