"""The query tower in TensorFlow: the same object answers here, in evaluation and in the SavedModel."""

from __future__ import annotations

from tfrs_lab.models.backend import tf
from tfrs_lab.models.latest_movies import latest_movies
from tfrs_lab.models.retrieval.query_tower import Bag, EncodedSequence, QueryTower
from tfrs_lab.models.sequential.encoders import ENCODERS

LEAST = 1e-9
"""Pooled rows that are shorter stay as short as they are."""


class TowerModule(tf.Module):
    """``QueryTower`` in the graph.

    Args:
        tower: Its arrays, which become variables.
    """

    def __init__(self, tower: QueryTower) -> None:
        super().__init__()
        self.bags = [BagModule(bag) if isinstance(bag, Bag) else SequenceModule(bag) for bag in tower.bags]
        self.constant = tf.Variable(tower.constant, trainable=False)

    def __call__(self, movies: tf.Tensor, ordered: tf.Tensor | bool = True) -> tf.Tensor:
        """Queries of histories.

        Args:
            movies: [batch, any] int32 distinct rows, oldest first; -1 anywhere for none.
            ordered: [batch] bool, or one for all: whether that is their order. Where it is not, what needs it adds 0.

        Returns:
            [batch, dim] float32.
        """
        movies = tf.convert_to_tensor(movies)
        real = tf.cast(movies >= 0, tf.int32)
        behind = tf.cumsum(real, axis=1, exclusive=True, reverse=True)  # [batch, any]: 0 for the latest movie
        counts = tf.broadcast_to(tf.cast(ordered, tf.float32), tf.shape(movies)[:1])
        queries = tf.broadcast_to(self.constant, [tf.shape(movies)[0], tf.size(self.constant)])
        for bag in self.bags:
            found = bag(movies, behind)
            queries += found * counts[:, None] if bag.needs_order else found
        return queries


class BagModule(tf.Module):
    """``Bag`` in the graph."""

    def __init__(self, bag: Bag) -> None:
        super().__init__()
        self.table = tf.Variable(bag.table, trainable=False)
        self.turn = None if bag.turn is None else tf.Variable(bag.turn, trainable=False)
        self.spread = None if bag.spread is None else tf.Variable(bag.spread, trainable=False)
        self.mean, self.unit, self.halfway = bag.mean, bag.unit, bag.halfway
        self.latest, self.decay, self.needs_order = bag.latest, bag.decay, bag.needs_order

    def __call__(self, movies: tf.Tensor, behind: tf.Tensor) -> tf.Tensor:
        """[batch, dim] float32 from movies and, how many follow each, both [batch, any] int32."""
        takes_part = movies >= 0
        if self.latest:
            takes_part &= behind < self.latest
        places = tf.where(takes_part)
        weights = self.decay ** tf.cast(tf.gather_nd(behind, places), tf.float32)
        rows = tf.cast(tf.gather_nd(movies, places), tf.int64)
        shape = tf.stack([tf.shape(movies, tf.int64)[0], self.table.shape[0]])
        # a product of matrices: gathering would write a vector per entry to memory
        chosen = tf.SparseTensor(tf.stack([places[:, 0], rows], axis=1), weights, shape)
        pooled = tf.sparse.sparse_dense_matmul(chosen, self.table)
        number = tf.reduce_sum(tf.cast(takes_part, tf.float32), axis=1, keepdims=True)
        if self.mean:
            pooled /= tf.maximum(number, 1.0)
        if self.halfway:
            pooled *= number / (number + self.halfway)
        if self.unit:
            measured = pooled if self.spread is None else tf.matmul(pooled, self.spread)
            pooled /= tf.maximum(tf.norm(measured, axis=1, keepdims=True), LEAST)
        return pooled if self.turn is None else tf.matmul(pooled, self.turn)


class SequenceModule(tf.Module):
    """``EncodedSequence`` in the graph."""

    def __init__(self, sequence: EncodedSequence) -> None:
        super().__init__()
        self.table = tf.Variable(sequence.table, trainable=False)
        self.turn = tf.Variable(sequence.turn, trainable=False)
        self.length, self.needs_order = sequence.config.max_length, sequence.needs_order
        encoder = ENCODERS[sequence.config.encoder](sequence.config, 0)
        encoder(tf.zeros((1, 1, sequence.config.dimension)), tf.ones((1, 1), tf.bool))  # creates the weights
        encoder.set_weights(sequence.weights)
        self.kept = encoder.weights
        self.encode = lambda inputs, valid: encoder(inputs, valid)  # Keras's own way into a SavedModel is not needed

    def __call__(self, movies: tf.Tensor, behind: tf.Tensor) -> tf.Tensor:
        """[batch, dim] float32 from movies [batch, any] int32."""
        latest = latest_movies(movies, self.length)
        valid = latest >= 0
        inputs = tf.gather(self.table, tf.maximum(latest, 0)) * tf.cast(valid, tf.float32)[..., None]
        states = self.encode(inputs, valid)[:, -1] * tf.cast(valid[:, -1:], tf.float32)
        return tf.matmul(states, self.turn)
