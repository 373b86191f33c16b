"""The sequence tower: what a user will watch next, from the order of what they have watched."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tfrs_lab.data import Interactions
from tfrs_lab.models.backend import tf, tfrs
from tfrs_lab.models.sequential.config import SequenceConfig
from tfrs_lab.models.sequential.encoders import ENCODERS
from tfrs_lab.models.sequential.losses import Candidates, catalogue_softmax
from tfrs_lab.models.training.histories import Histories
from tfrs_lab.models.training.loop import adam, built


class SequenceModel(tfrs.Model):
    """Scores a movie by the dot product of its vector with an encoding of the user's history.

    Kang & McAuley, "Self-attentive sequential recommendation" (SASRec), ICDM 2018; with ``encoder="gru"`` Hidasi et
    al., "Session-based recommendations with recurrent neural networks" (GRU4Rec), ICLR 2016. Movies have one vector
    each, as input and as target. Deviations:

    - Softmax over the whole catalogue instead of one sampled negative under binary cross-entropy, whose scores are
      overconfident: Petrov & Macdonald, "gSASRec", RecSys 2023.
    - Movies that the user has already watched are left out of the softmax: they will not be recommended either.
    - The target is not the next movie alone but the next ones with exponentially falling weights, since the order
      within an evening, or among equal timestamps, says little.
    - Movies have a bias, at first their log-popularity.

    Args:
        config: Horizon, length, batch size and the like.
        histories: Of the training users.
        movie_embedding: [movies] to [movies, dim]; both input and target.
        encoder: From inputs [batch, length, dim] and their validity [batch, length] to states [batch, length, dim].
        bias: [movies] float32, initial bias of each movie.
    """

    def __init__(
        self,
        config: SequenceConfig,
        histories: Histories,
        movie_embedding: tf.keras.layers.Embedding,
        encoder: tf.keras.layers.Layer,
        bias: np.ndarray,
    ) -> None:
        super().__init__()
        self.config = config
        self.histories = histories
        self.movie_embedding = movie_embedding
        self.encoder = encoder
        self.bias = tf.Variable(bias, name="bias")
        self.mean_loss = tf.keras.metrics.Mean(name="loss")
        self.movie = tf.constant(histories.movie)
        self.starts = tf.constant(histories.starts)
        self.candidates = Candidates(histories, config)
        one = tf.zeros((1, 1), tf.int32)
        self.encode(one, one == 0)  # creates the weights

    def encode(self, movies: tf.Tensor, valid: tf.Tensor, training: bool = False) -> tf.Tensor:
        """States after each movie of right-aligned sequences.

        Args:
            movies: [batch, length] int32.
            valid: [batch, length] bool, False for padding.
            training: Whether to drop out.

        Returns:
            [batch, length, dim] float32.
        """
        inputs = self.movie_embedding(movies) * tf.cast(valid, tf.float32)[..., None]
        return self.encoder(inputs, valid, training=training)

    def compute_loss(self, inputs: dict[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """Mean cross-entropy between what was watched after each position and the softmax of its state's scores.

        Args:
            inputs: Windows: ``user`` [batch] int32, ``end`` [batch] int32, the row of the last target, and ``seed`` [2]
                int64, of the sampled negatives.
            training: Whether to drop out.

        Returns:
            Scalar float32.
        """
        user, end = inputs["user"], inputs["end"]
        first = tf.gather(self.starts, user)
        length = tf.minimum(tf.reduce_max(end - first), self.config.max_length)
        row = end[:, None] - tf.range(length, 0, -1)  # [batch, length]
        valid = row >= first[:, None]
        states = self.encode(tf.gather(self.movie, tf.maximum(row, 0)), valid, training=training)
        position = tf.where(valid)  # [positions, 2]
        window = tf.cast(position[:, 0], tf.int32)
        place, columns, log_inclusion = self.candidates(user, inputs["seed"])
        now = tf.gather_nd(row, position) - tf.gather(first, window)
        return catalogue_softmax(
            states=tf.gather_nd(states, position),
            candidates=tf.gather(self.movie_embedding.embeddings, columns),
            bias=tf.gather(self.bias, columns),
            place=place,
            log_inclusion=log_inclusion,
            window=window,
            now=now,
            horizon=self.config.horizon,
        )

    @tf.autograph.experimental.do_not_convert  # nothing to convert, and to find that out takes seconds
    def train_step(self, inputs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """One step; reports the epoch's mean loss, where TFRS reports the last batch's."""
        logs = super().train_step(inputs)
        self.mean_loss.update_state(logs["loss"], sample_weight=tf.shape(inputs["user"])[0])
        return {"loss": self.mean_loss.result()}

    @property
    def steps_per_epoch(self) -> int:
        """Batches in an epoch."""
        return self.histories.steps(self.config.max_length, self.config.positions)

    def batches(self, seed: int, first_epoch: int, epochs: int) -> tf.data.Dataset:
        """Batches of windows, epoch after epoch; a function of (seed, epoch), so that a resumed run sees the same.

        Args:
            seed: Seed of windows and their order.
            first_epoch: 0-based epoch to begin with.
            epochs: 0-based epoch to end before.

        Returns:
            Elements as ``compute_loss`` takes them.
        """
        length, size = self.config.max_length, self.config.positions
        signature = {
            "user": tf.TensorSpec((None,), tf.int32),
            "end": tf.TensorSpec((None,), tf.int32),
            "seed": tf.TensorSpec((2,), tf.int64),
        }
        return tf.data.Dataset.from_generator(
            lambda: self.histories.batches(length, size, seed, range(first_epoch, epochs)), output_signature=signature
        ).prefetch(2)

    def new_optimizer(self) -> tf.keras.optimizers.legacy.Optimizer:
        """To compile it with: Adam; a short rise, then a cosine down to nearly nothing at the configured last epoch."""
        steps, peak = self.steps_per_epoch * self.config.epochs, self.config.learning_rate
        warmup = min(30, steps // 10)
        schedule = tf.keras.optimizers.schedules.CosineDecay(
            peak / (warmup + 1), max(steps - warmup, 1), alpha=0.02, warmup_target=peak, warmup_steps=warmup
        )
        return built(adam(schedule), self.trainable_variables)

    def vectors(self) -> tuple[np.ndarray, np.ndarray]:
        """All training users and movies; the score is the dot product, the bias being the movies' last component.

        Returns:
            [users, dim + 1] and [movies, dim + 1], both float32.
        """
        histories, length = self.histories, self.config.max_length
        row = histories.starts[1:, None] - np.arange(length, 0, -1)
        valid = row >= histories.starts[:-1, None]
        queries = self._queries(histories.movie[np.maximum(row, 0)], valid)
        candidates = np.column_stack([self.movie_embedding.embeddings.numpy(), self.bias.numpy()])
        return queries, candidates.astype(np.float32)

    def encode_histories(self, movies: Sequence[np.ndarray]) -> np.ndarray:
        """Queries of users who need not have been there in training.

        Args:
            movies: Each user's movies as indices of the training vocabulary, oldest first; any number of them.

        Returns:
            [len(movies), dim + 1] float32. Of an empty history only the last component, 1, is not 0: the order of the
            movies is then that of their biases.

        Raises:
            ValueError: A movie is not in the vocabulary.
        """
        shape = (len(movies), self.config.max_length)
        movie, valid = np.zeros(shape, np.int32), np.zeros(shape, bool)
        for user, sequence in enumerate(movies):
            recent = np.asarray(sequence, np.int32)[-shape[1] :]
            if not np.all((recent >= 0) & (recent < self.histories.movies)):
                raise ValueError(
                    f"movies: expected indices from 0 to {self.histories.movies - 1}, got {recent.tolist()}"
                )
            kept = slice(shape[1] - len(recent), None)
            movie[user, kept], valid[user, kept] = recent, True
        return self._queries(movie, valid)

    def _queries(self, movies: np.ndarray, valid: np.ndarray, block: int = 1024) -> np.ndarray:
        """[users, dim + 1] float32 queries from [users, length] histories, a block of users at a time."""
        queries = np.ones((len(movies), self.config.dimension + 1), np.float32)
        for start in range(0, len(movies), block):
            part = slice(start, start + block)
            states = self.encode(tf.constant(movies[part]), tf.constant(valid[part]))
            queries[part, :-1] = states[:, -1].numpy() * valid[part, -1:]
        return queries


def build_sequence(config: SequenceConfig, rows: Interactions, seed: int) -> SequenceModel:
    """An untrained model.

    Args:
        config: What to build.
        rows: Encoded train rows; without timestamps their order is the order in which movies were watched.
        seed: Seed of the initial weights.
    """
    histories = Histories.from_interactions(rows)
    embedding = tf.keras.layers.Embedding(
        histories.movies,
        config.dimension,
        embeddings_initializer=tf.keras.initializers.RandomNormal(stddev=0.05, seed=1000 * seed),
    )
    bias = np.log(np.bincount(histories.movie, minlength=histories.movies) + 1.0)
    return SequenceModel(
        config=config,
        histories=histories,
        movie_embedding=embedding,
        encoder=ENCODERS[config.encoder](config, 1000 * seed + 1),
        bias=(bias - bias.mean()).astype(np.float32),
    )
