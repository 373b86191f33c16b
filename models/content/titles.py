"""Layers from the words of a title to a vector."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tfrs_lab.models.backend import tf
from tfrs_lab.models.content.config import ContentTowerConfig

Numbers = Mapping[str, "tf.Tensor"]
WORD_DIMENSION = 32


def dense(dimension: int, penalty: float, seed: int, stddev: float) -> tf.keras.layers.Dense:
    """A linear map with an L2 penalty and small initial weights."""
    return tf.keras.layers.Dense(
        dimension,
        use_bias=False,
        kernel_initializer=tf.keras.initializers.RandomNormal(stddev=stddev, seed=seed),
        kernel_regularizer=tf.keras.regularizers.L2(penalty),
    )


class TitleBag(tf.keras.layers.Layer):
    """Weighted sum of embeddings of a title's words, pairs of words and character n-grams."""

    def __init__(self, config: ContentTowerConfig, sizes: Mapping[str, int], seed: int) -> None:
        super().__init__()
        self.texts = {
            name: dense(config.dimension, config.title_penalty, seed + place, stddev=0.03)
            for place, name in enumerate(("words", "grams"))
            if sizes[name]
        }

    def call(self, numbers: Numbers) -> tf.Tensor:
        """[batch, dim] float32."""
        return tf.add_n([embed(numbers[name]) for name, embed in self.texts.items()])


class TitleAttention(tf.keras.layers.Layer):
    """A title's words weighed by a learned query: Σ softmax(w·e) e."""

    def __init__(self, config: ContentTowerConfig, sizes: Mapping[str, int], seed: int) -> None:
        super().__init__()
        self.embedding = _word_embedding(config, sizes["words"], seed)
        self.importance = dense(1, config.title_penalty, seed + 1, stddev=0.03)
        self.out = dense(config.dimension, config.title_penalty, seed + 2, stddev=0.2)

    def call(self, numbers: Numbers) -> tf.Tensor:
        """[batch, dim] float32; zeros for a title without known words."""
        vectors = self.embedding(numbers["title"])  # [batch, length, word dim]
        real = tf.cast(numbers["title"] > 0, tf.float32)[:, :, None]
        weights = tf.nn.softmax(self.importance(vectors) - 1e9 * (1 - real), axis=1) * real
        return self.out(tf.reduce_sum(weights * vectors, axis=1))


class TitleConvolution(tf.keras.layers.Layer):
    """The strongest response of filters over neighbouring words (Kim, EMNLP 2014)."""

    def __init__(self, config: ContentTowerConfig, sizes: Mapping[str, int], seed: int) -> None:
        super().__init__()
        self.embedding = _word_embedding(config, sizes["words"], seed)
        self.filters = tf.keras.layers.Conv1D(
            WORD_DIMENSION,
            3,
            padding="same",
            activation="relu",
            kernel_initializer=tf.keras.initializers.GlorotUniform(seed=seed + 1),
            kernel_regularizer=tf.keras.regularizers.L2(config.title_penalty),
        )
        self.out = dense(config.dimension, config.title_penalty, seed + 2, stddev=0.2)

    def call(self, numbers: Numbers) -> tf.Tensor:
        """[batch, dim] float32; zeros for a title without known words."""
        real = tf.cast(numbers["title"] > 0, tf.float32)[:, :, None]
        return self.out(tf.reduce_max(self.filters(self.embedding(numbers["title"]) * real) * real, axis=1))


def _word_embedding(config: ContentTowerConfig, words: int, seed: int) -> tf.keras.layers.Embedding:
    return tf.keras.layers.Embedding(
        words + 1,
        WORD_DIMENSION,
        embeddings_initializer=tf.keras.initializers.RandomNormal(stddev=0.1, seed=seed),
        embeddings_regularizer=tf.keras.regularizers.L2(config.title_penalty),
    )


TITLES: dict[str, Callable[[ContentTowerConfig, Mapping[str, int], int], tf.keras.layers.Layer]] = {
    "bag": TitleBag,
    "attention": TitleAttention,
    "convolution": TitleConvolution,
}
