"""Parts as vectors: standardised, added and shortened."""

import numpy as np

from tfrs_lab.models.retrieval.combine import Part, deviation, shortened, sum_of
from tfrs_lab.models.retrieval.query_tower import Bag, QueryTower


def part(seed, dim, users=30, movies=20):
    """Random vectors; their tower sums the movies' vectors."""
    rng = np.random.default_rng(seed)
    queries = rng.normal(size=(users, dim)).astype(np.float32)
    candidates = (rng.normal(size=(movies, dim)) + rng.normal(size=dim)).astype(np.float32)
    return Part(queries, candidates, QueryTower.of(Bag(candidates)))


def scores(of):
    return of.queries @ of.candidates.T


def test_standardised_scores_have_mean_0_per_user_and_deviation_1():
    original, found = scores(part(0, 5)), scores(part(0, 5).standardised())
    np.testing.assert_allclose(found.mean(axis=1), 0.0, atol=1e-5)
    np.testing.assert_allclose(found.std(), 1.0, rtol=1e-5)
    assert (found.argmax(axis=1) == original.argmax(axis=1)).all()


def test_the_deviation_is_that_of_the_centred_scores():
    one = part(5, 4)
    centred = scores(one) - scores(one).mean(axis=1, keepdims=True)
    np.testing.assert_allclose(deviation(one.queries, one.candidates), centred.std(), rtol=1e-5)


def test_a_sum_has_the_sum_of_the_scores_and_of_the_towers_queries():
    one, other = part(1, 3).standardised(), part(2, 6).standardised()
    together = sum_of([one, other.times(0.5)])
    np.testing.assert_allclose(scores(together), scores(one) + 0.5 * scores(other), atol=1e-4)
    assert together.queries.shape[1] == 9
    history = np.eye(2, 20, dtype=np.float32)
    apart = [each.tower.queries(history) for each in (one, other.times(0.5))]
    np.testing.assert_allclose(together.tower.queries(history), np.hstack(apart), atol=1e-5)
    assert sum_of([one]) is one


def test_of_a_single_movie_all_scores_are_zero():
    together = sum_of([part(seed, 3, movies=1).standardised() for seed in (1, 2)])
    np.testing.assert_array_equal(scores(together.standardised()), np.zeros((30, 1)))


def test_parts_that_score_all_movies_alike_make_a_sum_that_does():
    alike = Part(part(0, 3).queries, np.ones((20, 3), np.float32), QueryTower.mean_of(np.ones((20, 3), np.float32)))
    np.testing.assert_array_equal(scores(sum_of([alike.standardised()] * 2)), np.zeros((30, 20)))


def test_shortening_is_exact_with_enough_dimensions_and_best_with_less():
    one = part(4, 8)
    whole = shortened(one.queries, one.candidates, 8)
    np.testing.assert_allclose(whole[0] @ whole[1].T, scores(one), atol=1e-4)
    np.testing.assert_allclose(one.queries @ whole[2], whole[0], atol=1e-4)
    short = one.shortened(3)
    assert short.queries.shape == (30, 3)
    singular = np.linalg.svd(scores(one), compute_uv=False)
    error = np.linalg.norm(scores(short) - scores(one))
    np.testing.assert_allclose(error, np.sqrt((singular[3:] ** 2).sum()), rtol=1e-4)
    history = np.eye(20, dtype=np.float32)
    turned = one.tower.queries(history) @ shortened(one.queries, one.candidates, 3)[2]
    np.testing.assert_allclose(short.tower.queries(history), turned, atol=1e-3)
