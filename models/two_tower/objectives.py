"""Objectives: what a pair of towers is trained to do. Each says what a training batch is and what it costs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any, Protocol

from tfrs_lab.models.backend import tf, tfrs
from tfrs_lab.models.training.data import TrainingData, shuffled_batches
from tfrs_lab.models.training.replicas import own_shares, replica_seed
from tfrs_lab.models.training.shards import RecordKind, ShardedRows, sharded_batches
from tfrs_lab.models.two_tower.config import PairConfig
from tfrs_lab.models.two_tower.in_batch_softmax import Distinct, batch_softmax

Batch = dict[str, "tf.Tensor"]


class Pair(Protocol):
    """What is trained: a query tower, a candidate tower and their weights."""

    query_tower: Any
    candidate_tower: Any
    trainable_variables: list[Any]


class Objective(ABC):
    """Batches of training data, and their loss."""

    record: RecordKind
    """What one example is, in shards."""

    def __init__(self, config: PairConfig, data: TrainingData) -> None:
        self.config = config
        self.data = data

    @property
    @abstractmethod
    def examples(self) -> int:
        """Number of examples in an epoch."""

    @abstractmethod
    def example(self, index: tf.Tensor) -> Batch:
        """The batch of these examples [batch] int32."""

    @abstractmethod
    def loss(self, pair: Pair, batch: Batch, seed: tf.Tensor) -> tf.Tensor:
        """Scalar loss of a batch; ``seed`` [2] int32 decides whatever is random."""

    def with_histories(self, batch: Batch) -> Batch:
        """A batch with histories, which shards do not hold, where the query tower sees them."""
        return batch

    def batches(
        self, seed: int, first_epoch: int, epochs: int, reader: tf.distribute.InputContext | None = None
    ) -> tf.data.Dataset:
        """Batches epoch after epoch; a function of (seed, epoch), see ``shuffled_batches``; a reader gets its share."""
        rows, size = self.data.rows, self.config.batch_size
        if isinstance(rows, ShardedRows):
            stream = sharded_batches(rows, self.record, size, seed, first_epoch, epochs, reader)
            return stream.map(self.with_histories).prefetch(2)
        numbers = shuffled_batches(self.examples, size, seed, first_epoch, epochs)
        if reader is not None:
            numbers = own_shares(numbers, reader)
        return numbers.map(tf.autograph.experimental.do_not_convert(self.example)).prefetch(2)


class InBatchSoftmax(Objective):
    """Softmax over the movies of the batch: TFRS's retrieval task, computed faster where it has no hard negatives.

    Yi et al., "Sampling-bias-corrected neural modeling for large corpus item recommendations", RecSys 2019: negatives
    are corrected by the log of the probability that a batch row holds them. Mixed negatives: Yang et al., "Mixed
    negative sampling for learning two-tower neural networks in recommendations", WWW 2020.

    TFRS takes no probability for less than 1e-6. In a log of a hundred million rows that is a movie of a hundred
    ratings: all rarer ones would be corrected too little, by up to log(100), and recommended too often. Here the bound
    is ``logq_epsilon``, by default a tenth of the share of a movie that was rated once.
    """

    record = "rows"

    def __init__(self, config: PairConfig, data: TrainingData) -> None:
        super().__init__(config, data)
        counts = data.rows.movie_counts
        self.probability = tf.constant(counts / counts.sum(), tf.float32) if config.logq else None
        self.epsilon = 0.1 / counts.sum() if config.logq_epsilon is None else config.logq_epsilon
        self.times = data.times if "context" in config.query else None
        self.task = tfrs.tasks.Retrieval(
            # The mean over rows, where TFRS sums: so that losses of different batch sizes compare.
            loss=tf.keras.losses.CategoricalCrossentropy(from_logits=True),
            remove_accidental_hits=config.remove_accidental_hits,
            num_hard_negatives=config.hard_negatives,
        )

    @property
    def examples(self) -> int:
        """One per train row."""
        return len(self.data.rows)

    def example(self, index: tf.Tensor) -> Batch:
        """``user`` and ``movie`` [batch] int32; ``history`` ragged and ``time`` [batch] where the query tower asks."""
        return self.with_histories({name: tf.gather(column, index) for name, column in self._columns.items()})

    @cached_property
    def _columns(self) -> Batch:
        """The rows as tensors, made once: arrays would be written out in the graph of each pipeline."""
        columns = {"user": self.data.rows.user, "movie": self.data.rows.movie}
        if self.times is not None:
            columns["time"] = self.times
        with tf.init_scope():
            return {name: tf.constant(column) for name, column in columns.items()}

    def with_histories(self, batch: Batch) -> Batch:
        """Histories are in memory, four bytes a row."""
        if self.config.sees_history:
            batch["history"] = tf.gather(self.data.histories, batch["user"])
        return batch

    def loss(self, pair: Pair, batch: Batch, seed: tf.Tensor) -> tf.Tensor:
        """Mean over the rows of −log softmax of the row's own movie; on several replicas, this one's part of it."""
        movie, features, own_seed = batch["movie"], dict(batch), replica_seed(seed)
        if "history" in batch:  # a row's own movie must not tell the answer
            others = batch["history"].flat_values != tf.gather(movie, batch["history"].value_rowids())
            features["history"] = _keep(batch["history"], others & _thinned(batch["history"], self.config, own_seed))
        queries = pair.query_tower(features, self.config.dropout, own_seed)
        drawn = tf.random.stateless_uniform([self.config.uniform_negatives], seed + 1, 0, self.data.movies, tf.int32)
        if self.config.hard_negatives is not None:
            return self._hard(pair, queries, tf.concat([movie, drawn], axis=0), seed)
        distinct = Distinct.of(movie, drawn)
        return batch_softmax(
            queries,
            pair.candidate_tower({"movie": distinct.ids}, self.config.dropout, seed + 2),
            distinct,
            self._log_probability(distinct.ids, distinct.batch),
            remove_accidental_hits=self.config.remove_accidental_hits,
        )

    def _hard(self, pair: Pair, queries: tf.Tensor, movie: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """The same among each row's hardest negatives, by TFRS's own task."""
        log_probability = self._log_probability(movie, tf.cast(tf.shape(queries)[0], tf.float32))
        candidates = pair.candidate_tower({"movie": movie}, self.config.dropout, seed + 2)
        if log_probability is not None:  # as a column of the vectors: as an argument, TFRS would bound it by 1e-6
            queries = tf.concat([queries, tf.ones_like(queries[:, :1])], axis=1)
            candidates = tf.concat([candidates, -log_probability[:, None]], axis=1)
        converted = tf.function(self.task)  # TFRS asks a tensor for its length, which only converted code may
        return converted(
            query_embeddings=queries, candidate_embeddings=candidates, candidate_ids=movie, compute_metrics=False
        )

    def _log_probability(self, movie: tf.Tensor, rows: tf.Tensor) -> tf.Tensor | None:
        """[candidates]: log of the chance that a candidate of the batch is this movie, over drawn and in-batch ones."""
        if self.probability is None:
            return None
        drawn = tf.cast(self.config.uniform_negatives, tf.float32)
        share = drawn / (drawn + rows)
        chance = (1.0 - share) * tf.gather(self.probability, movie) + share / self.data.movies
        return tf.math.log(tf.clip_by_value(chance, self.epsilon, 1.0))


class PerUser(Objective):
    """Objectives whose example is a user with all their movies; part of the history may be hidden as the target."""

    record = "users"

    @property
    def examples(self) -> int:
        """One per user."""
        return self.data.users

    def example(self, index: tf.Tensor) -> Batch:
        """``user`` [batch] int32 and ``history`` [batch, (movies)] ragged int32."""
        return {"user": index, "history": tf.gather(self.data.histories, index)}

    def kept(self, batch: Batch, seed: tf.Tensor) -> tf.Tensor:
        """[values] bool: which movies of the histories the query tower sees, and are no targets."""
        if self.config.sees_history:
            return _thinned(batch["history"], self.config, seed)
        return tf.zeros_like(batch["history"].flat_values, dtype=tf.bool)

    def queries(self, pair: Pair, batch: Batch, kept: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """[batch, dim]: vectors from what is not hidden."""
        features = {"user": batch["user"], "history": _keep(batch["history"], kept)}
        return pair.query_tower(features, self.config.dropout, seed + 1)


class CatalogueSoftmax(PerUser):
    """Softmax over the whole catalogue for all of a user's movies at once.

    Liang et al., "Variational autoencoders for collaborative filtering", WWW 2018 (multinomial likelihood), with a
    linear encoder. The loss of a user is divided by the root of the number of targets, so that users with long
    histories do not drown the others. Above ``max_catalogue`` movies, as many are drawn uniformly for each step; since
    they stand for all, their logits are raised by log(movies / drawn) (Jean et al., ACL 2015).
    """

    def loss(self, pair: Pair, batch: Batch, seed: tf.Tensor) -> tf.Tensor:
        """Mean over users of Σ −log softmax over the targets / √targets, movies of the kept history left out."""
        kept = self.kept(batch, seed)
        queries = self.queries(pair, batch, kept, seed)
        user, rows = batch["history"].value_rowids(), batch["history"].nrows()
        logits_of = self._whole if self.data.movies <= self.config.max_catalogue else self._sampled
        own, log_total = logits_of(pair, queries, batch["history"], kept, seed)
        target = 1.0 - tf.cast(kept, tf.float32)
        total = tf.math.unsorted_segment_sum((log_total - own) * target, user, rows)
        targets = tf.math.unsorted_segment_sum(target, user, rows)
        return tf.reduce_mean(total / tf.sqrt(tf.maximum(targets, 1.0)))

    def _whole(
        self, pair: Pair, queries: tf.Tensor, history: tf.RaggedTensor, kept: tf.Tensor, seed: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """[values] logit of each movie of the histories, and of all movies together, kept ones left out."""
        candidates = pair.candidate_tower({"movie": None}, self.config.dropout, seed + 2)
        logits = tf.matmul(queries, candidates, transpose_b=True)
        user = history.value_rowids()
        where = tf.stack([user, tf.cast(history.flat_values, user.dtype)], axis=1)
        known = tf.boolean_mask(where, kept)
        others = tf.tensor_scatter_nd_add(logits, known, tf.fill([tf.shape(known)[0]], -1e9))
        return tf.gather_nd(logits, where), tf.gather(tf.reduce_logsumexp(others, axis=1), user)

    def _sampled(
        self, pair: Pair, queries: tf.Tensor, history: tf.RaggedTensor, kept: tf.Tensor, seed: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """As ``_whole``, the total being that of the movie itself and of drawn ones that stand for all others.

        Drawn movies of the kept history are left out, and the movie itself counts once, drawn or not: the expected sum
        is that of ``_whole``.
        """
        user, movie = history.value_rowids(), tf.cast(history.flat_values, tf.int32)
        drawn = tf.random.stateless_uniform([self.config.max_catalogue], seed + 3, 0, self.data.movies, tf.int32)
        ids, _, times = tf.unique_with_counts(drawn)
        column = tf.tensor_scatter_nd_update(tf.fill([self.data.movies], -1), ids[:, None], tf.range(tf.size(ids)))
        negatives = pair.candidate_tower({"movie": ids}, self.config.dropout, seed + 2)
        each_stands_for = self.data.movies / self.config.max_catalogue
        logits = tf.matmul(queries, negatives, transpose_b=True) + tf.math.log(tf.cast(times, tf.float32))
        logits += tf.math.log(each_stands_for)

        place = tf.gather(column, movie)
        where = tf.stack([user, tf.cast(tf.maximum(place, 0), user.dtype)], axis=1)
        known = tf.boolean_mask(where, kept & (place >= 0))
        others = tf.tensor_scatter_nd_add(logits, known, tf.fill([tf.shape(known)[0]], -1e9))
        total = tf.gather(tf.reduce_logsumexp(others, axis=1), user)
        share = tf.where(place >= 0, tf.exp(tf.gather_nd(others, where) - total), 0.0)  # of the movie itself, if drawn
        rest = total + tf.math.log1p(-tf.minimum(share, 1 - 1e-6))
        candidates = pair.candidate_tower({"movie": movie}, self.config.dropout, seed + 2)
        own = tf.reduce_sum(tf.gather(queries, user) * candidates, axis=1)
        return own, tf.reduce_logsumexp(tf.stack([rest, own]), axis=0)


class Reconstruction(PerUser):
    """Squared error of reconstructing what was dropped from the history: the target is 1, all other movies' is 0.

    Steck, "Autoencoders that don't overfit towards the identity", NeurIPS 2020 (denoising, loss on what was dropped),
    in low rank. For batches larger than the vectors are long, and for catalogues above ``max_catalogue``, the sum over
    all movies needs no score matrix: Σ_m (q·c_m)² = qᵀ (Σ_m c_m c_mᵀ) q, as in Hu et al., ICDM 2008.
    """

    def loss(self, pair: Pair, batch: Batch, seed: tf.Tensor) -> tf.Tensor:
        """Mean over users of Σ_dropped weight · (score − 1)² + Σ_not kept score²."""
        kept = self.kept(batch, seed)
        queries = self.queries(pair, batch, kept, seed)
        candidates = pair.candidate_tower({"movie": None}, self.config.dropout, seed + 2)
        scores, everywhere = self._scores(queries, candidates, batch["history"])
        on_history = tf.where(kept, -(scores**2), self.config.positive_weight * (scores - 1.0) ** 2)
        fit = (everywhere + tf.reduce_sum(on_history)) / tf.cast(batch["history"].nrows(), tf.float32)
        penalty = 2 * tf.add_n([tf.nn.l2_loss(weight) for weight in pair.trainable_variables])
        return fit + self.config.weight_decay * penalty

    def _scores(
        self, queries: tf.Tensor, candidates: tf.Tensor, history: tf.RaggedTensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Scores of the movies of the histories [values], and the sum of squares over all users and movies."""
        user, movie = history.value_rowids(), tf.cast(history.flat_values, tf.int64)
        if self.config.batch_size < candidates.shape[1] and self.data.movies <= self.config.max_catalogue:
            scores = tf.matmul(queries, candidates, transpose_b=True)
            return tf.gather_nd(scores, tf.stack([user, movie], axis=1)), tf.reduce_sum(scores**2)
        gram = tf.matmul(candidates, candidates, transpose_a=True)
        own = tf.reduce_sum(tf.gather(queries, user) * tf.gather(candidates, movie), axis=1)
        return own, tf.reduce_sum(tf.matmul(queries, gram) * queries)


OBJECTIVES: dict[str, type[Objective]] = {
    "in-batch": InBatchSoftmax,
    "softmax": CatalogueSoftmax,
    "reconstruction": Reconstruction,
}


def _thinned(history: tf.RaggedTensor, config: PairConfig, seed: tf.Tensor) -> tf.Tensor:
    """[values] bool, False for a random share ``history_dropout``."""
    return tf.random.stateless_uniform(tf.shape(history.flat_values), seed) >= config.history_dropout


def _keep(history: tf.RaggedTensor, mask: tf.Tensor) -> tf.RaggedTensor:
    """The ragged rows with those values only."""
    return tf.RaggedTensor.from_value_rowids(
        tf.boolean_mask(history.flat_values, mask),
        tf.boolean_mask(history.value_rowids(), mask),
        nrows=history.nrows(),
        validate=False,
    )
