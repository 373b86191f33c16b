"""From a query to the best movies that fulfil the conditions: ask the index for more than needed, drop, complete."""

from __future__ import annotations

import math

from tfrs_lab.serving.backend import tf
from tfrs_lab.serving.conditions import Conditions
from tfrs_lab.serving.index import ExactIndex, Index
from tfrs_lab.serving.query import Query

FILTERED = 4
"""With filters, so many times as many movies are fetched."""
MOST = 1000
"""ScaNN is asked for at most so many more than wanted: who has seen more is served by brute force."""


def best(scores: tf.Tensor, rows: tf.Tensor, k: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The k best of scores and rows [batch, n], k at most n; of equal scores the first. Row -1 for a score of -inf."""
    values, places = tf.math.top_k(scores, k)
    return values, tf.where(tf.math.is_inf(values), -1, tf.gather(rows, places, batch_dims=1))


def retrieve(
    index: Index, candidates: tf.Tensor, listed: tf.Tensor, query: Query, conditions: Conditions, k: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """The best movies that fulfil the conditions.

    More is fetched than wanted, and what violates a condition is dropped. A row of the request that is left with too
    few is answered anew by brute force over all movies, so that nothing that exists is withheld. What the index finds
    by inner products is united with the movies to whose scores something is added: as that is never negative, no other
    movie can be among the best.

    Args:
        index: Finds the best of all movies.
        candidates: [movies, dim] float32.
        listed: [listed] int32 ascending rows of the movies that may be recommended, those in the index.
        query: What the scores are made of.
        conditions: See there.
        k: [] int32, at least 1.

    Returns:
        Scores [batch, k] float32 in descending order, and rows [batch, k] int32; padded with -inf and -1.
    """
    many = tf.size(listed)
    exact = isinstance(index, ExactIndex)
    slack = conditions.slack if exact else tf.minimum(conditions.slack, MOST)
    wanted = k + slack if conditions.filters is None else FILTERED * (k + slack)
    depth = () if exact else index.deeper(wanted - k)
    scores, rows = index.call(query.vectors, tf.maximum(tf.minimum(wanted, many), k), *depth)
    scores, rows = best(tf.where(conditions.allow(rows), scores, -math.inf), rows, k)
    short = tf.where(tf.reduce_sum(tf.cast(rows >= 0, tf.int32), axis=1) < tf.minimum(k, many))
    if query.added is not None:
        named = query.added.named
        named = tf.where(conditions.allow(named) & _among(named, listed), named, -1)
        scores = tf.where(query.added.find(rows)[0], -math.inf, scores)  # their scores are those of the named
        scores, rows = _united((scores, rows), (query.scores(candidates, named), named), k)

    def complete() -> tuple[tf.Tensor, tf.Tensor]:
        def one(place: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            every = query.all_scores(candidates, place)
            allowed = conditions.only(place).allow(listed[None])
            found = tf.where(allowed, tf.gather(every, listed)[None], -math.inf)
            fewer = tf.minimum(k, many)
            values, chosen = best(found, listed[None], fewer)
            missing = [[0, k - fewer]]
            return tf.pad(values[0], missing, constant_values=-math.inf), tf.pad(chosen[0], missing, constant_values=-1)

        types = (tf.TensorSpec([None], tf.float32), tf.TensorSpec([None], tf.int32))
        values, chosen = tf.map_fn(one, short[:, 0], fn_output_signature=types)
        return tf.tensor_scatter_nd_update(scores, short, values), tf.tensor_scatter_nd_update(rows, short, chosen)

    return tf.cond(tf.size(short) > 0, complete, lambda: (scores, rows))


def _united(
    some: tuple[tf.Tensor, tf.Tensor], others: tuple[tf.Tensor, tf.Tensor], k: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """The k best of both, each scores and rows [batch, any]; of equal scores the lower row is first."""
    scores, rows = (tf.concat(pair, axis=1) for pair in zip(some, others, strict=True))
    order = tf.argsort(rows, axis=1)
    rows = tf.gather(rows, order, batch_dims=1)
    return best(tf.where(rows < 0, -math.inf, tf.gather(scores, order, batch_dims=1)), rows, k)


def _among(rows: tf.Tensor, listed: tf.Tensor) -> tf.Tensor:
    """[batch, n] bool: which of the rows [batch, n] int32 are among [listed] int32, which are in ascending order."""
    place = tf.reshape(tf.searchsorted(listed, tf.reshape(rows, [-1])), tf.shape(rows))
    return tf.gather(listed, tf.minimum(place, tf.size(listed) - 1)) == rows
