import numpy as np
import pytest

from tfrs_lab.models.backend import tf, tfrs
from tfrs_lab.models.two_tower.in_batch_softmax import Distinct, batch_softmax

ROWS, DRAWN, MOVIES, DIM = 300, 40, 50, 6


def problem(seed=0, spread=1.0):
    """Queries of rows, a table of movies, the rows' movies, further negatives, and how probable each movie is."""
    rng = np.random.default_rng(seed)
    queries = tf.constant(rng.normal(0, spread, (ROWS, DIM)), tf.float32)
    table = tf.constant(rng.normal(0, spread, (MOVIES, DIM)), tf.float32)
    movie = tf.constant(np.minimum(rng.geometric(0.1, ROWS), MOVIES) - 1, tf.int32)
    drawn = tf.constant(rng.integers(MOVIES, size=DRAWN), tf.int32)
    return queries, table, movie, drawn, tf.constant(rng.dirichlet(np.ones(MOVIES)), tf.float32)


def gradients(loss, *inputs):
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        value = loss()
    return float(value), [tf.convert_to_tensor(gradient).numpy() for gradient in tape.gradient(value, inputs)]


@pytest.mark.parametrize("block_size", [64, 1 << 19])
@pytest.mark.parametrize("hits", [True, False])
@pytest.mark.parametrize("logq", [True, False])
def test_loss_and_gradients_are_those_of_tfrs(block_size, hits, logq):
    queries, table, movie, drawn, probability = problem()
    task = tfrs.tasks.Retrieval(
        loss=tf.keras.losses.CategoricalCrossentropy(from_logits=True), remove_accidental_hits=hits
    )
    every = tf.concat([movie, drawn], axis=0)

    def of_tfrs():
        return task(
            query_embeddings=queries,
            candidate_embeddings=tf.gather(table, every),
            candidate_ids=every,
            candidate_sampling_probability=tf.gather(probability, every) if logq else None,
            compute_metrics=False,
        )

    def ours():
        distinct = Distinct.of(movie, drawn)
        logs = tf.math.log(tf.clip_by_value(tf.gather(probability, distinct.ids), 1e-6, 1.0)) if logq else None
        vectors = tf.gather(table, distinct.ids)
        return batch_softmax(queries, vectors, distinct, logs, remove_accidental_hits=hits, block_size=block_size)

    expected, by_tfrs = gradients(of_tfrs, queries, table)
    found, by_us = gradients(ours, queries, table)
    assert found == pytest.approx(expected, rel=1e-5)
    for one, other in zip(by_us, by_tfrs, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-6 * np.abs(other).max() + 1e-7)


def test_scores_far_apart_neither_overflow_nor_vanish():
    queries, table, movie, drawn, _ = problem(spread=12.0)
    distinct = Distinct.of(movie, drawn)
    loss, by = gradients(
        lambda: batch_softmax(queries, tf.gather(table, distinct.ids), distinct, None, remove_accidental_hits=True),
        queries,
        table,
    )
    assert np.isfinite(loss)
    assert all(np.isfinite(gradient).all() for gradient in by)


def test_one_movie_alone_has_nothing_to_be_told_from():
    queries, table, *_ = problem()
    movie = tf.fill([ROWS], 3)
    distinct = Distinct.of(movie, tf.zeros([0], tf.int32))
    loss, by = gradients(
        lambda: batch_softmax(queries, tf.gather(table, distinct.ids), distinct, None, remove_accidental_hits=True),
        queries,
    )
    assert loss == pytest.approx(0.0, abs=1e-5)
    np.testing.assert_allclose(by[0], 0.0, atol=1e-5)
