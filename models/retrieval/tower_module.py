"""The query tower in TensorFlow: the same object answers here, in evaluation and in the SavedModel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tfrs_lab.models.backend import tf
from tfrs_lab.models.latest_movies import latest_movies
from tfrs_lab.models.retrieval.query_tower import Bag, EncodedSequence, LeastSquares, QueryTower
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
        self.bags = [MODULES[type(bag)](bag) for bag in tower.bags]
        self.constant = tf.Variable(tower.constant, trainable=False)

    def __call__(self, movies: tf.Tensor) -> tf.Tensor:
        """Queries of histories.

        Args:
            movies: [batch, any] int32 distinct rows, oldest first; -1 anywhere for none.

        Returns:
            [batch, dim] float32.
        """
        movies = tf.convert_to_tensor(movies)
        queries = tf.broadcast_to(self.constant, [tf.shape(movies)[0], tf.size(self.constant)])
        for bag in self.bags:
            queries += bag(movies)
        return queries


class BagModule(tf.Module):
    """``Bag`` in the graph."""

    def __init__(self, bag: Bag) -> None:
        super().__init__()
        self.table = tf.Variable(bag.table, trainable=False)
        self.turn = None if bag.turn is None else tf.Variable(bag.turn, trainable=False)
        self.mean, self.unit, self.halfway = bag.mean, bag.unit, bag.halfway

    def __call__(self, movies: tf.Tensor) -> tf.Tensor:
        """[batch, dim] float32 from movies [batch, any] int32."""
        places = tf.where(movies >= 0)
        rows = tf.cast(tf.gather_nd(movies, places), tf.int64)
        shape = tf.stack([tf.shape(movies, tf.int64)[0], self.table.shape[0]])
        # a product of matrices: gathering would write a vector per entry to memory
        chosen = tf.SparseTensor(tf.stack([places[:, 0], rows], axis=1), tf.ones_like(rows, tf.float32), shape)
        pooled = tf.sparse.sparse_dense_matmul(chosen, self.table)
        number = tf.reduce_sum(tf.cast(movies >= 0, tf.float32), axis=1, keepdims=True)
        if self.mean:
            pooled /= tf.maximum(number, 1.0)
        if self.halfway:
            pooled *= number / (number + self.halfway)
        if self.unit:
            pooled /= tf.maximum(tf.norm(pooled, axis=1, keepdims=True), LEAST)
        return pooled if self.turn is None else tf.matmul(pooled, self.turn)


class SequenceModule(tf.Module):
    """``EncodedSequence`` in the graph."""

    def __init__(self, sequence: EncodedSequence) -> None:
        super().__init__()
        self.table = tf.Variable(sequence.table, trainable=False)
        self.turn = tf.Variable(sequence.turn, trainable=False)
        self.length = sequence.config.max_length
        encoder = ENCODERS[sequence.config.encoder](sequence.config, 0)
        encoder(tf.zeros((1, 1, sequence.config.dimension)), tf.ones((1, 1), tf.bool))  # creates the weights
        encoder.set_weights(sequence.weights)
        self.kept = encoder.weights
        self.encode = lambda inputs, valid: encoder(inputs, valid)  # Keras's own way into a SavedModel is not needed

    def __call__(self, movies: tf.Tensor) -> tf.Tensor:
        """[batch, dim] float32 from movies [batch, any] int32."""
        latest = latest_movies(movies, self.length)
        valid = latest >= 0
        inputs = tf.gather(self.table, tf.maximum(latest, 0)) * tf.cast(valid, tf.float32)[..., None]
        states = self.encode(inputs, valid)[:, -1] * tf.cast(valid[:, -1:], tf.float32)
        return tf.matmul(states, self.turn)


class LeastSquaresModule(tf.Module):
    """``LeastSquares`` in the graph."""

    def __init__(self, part: LeastSquares) -> None:
        super().__init__()
        self.table = tf.Variable(part.table, trainable=False)
        self.turn = tf.Variable(part.turn, trainable=False)
        every = part.gram.astype(np.float64) + part.regularization * np.eye(len(part.gram))
        self.every = tf.Variable(every, trainable=False)
        self.alpha = part.alpha

    def __call__(self, movies: tf.Tensor) -> tf.Tensor:
        """[batch, dim] float32 from movies [batch, any] int32; zeros for an empty history."""
        real = tf.cast(movies >= 0, tf.float32)[:, :, None]
        own = tf.cast(tf.gather(self.table, tf.maximum(movies, 0)) * real, tf.float64)  # [batch, any, factors]
        left = self.every + (self.alpha - 1.0) * tf.matmul(own, own, transpose_a=True)
        right = self.alpha * tf.reduce_sum(own, axis=1)
        found = tf.linalg.cholesky_solve(tf.linalg.cholesky(left), right[:, :, None])[:, :, 0]
        return tf.matmul(tf.cast(found, tf.float32), self.turn)


MODULES: dict[type, Callable[[Any], tf.Module]] = {
    Bag: BagModule,
    EncodedSequence: SequenceModule,
    LeastSquares: LeastSquaresModule,
}
"""How each kind of summand becomes a graph."""
