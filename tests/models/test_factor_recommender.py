"""Vectors and neighbours as one recommender."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tests.models.timed_rows import in_time, ring, watched
from tfrs_lab.data import Vocabulary
from tfrs_lab.models.closed_form.transitions import TransitionsConfig, fit_transitions
from tfrs_lab.models.retrieval.combine import Part
from tfrs_lab.models.retrieval.query_tower import Bag, QueryTower
from tfrs_lab.models.retrieval.recommender import FactorRecommender


@pytest.fixture(scope="module")
def rows():
    return watched(*ring(users=40), [3], [5, 1])


@pytest.fixture(scope="module")
def plain(rows):
    """Vectors alone: queries are the sums of a table over the whole history."""
    rng = np.random.default_rng(0)
    table, candidates = (rng.normal(size=(20, 4)).astype(np.float32) for _ in range(2))
    part = Part(rows.matrix @ table, candidates, QueryTower.of(Bag(table)))
    return FactorRecommender.of(rows, part, rows.movie_counts.astype(np.float32))


@pytest.fixture(scope="module")
def model(plain, rows):
    table = fit_transitions(TransitionsConfig(latest=5), rows).times(10.0)
    part = Part(plain.queries, plain.candidates, plain.tower)
    return FactorRecommender.of(rows, part, plain.popularity, table)


def everybody(model):
    return model.score(np.arange(len(model.users), dtype=np.int32))


def test_factors_answer_for_known_unknown_and_new_users():
    candidates = np.array([[1, 0], [0.9, 0.1], [0, 1]], dtype=np.float32)
    model = FactorRecommender(
        users=Vocabulary(["a", "b"]),
        movies=Vocabulary(["x", "y", "z"]),
        queries=np.eye(2, dtype=np.float32),
        candidates=candidates,
        popularity=np.array([1, 5, 2], dtype=np.float32),
        tower=QueryTower.mean_of(candidates),
    )
    scores = model.score(np.array([1, -1], dtype=np.int32))
    np.testing.assert_allclose(scores, [[0, 0.1, 1], [1, 5, 2]])
    by_history = model.score_history(csr_matrix(np.array([[1.0, 0, 0], [0, 0, 0]], dtype=np.float32)))
    assert by_history[0].argsort().tolist() == [2, 1, 0]
    np.testing.assert_allclose(by_history[1], [1, 5, 2])
    np.testing.assert_allclose(np.diag(model.similarity(np.arange(3))), 1.0, rtol=1e-5)


def test_neighbours_are_added_to_the_products(model, plain, rows):
    added = model.neighbours.scores(in_time(rows)).toarray()
    assert added.max() > 1
    np.testing.assert_allclose(everybody(model), everybody(plain) + added, atol=1e-4)


def test_a_history_in_order_gets_what_its_user_gets(model, rows):
    np.testing.assert_allclose(model.score_history(in_time(rows)), everybody(model), atol=1e-4)


def test_a_history_of_unknown_order_gets_the_products_alone(model, plain, rows):
    unordered = rows.matrix[:-2]  # one movie alone is in order
    np.testing.assert_allclose(model.score_history(unordered), plain.score_history(unordered), atol=1e-4)


def test_strangers_get_popularity_without_neighbours(model, rows):
    scores = model.score(np.array([-1, 0], dtype=np.int32))
    np.testing.assert_array_equal(scores[0], model.popularity)
    np.testing.assert_array_equal(scores[1], everybody(model)[0])
    np.testing.assert_array_equal(model.score_history(csr_matrix((1, 20)))[0], model.popularity)


def test_its_state_says_the_same_to_the_bit(model, plain, rows):
    for one in (model, plain):
        again = FactorRecommender.from_state(one.state())
        np.testing.assert_array_equal(everybody(again), everybody(one))
        np.testing.assert_array_equal(again.score_history(in_time(rows)), one.score_history(in_time(rows)))
    assert (again.neighbours, again.recent) == (None, None)
    kept = FactorRecommender.from_state(replace(model, neighbours=model.neighbours.times(2.0)).state()).neighbours
    assert (kept.latest, kept.decay) == (5, 0.6)
