"""Maximal marginal relevance: lists whose movies are good and unlike each other."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tfrs_lab.serving.backend import tf

POOL = 5
"""Diverse lists are chosen from so many times as many movies as they are long."""


def alike(blocks: Sequence[tf.Tensor], one: tf.Tensor, others: tf.Tensor) -> tf.Tensor:
    """How alike movies are, see ``Servable.likeness``.

    Args:
        blocks: Each [movies, any] float32, rows of unit length or zero.
        one: [batch] int32 rows.
        others: [batch, n] int32 rows.

    Returns:
        [batch, n] float32 in [-1, 1].
    """
    found = tf.zeros_like(others, tf.float32)
    for block in reversed(blocks):
        left, right = tf.gather(block, one), tf.gather(block, others)
        both = tf.reduce_any(left != 0, axis=1)[:, None] & tf.reduce_any(right != 0, axis=2)
        found = tf.where(both, tf.einsum("bd,bnd->bn", left, right), found)
    return found


def alike_to_all(blocks: Sequence[tf.Tensor], one: tf.Tensor) -> tf.Tensor:
    """[movies] float32: the same for one row [] int32 and all movies, without a copy of their vectors."""
    found = tf.zeros(blocks[0].shape[0])
    for block in reversed(blocks):
        both = tf.reduce_any(block[one] != 0) & tf.reduce_any(tf.convert_to_tensor(block) != 0, axis=1)
        found = tf.where(both, tf.linalg.matvec(block, block[one]), found)
    return found


def diversify(
    blocks: Sequence[tf.Tensor], scores: tf.Tensor, rows: tf.Tensor, diversity: tf.Tensor, k: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Chooses k of the pool one by one: the largest (1 - d) relevance - d · likeness to the most similar one chosen.

    Carbonell and Goldstein, SIGIR 1998. Relevance is the score scaled to 0 … 1 within the pool.

    Args:
        blocks: As for ``alike``.
        scores: [batch, pool] float32 in descending order, padded with -inf.
        rows: [batch, pool] int32, padded with -1.
        diversity: [] float32 in [0, 1]: d.
        k: [] int32, at most the size of the pool.

    Returns:
        The scores and rows [batch, k] in the order of choice.
    """
    real = rows >= 0
    last = tf.reduce_min(tf.where(real, scores, math.inf), axis=1, keepdims=True)
    relevance = tf.where(real, (scores - last) / tf.maximum(scores[:, :1] - last, 1e-12), -math.inf)
    batch, pool = tf.shape(rows)[0], tf.shape(rows)[1]

    def choose(
        step: tf.Tensor, free: tf.Tensor, closest: tf.Tensor, chosen: tf.TensorArray
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.TensorArray]:
        value = tf.where(free, (1.0 - diversity) * relevance - diversity * closest, -math.inf)
        # when nothing is left, the first free place is padding
        place = tf.where(
            tf.reduce_any(free, axis=1),
            tf.argmax(value, axis=1, output_type=tf.int32),
            tf.argmin(tf.cast(real, tf.int32), axis=1, output_type=tf.int32),
        )
        row = tf.gather(rows, place, batch_dims=1)
        likeness = alike(blocks, tf.maximum(row, 0), tf.maximum(rows, 0))
        free &= tf.range(pool) != place[:, None]
        return step + 1, free, tf.maximum(closest, likeness), chosen.write(step, place)

    closest = tf.fill([batch, pool], -1.0)
    start = (0, real, closest, tf.TensorArray(tf.int32, k, element_shape=[None]))
    places = tf.transpose(tf.while_loop(lambda step, *_: step < k, choose, start)[3].stack())
    return tf.gather(scores, places, batch_dims=1), tf.gather(rows, places, batch_dims=1)
