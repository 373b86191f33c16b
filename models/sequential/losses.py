"""Cross-entropy over the catalogue, or a sample of it, in bounded memory."""

from collections.abc import Callable

import numpy as np

from tfrs_lab.models.backend import tf
from tfrs_lab.models.sequential.config import SequenceConfig
from tfrs_lab.models.training.histories import Histories

NEVER = 1 << 30
"""The place of a movie that the user never watches."""


class Candidates:
    """What a batch's softmax is over: the whole catalogue, or the movies of the batch's users and a uniform sample.

    Args:
        histories: Of the training users.
        config: ``full_softmax``, ``negatives`` and ``max_length``.
    """

    def __init__(self, histories: Histories, config: SequenceConfig) -> None:
        self.movies = histories.movies
        self.full = histories.movies <= config.full_softmax
        self.negatives = config.negatives
        self.movie = tf.constant(histories.movie)
        self.starts = tf.constant(histories.starts)
        self.share = tf.constant(histories.movie_share(config.max_length))

    def __call__(self, user: "tf.Tensor", seed: "tf.Tensor") -> "tuple[tf.Tensor, tf.Tensor, tf.Tensor]":
        """Candidates of a batch.

        Args:
            user: [batch] int32, the windows' users.
            seed: [2] int64, of the sample.

        Returns:
            ``place`` [batch, candidates] and the candidates' movies [candidates], both int32, and ``log_inclusion``
            [candidates] float32; see `catalogue_softmax`.
        """
        start, end = tf.gather(self.starts, user), tf.gather(self.starts, user + 1)
        rows = tf.ragged.range(start, end)
        movie = tf.gather(self.movie, rows.values)
        columns, log_inclusion = self._columns(movie, seed)
        column = tf.scatter_nd(columns[:, None], tf.range(tf.size(columns)), (self.movies,))
        index = tf.stack([tf.cast(rows.value_rowids(), tf.int32), tf.gather(column, movie)], axis=1)
        never = tf.fill((tf.size(user), tf.size(columns)), NEVER)
        place = tf.tensor_scatter_nd_update(never, index, rows.values - tf.repeat(start, end - start))
        return place, columns, log_inclusion

    def _columns(self, movie: "tf.Tensor", seed: "tf.Tensor") -> "tuple[tf.Tensor, tf.Tensor]":
        """Candidate movies and the log of the probability with which each becomes one."""
        if self.full:
            return tf.range(self.movies), tf.zeros((self.movies,))
        drawn = tf.random.stateless_uniform((self.negatives,), seed, maxval=self.movies, dtype=tf.int32)
        columns, _ = tf.unique(tf.concat([movie, drawn], axis=0))
        missed = tf.cast(tf.size(movie), tf.float32) * tf.math.log1p(-tf.gather(self.share, columns))
        missed += self.negatives * np.log1p(-1 / self.movies)
        return columns, tf.math.log(-tf.math.expm1(missed))


def catalogue_softmax(
    states: "tf.Tensor",
    candidates: "tf.Tensor",
    bias: "tf.Tensor",
    *,
    place: "tf.Tensor",
    log_inclusion: "tf.Tensor",
    window: "tf.Tensor",
    now: "tf.Tensor",
    horizon: float,
    block_size: int = 1 << 19,
) -> "tf.Tensor":
    """Mean over positions of −Σ w_j log p_j, where p is the softmax over the movies not watched yet.

    The weight of the movie watched at distance d = 1, 2, ... after the position is w ∝ exp(−d / horizon), Σ w = 1; with
    horizon 0 the next movie has all the weight. Where candidates are a sample of the catalogue, the sum in the
    softmax's denominator is estimated by Horvitz & Thompson: a term counts 1 / (probability of being in the sample).
    Movies of the window's own user are always in it and count 1.

    The gradient is computed along with the loss, for a block of positions at a time, so that no [positions, candidates]
    matrix has to be kept.

    Args:
        states: [positions, dim] float32.
        candidates: [candidates, dim] float32.
        bias: [candidates] float32.
        place: [windows, candidates] int32, the place of the movie in the history of the window's user, else ``NEVER``.
        log_inclusion: [candidates] float32, log of the probability with which a movie becomes a candidate.
        window: [positions] int32, row of ``place``.
        now: [positions] int32, place of the latest movie that the state has seen; a later one must exist.
        horizon: Number of movies over which the weight falls to 1/e.
        block_size: Scores held at a time.

    Returns:
        Scalar float32, differentiable in the first three arguments.
    """
    positions = tf.shape(states)[0]
    step = tf.maximum(block_size // tf.shape(candidates)[0], 1)

    @tf.custom_gradient
    def loss(states: "tf.Tensor", candidates: "tf.Tensor", bias: "tf.Tensor") -> "tuple[tf.Tensor, Callable]":
        def body(start, total, by_state, by_candidate, by_bias):  # type: ignore[no-untyped-def]
            rows = slice(start, start + step)
            scores = tf.matmul(states[rows], candidates, transpose_b=True) + bias
            losses, by_score = _cross_entropy(
                scores, tf.gather(place, window[rows]) - now[rows, None], log_inclusion, horizon
            )
            return (
                start + step,
                total + tf.reduce_sum(losses),
                by_state.write(start // step, tf.matmul(by_score, candidates)),
                by_candidate + tf.matmul(by_score, states[rows], transpose_a=True),
                by_bias + tf.reduce_sum(by_score, axis=0),
            )

        blocks = (positions + step - 1) // step
        by_state = tf.TensorArray(tf.float32, size=blocks, infer_shape=False, element_shape=(None, states.shape[1]))
        _, total, by_state, *by_rest = tf.while_loop(
            lambda start, *_: start < positions,
            body,
            (tf.constant(0), tf.constant(0.0), by_state, tf.zeros_like(candidates), tf.zeros_like(bias)),
            parallel_iterations=1,
        )
        scale = 1 / tf.cast(positions, tf.float32)
        gradients = [by_state.concat(), *by_rest]
        return total * scale, lambda upstream: [gradient * (upstream * scale) for gradient in gradients]

    return loss(states, candidates, bias)


def _cross_entropy(
    scores: "tf.Tensor", ahead: "tf.Tensor", log_inclusion: "tf.Tensor", horizon: float
) -> "tuple[tf.Tensor, tf.Tensor]":
    """Cross-entropies [block] and their gradient by score [block, candidates].

    Args:
        scores: [block, candidates] float32.
        ahead: [block, candidates] int32, how far ahead the movie is watched; below 1 it has been, huge never.
        log_inclusion: [candidates] float32.
        horizon: See `catalogue_softmax`.
    """
    own = ahead < NEVER // 2
    scores = tf.where(ahead > 0, tf.where(own, scores, scores - log_inclusion), -1e9)
    distance = tf.cast(ahead - 1, tf.float32)
    weights = tf.exp(-distance / horizon) if horizon else tf.cast(ahead == 1, tf.float32)
    weights = tf.where((ahead > 0) & own, weights, 0.0)
    weights /= tf.reduce_sum(weights, axis=1, keepdims=True)
    return tf.raw_ops.SoftmaxCrossEntropyWithLogits(features=scores, labels=weights)
