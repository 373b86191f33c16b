"""Encoders of movie sequences, in which a position sees only itself and earlier ones.

Sequences are right-aligned: padding comes first, the most recent movie last.
"""

from collections.abc import Callable

from tfrs_lab.models.backend import tf
from tfrs_lab.models.sequential.config import SequenceConfig


def _glorot(seed: int) -> "tf.keras.initializers.Initializer":
    return tf.keras.initializers.GlorotUniform(seed=seed)


class RepeatableDropout(tf.keras.layers.Layer):
    """Dropout that counts its calls in a weight, so that a training resumed from a checkpoint drops what it would have.

    Args:
        rate: Share of values to drop.
        seed: Seed, which together with the count decides which.
    """

    def __init__(self, rate: float, seed: int) -> None:
        super().__init__()
        self.rate = rate
        self.seed = seed
        self.calls = tf.Variable(0, dtype=tf.int32, trainable=False, name="calls")

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """The same shape; unchanged outside of training."""
        if not training or not self.rate:
            return inputs
        count = self.calls.assign_add(1)
        return tf.nn.experimental.stateless_dropout(inputs, self.rate, seed=tf.stack([self.seed, count]))


class CausalBlock(tf.keras.layers.Layer):
    """One block of SASRec: self-attention to earlier positions, then a feed-forward layer.

    Kang & McAuley, "Self-attentive sequential recommendation", ICDM 2018, section III-B. Deviations: both parts are
    normalised before and added after (pre-norm), and the activation is GELU, as in later transformers.

    Args:
        dimension: Length of the vectors.
        heads: Number of attention heads.
        dropout: Share of attention weights, hidden values and outputs dropped in training.
        seed: Seed of the initial weights; each matrix gets its own from the 4 that follow.
    """

    def __init__(self, dimension: int, heads: int, dropout: float, seed: int) -> None:
        super().__init__()
        self.heads = heads
        self.width = dimension // heads
        self.attention_norm, self.hidden_norm = (
            tf.keras.layers.LayerNormalization(),
            tf.keras.layers.LayerNormalization(),
        )
        self.projection = tf.keras.layers.Dense(3 * dimension, use_bias=False, kernel_initializer=_glorot(seed))
        self.output_projection = tf.keras.layers.Dense(dimension, use_bias=False, kernel_initializer=_glorot(seed + 1))
        self.hidden = tf.keras.layers.Dense(dimension, activation=tf.nn.gelu, kernel_initializer=_glorot(seed + 2))
        self.hidden_output = tf.keras.layers.Dense(dimension, kernel_initializer=_glorot(seed + 3))
        self.dropout = RepeatableDropout(dropout, seed)

    def call(self, states: "tf.Tensor", valid: "tf.Tensor", training: bool = False) -> "tf.Tensor":
        """States that know what came before.

        Args:
            states: [batch, length, dim] float32.
            valid: [batch, length] bool, False for padding.
            training: Whether to drop out.

        Returns:
            [batch, length, dim] float32; at valid positions independent of padding and of later positions.
        """
        attended = self.output_projection(self._attend(self.attention_norm(states), valid, training))
        states += self.dropout(attended, training=training)
        hidden = self.dropout(self.hidden(self.hidden_norm(states)), training=training)
        return states + self.dropout(self.hidden_output(hidden), training=training)

    def _attend(self, states: "tf.Tensor", valid: "tf.Tensor", training: bool) -> "tf.Tensor":
        """Softmax attention of each position to itself and the valid ones before it, [batch, length, dim]."""
        length = tf.shape(states)[1]
        parts = tf.reshape(self.projection(states), (-1, length, 3, self.heads, self.width))
        query, key, value = tf.unstack(tf.transpose(parts, (2, 0, 3, 1, 4)), num=3)  # [batch, heads, length, width]
        scores = tf.matmul(query, key, transpose_b=True) / self.width**0.5
        earlier = tf.linalg.band_part(tf.ones((length, length), tf.bool), -1, 0)
        visible = earlier & valid[:, None, None, :]
        weights = self.dropout(tf.nn.softmax(tf.where(visible, scores, -1e9)), training=training)
        return tf.reshape(tf.transpose(tf.matmul(weights, value), (0, 2, 1, 3)), (-1, length, self.heads * self.width))


class AttentionEncoder(tf.keras.layers.Layer):
    """A stack of causal blocks over movies and their positions.

    Positions count back from the most recent movie of the window, so that they do not depend on the padding.

    Args:
        config: Dimension, blocks, heads, length and dropout.
        seed: Seed of the initial weights.
    """

    def __init__(self, config: SequenceConfig, seed: int) -> None:
        super().__init__()
        initializer = tf.keras.initializers.RandomNormal(stddev=0.05, seed=seed)
        self.positions = tf.keras.layers.Embedding(
            config.max_length, config.dimension, embeddings_initializer=initializer
        )
        self.blocks = [
            CausalBlock(config.dimension, config.heads, config.dropout, seed + 1 + 4 * block)
            for block in range(config.blocks)
        ]
        self.norm = tf.keras.layers.LayerNormalization()
        self.dropout = RepeatableDropout(config.dropout, seed)

    def call(self, inputs: "tf.Tensor", valid: "tf.Tensor", training: bool = False) -> "tf.Tensor":
        """From vectors of what was watched to the state after each of it; see `CausalBlock.call`."""
        positions = self.positions(tf.range(tf.shape(inputs)[1])[::-1])
        states = self.dropout(inputs + positions, training=training)
        for block in self.blocks:
            states = block(states, valid, training=training)
        return self.norm(states)


class GRUEncoder(tf.keras.layers.Layer):
    """Gated recurrent units, the small variant.

    Hidasi et al., "Session-based recommendations with recurrent neural networks", ICLR 2016 (GRU4Rec). Deviations: the
    inputs are embeddings, not one-hot vectors, and the loss is that of `SequenceModel`.

    Args:
        config: Dimension, number of layers (``blocks``) and dropout.
        seed: Seed of the initial weights.
    """

    def __init__(self, config: SequenceConfig, seed: int) -> None:
        super().__init__()
        self.layers = [
            tf.keras.layers.GRU(
                config.dimension,
                return_sequences=True,
                kernel_initializer=_glorot(seed + 2 * layer),
                recurrent_initializer=tf.keras.initializers.Orthogonal(seed=seed + 2 * layer + 1),
            )
            for layer in range(config.blocks)
        ]
        self.norm = tf.keras.layers.LayerNormalization()
        self.dropout = RepeatableDropout(config.dropout, seed)

    def call(self, inputs: "tf.Tensor", valid: "tf.Tensor", training: bool = False) -> "tf.Tensor":
        """From vectors of what was watched to the state after each of it; see `CausalBlock.call`."""
        states = self.dropout(inputs, training=training)
        for layer in self.layers:
            states = layer(states, mask=valid, training=training)
        return self.norm(states)


ENCODERS: dict[str, Callable[[SequenceConfig, int], "tf.keras.layers.Layer"]] = {
    "attention": AttentionEncoder,
    "gru": GRUEncoder,
}
