"""Histories of a small catalogue as dense matrices, of a large one as sparse ones: the numbers are the same."""

import numpy as np
import polars as pl
import pytest

from tfrs_lab.data import Interactions
from tfrs_lab.models.backend import tf
from tfrs_lab.models.multitask.rating_task import RatingTask
from tfrs_lab.models.rating.config import RatingConfig
from tfrs_lab.models.rating.known_ratings import KnownRatings
from tfrs_lab.models.training.data import TrainingData
from tfrs_lab.models.training.histories import long_histories
from tfrs_lab.models.two_tower.config import PairConfig
from tfrs_lab.models.two_tower.model import build_pair
from tfrs_lab.models.two_tower.tower_parts import HistoryPart

USERS, MOVIES = 150, 400


def interactions(per_user) -> Interactions:
    rng = np.random.default_rng(0)
    user = np.repeat(np.arange(USERS), per_user)
    movie = np.concatenate([rng.choice(MOVIES, per_user, replace=False) for _ in range(USERS)])
    table = {"user_id": user, "movie_id": movie}
    ratings = pl.DataFrame(table, schema=dict.fromkeys(table, pl.Int64)).with_columns(pl.all().cast(pl.String))
    return Interactions.from_ratings(ratings.with_columns(user_rating=pl.Series(rng.integers(1, 6, len(user)) * 1.0)))


@pytest.fixture(scope="module")
def sparse() -> Interactions:
    return interactions(3)


def test_what_is_dense(sparse):
    assert not long_histories(sparse)
    assert long_histories(interactions(40))


def dense(layer):
    """The same layer with the other algebra."""
    layer.dense = not layer.dense
    return layer


@pytest.mark.parametrize(
    "fields",
    [
        {"objective": "softmax", "bias": True},
        {"objective": "reconstruction", "tied": False, "normalize": False},
        {"objective": "in-batch"},
    ],
)
def test_histories_give_the_same_loss_and_gradients(sparse, fields):
    found = []
    for other in (False, True):
        pair = build_pair(
            PairConfig(query=("history",), dimension=8, **fields), TrainingData.without_features(sparse), 0
        )
        part = pair.query_tower.parts[0]
        assert isinstance(part, HistoryPart)
        assert not part.dense
        if other:
            dense(part)
        with tf.GradientTape() as tape:
            loss = pair.compute_loss(pair.objective.example(tf.range(USERS)))
        gradients = tape.gradient(loss, pair.trainable_variables)
        found.append([loss.numpy(), *(tf.convert_to_tensor(one).numpy() for one in gradients)])
    assert found[0][0] > 0
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_an_empty_history_is_zeros_either_way(sparse):
    part = build_pair(PairConfig(query=("history",), dimension=8), TrainingData.without_features(sparse), 0)
    layer = part.query_tower.parts[0]
    history = {"history": tf.ragged.constant([[], [3, 4], []], dtype=tf.int32)}
    one, other = layer(history).numpy(), dense(layer)(history).numpy()
    np.testing.assert_allclose(one, other, atol=1e-7)
    np.testing.assert_array_equal(one[[0, 2]], 0)
    np.testing.assert_allclose(one[1], layer.embedding.embeddings.numpy()[3:5].mean(axis=0), rtol=1e-5)


def test_sums_over_ratings_are_those_of_a_matrix(sparse):
    rng = np.random.default_rng(1)
    known = KnownRatings(sparse)
    assert not known._dense
    values = rng.normal(size=len(sparse)).astype(np.float32)
    of_movies, of_users = (rng.normal(size=(size, 3)).astype(np.float32) for size in (known.movies, known.users))
    matrix = np.zeros((known.users, known.movies))
    matrix[known.user.numpy(), known.movie.numpy()] = values
    for _ in range(2):
        np.testing.assert_allclose(known.users_times(values, of_movies), matrix @ of_movies, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(known.movies_times(values, of_users), matrix.T @ of_users, rtol=1e-4, atol=1e-5)
        known._dense = True


def test_the_rating_task_learns_the_same(sparse):
    found = []
    for other in (False, True):
        task = RatingTask(RatingConfig(dimension=4), TrainingData.without_features(sparse), None, None, 0)
        task.known._dense = other
        with tf.GradientTape() as tape:
            loss = task(tf.constant([0, 0]))
        gradients = tape.gradient(loss, task.trainable_variables)
        found.append([loss.numpy(), *(tf.convert_to_tensor(one).numpy() for one in gradients if one is not None)])
    assert len(found[0]) == len(found[1]) > 1
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
