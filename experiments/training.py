"""Fits a two-tower model with Keras: early stopping on validation nDCG, checkpoints, TensorBoard, resumable."""

from __future__ import annotations

import numpy as np

from data import Interactions
from experiments.callbacks import Progress, TrainingState, Validation
from experiments.experiment import FitContext, Trained
from models.backend import tf
from models.config import RetrievalConfig
from models.factors import FactorRecommender
from models.retrieval import TwoTower, build_two_tower


def training_batches(rows: Interactions, batch_size: int, seed: int, first_epoch: int, epochs: int) -> tf.data.Dataset:
    """Batches of shuffled rows, epoch after epoch.

    Equal to caching the examples, shuffling them anew for each epoch and then batching, but whole batches are gathered
    by a permutation instead of passing single rows through a shuffle buffer (four times faster), and the permutation is
    a function of (seed, epoch), so that a resumed run sees the batches that it would have seen.

    Args:
        rows: Encoded train rows.
        batch_size: Rows per batch; the last batch of an epoch may be smaller.
        seed: Seed of the order.
        first_epoch: 0-based epoch to begin with.
        epochs: 0-based epoch to end before.

    Returns:
        Elements ``{"user": [batch] int32, "movie": [batch] int32}``.
    """
    columns = {"user": tf.constant(rows.user), "movie": tf.constant(rows.movie)}

    def one_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
        order = tf.random.experimental.stateless_shuffle(
            tf.range(len(rows)), seed=tf.stack([tf.constant(seed, tf.int64), epoch])
        )
        batches = tf.data.Dataset.from_tensor_slices(order).batch(batch_size)
        return batches.map(lambda index: {name: tf.gather(column, index) for name, column in columns.items()})

    return tf.data.Dataset.range(first_epoch, epochs).flat_map(one_epoch).prefetch(2)


def to_recommender(model: TwoTower, rows: Interactions) -> FactorRecommender:
    """The model's vectors of all users and movies of ``rows``."""
    return FactorRecommender(
        users=rows.users,
        movies=rows.movies,
        queries=model.query_tower(tf.range(len(rows.users))).numpy(),
        candidates=model.candidate_tower(tf.range(len(rows.movies))).numpy(),
        popularity=rows.movie_counts.astype(np.float32),
    )


def fit_retrieval(config: RetrievalConfig, rows: Interactions, context: FitContext) -> Trained:
    """Trains the two-tower model.

    With a monitor it stops when validation nDCG@10 no longer improves and returns the best epoch's model; with
    ``context.epochs`` it trains just so long.

    Raises:
        FloatingPointError: The loss became NaN or infinite.
    """
    tf.keras.utils.set_random_seed(context.seed)
    model = build_two_tower(config, len(rows.users), rows.movie_counts, context.seed)
    model.compile(optimizer=tf.keras.optimizers.Adam(config.learning_rate))
    epochs = context.epochs or config.epochs
    state = TrainingState(model, context.checkpoints, config.patience if context.monitor else None)
    done = state.restore()
    if done < epochs and not state.finished:
        monitor = context.monitor
        validation = [Validation(lambda: monitor(to_recommender(model, rows)))] if monitor else []
        model.fit(
            training_batches(rows, config.batch_size, context.seed, done, epochs),
            initial_epoch=done,
            epochs=epochs,
            steps_per_epoch=-(-len(rows) // config.batch_size),
            callbacks=[
                *validation,
                state,
                tf.keras.callbacks.TensorBoard(context.tensorboard, write_graph=False),
                Progress(context.reporter, epochs),
            ],
            verbose=0,
        )
    best = state.restore_best()
    return Trained(to_recommender(model, rows), epochs=best, history=state.history)
