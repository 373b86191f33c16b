"""Towers: from integer features to one vector."""

from models.backend import tf


class EmbeddingTower(tf.keras.Model):
    """One learned vector per id.

    Args:
        size: Number of ids; inputs are integers in [0, size).
        dimension: Length of the vectors.
        normalize: Scale each vector to unit length.
        seed: Seed of the initial vectors; give each tower its own, or both sides start alike.
    """

    def __init__(self, size: int, dimension: int, *, normalize: bool, seed: int, name: str) -> None:
        super().__init__(name=name)
        initializer = tf.keras.initializers.RandomUniform(-0.05, 0.05, seed=seed)
        self.embedding = tf.keras.layers.Embedding(size, dimension, embeddings_initializer=initializer)
        self.normalize = normalize

    def call(self, ids: "tf.Tensor") -> "tf.Tensor":
        """Vectors of ids.

        Args:
            ids: [batch] integers.

        Returns:
            [batch, dim] float32.
        """
        vectors = self.embedding(ids)
        return tf.math.l2_normalize(vectors, axis=-1) if self.normalize else vectors
