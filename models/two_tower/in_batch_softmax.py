"""The softmax over a batch's candidates, each distinct one once, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from tfrs_lab.models.backend import tf
from tfrs_lab.models.training.replicas import gathered


class Distinct(NamedTuple):
    """The distinct candidates of a batch; of the whole batch also where it is spread over several replicas.

    Attributes:
        ids: [distinct] int32.
        place: [rows] int32, where the candidate of a row, of this replica's, stands among them.
        count: [distinct] float32, how often each is in the batch.
        batch: Scalar float32, the rows of the batch, those of all replicas.
    """

    ids: tf.Tensor
    place: tf.Tensor
    count: tf.Tensor
    batch: tf.Tensor

    @classmethod
    def of(cls, positives: tf.Tensor, drawn: tf.Tensor) -> Distinct:
        """From the candidates of the rows [rows] and further negatives [drawn], both int32; all draw the same ones."""
        every, own = gathered(positives)
        ids, place, count = tf.unique_with_counts(tf.concat([every, drawn], axis=0))
        return cls(ids, tf.gather(place, own), tf.cast(count, tf.float32), tf.cast(tf.shape(every)[0], tf.float32))


def batch_softmax(
    queries: tf.Tensor,
    candidates: tf.Tensor,
    distinct: Distinct,
    log_probability: tf.Tensor | None,
    *,
    remove_accidental_hits: bool,
    block_size: int = 1 << 19,
) -> tf.Tensor:
    """Σ over rows of −log softmax of the row's candidate among all of the batch, divided by the rows of the batch.

    That is the mean; on several replicas it is a replica's part of the mean, and the parts add up to it.

    Equal to ``tfrs.tasks.Retrieval`` with its in-batch candidates, to rounding. TFRS writes a matrix of rows × rows to
    memory and passes over it a dozen times, forwards and backwards. Here a movie that is in the batch many times is
    scored once and counts so often (adding log count to its score), and the gradient is computed along with the loss,
    for a block of rows at a time that stays in the processor's cache, as in Dao et al., "FlashAttention", NeurIPS 2022.

    Args:
        queries: [rows, dim] float32.
        candidates: [distinct, dim] float32, of the distinct candidates.
        distinct: Which they are.
        log_probability: [distinct] float32, subtracted from scores (logQ correction); None for no correction.
        remove_accidental_hits: Whether other rows' candidates that are the row's own are left out.
        block_size: Scores held at a time.

    Returns:
        Scalar float32, differentiable in queries and candidates.
    """
    log_count = tf.math.log(distinct.count)
    added = log_count if log_probability is None else log_count - log_probability
    surplus = tf.gather(1 - 1 / distinct.count, distinct.place) * float(remove_accidental_hits)
    rows, step = tf.shape(queries)[0], tf.maximum(block_size // tf.shape(candidates)[0], 64)

    @tf.custom_gradient
    def loss(queries: tf.Tensor, candidates: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], list[tf.Tensor]]]:
        own_candidates = tf.gather(candidates, distinct.place)
        own = tf.reduce_sum(queries * own_candidates, axis=1) + tf.gather(added, distinct.place)

        def body(start: tf.Tensor, total: tf.Tensor, by_query: Any, by_candidate: tf.Tensor, pull: Any) -> tuple:
            block = slice(start, start + step)
            query, mine = queries[block], own_candidates[block]
            scores = tf.matmul(query, candidates, transpose_b=True) + added
            highest = tf.reduce_max(scores, axis=1)
            odds = tf.exp(scores - highest[:, None])
            hits = surplus[block] * tf.exp(own[block] - highest)
            sums = tf.reduce_sum(odds, axis=1) - hits
            share = (hits / sums + 1)[:, None]
            return (
                start + step,
                total + tf.reduce_sum(tf.math.log(sums) + highest - own[block]),
                by_query.write(start // step, tf.matmul(odds, candidates) / sums[:, None] - share * mine),
                by_candidate + tf.matmul(odds, query / sums[:, None], transpose_a=True),
                pull.write(start // step, share * query),
            )

        blocks = (rows + step - 1) // step
        per_row = [
            tf.TensorArray(tf.float32, size=blocks, infer_shape=False, element_shape=(None, queries.shape[1]))
            for _ in range(2)
        ]
        _, total, by_query, by_candidate, pull = tf.while_loop(
            lambda start, *_: start < rows,
            body,
            (tf.constant(0), tf.constant(0.0), per_row[0], tf.zeros_like(candidates), per_row[1]),
            parallel_iterations=1,
        )
        by_candidate -= tf.math.unsorted_segment_sum(pull.concat(), distinct.place, tf.shape(candidates)[0])
        scale = 1 / distinct.batch
        total += tf.reduce_sum(tf.gather(log_count, distinct.place))
        return total * scale, lambda upstream: [
            gradient * (upstream * scale) for gradient in (by_query.concat(), by_candidate)
        ]

    return loss(queries, candidates)
