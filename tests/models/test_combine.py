import numpy as np
from scipy.sparse import csr_matrix

from tfrs_lab.data import Vocabulary
from tfrs_lab.models.retrieval.combine import PartSum, shortened, standardised
from tfrs_lab.models.retrieval.query_tower import Bag, QueryTower
from tfrs_lab.models.retrieval.recommender import FactorRecommender


def random_vectors(seed, dim, users=30, movies=20):
    rng = np.random.default_rng(seed)
    shift = rng.normal(size=dim)
    return rng.normal(size=(users, dim)).astype(np.float32), (rng.normal(size=(movies, dim)) + shift).astype(np.float32)


def summed(parts):
    towers = {name: QueryTower.of(Bag(candidates)) for name, (_, candidates) in parts.items()}
    return PartSum.of(parts, towers)


def test_standardised_scores_have_mean_0_per_user_and_deviation_1():
    queries, candidates = random_vectors(0, 5)
    scores = np.matmul(
        *(side if place == 0 else side.T for place, side in enumerate(standardised(queries, candidates)))
    )
    np.testing.assert_allclose(scores.mean(axis=1), 0.0, atol=1e-5)
    np.testing.assert_allclose(scores.std(), 1.0, rtol=1e-5)
    original = queries @ candidates.T
    assert (scores.argmax(axis=1) == original.argmax(axis=1)).all()


def test_a_weighted_sum_is_the_standardised_sum_of_scores():
    parts = {"a": random_vectors(1, 3), "b": random_vectors(2, 6), "c": random_vectors(3, 2)}
    queries, candidates, _ = summed(parts).weighted({"a": 1.0, "b": 0.5, "c": 0.0})
    expected = sum(
        weight * np.matmul(q, c.T)
        for weight, (q, c) in ((1.0, standardised(*parts["a"])), (0.5, standardised(*parts["b"])))
    )
    np.testing.assert_allclose(queries @ candidates.T, expected / expected.std(), atol=1e-4)
    assert queries.shape[1] == 9


def test_of_a_single_movie_all_scores_are_zero():
    queries, candidates, _ = summed(
        {"a": random_vectors(1, 3, movies=1), "b": random_vectors(2, 6, movies=1)}
    ).weighted({"a": 1.0, "b": 1.0})
    np.testing.assert_array_equal(queries @ candidates.T, np.zeros((30, 1)))


def test_shortening_is_exact_with_enough_dimensions_and_best_with_less():
    queries, candidates = random_vectors(4, 8)
    scores = queries @ candidates.T
    whole = shortened(queries, candidates, 8)
    np.testing.assert_allclose(whole[0] @ whole[1].T, scores, atol=1e-4)
    np.testing.assert_allclose(queries @ whole[2], whole[0], atol=1e-4)
    short = shortened(queries, candidates, 3)
    assert short[0].shape == (30, 3)
    np.testing.assert_allclose(queries @ short[2], short[0], atol=1e-4)
    singular = np.linalg.svd(scores, compute_uv=False)
    error = np.linalg.norm(short[0] @ short[1].T - scores)
    np.testing.assert_allclose(error, np.sqrt((singular[3:] ** 2).sum()), rtol=1e-4)


def test_factors_answer_for_known_unknown_and_new_users():
    model = FactorRecommender(
        users=Vocabulary(["a", "b"]),
        movies=Vocabulary(["x", "y", "z"]),
        queries=np.eye(2, dtype=np.float32),
        candidates=np.array([[1, 0], [0.9, 0.1], [0, 1]], dtype=np.float32),
        popularity=np.array([1, 5, 2], dtype=np.float32),
        tower=QueryTower.mean_of(np.array([[1, 0], [0.9, 0.1], [0, 1]], dtype=np.float32)),
    )
    scores = model.score(np.array([1, -1], dtype=np.int32))
    np.testing.assert_allclose(scores, [[0, 0.1, 1], [1, 5, 2]])
    by_history = model.score_history(csr_matrix(np.array([[1.0, 0, 0], [0, 0, 0]], dtype=np.float32)))
    assert by_history[0].argsort().tolist() == [2, 1, 0]
    np.testing.assert_allclose(by_history[1], [1, 5, 2])
    np.testing.assert_allclose(np.diag(model.similarity(np.arange(3))), 1.0, rtol=1e-5)


def test_parts_that_score_all_movies_alike_make_a_sum_that_does():
    rng = np.random.default_rng(0)
    queries, alike = rng.normal(size=(5, 3)).astype(np.float32), np.ones((1, 3), np.float32)
    together, candidates, _ = summed({"one": (queries, alike), "other": (queries, alike)}).weighted(
        {"one": 1.0, "other": 1.0}
    )
    np.testing.assert_array_equal(together @ candidates.T, np.zeros((5, 1)))
