import numpy as np
import pytest

from models.backend import tf
from models.config import RetrievalConfig
from models.factors import FactorRecommender
from models.retrieval import build_two_tower


def in_batch_loss(queries, candidates, movies, probability, temperature):
    """Mean of −log softmax over the batch's movies, by the book: Yi et al. (2019), eq. 3–5."""
    logits = queries @ candidates.T / temperature - np.log(probability)[None, :]
    same = movies[:, None] == movies[None, :]
    logits[same & ~np.eye(len(movies), dtype=bool)] = -np.inf
    return np.mean(np.log(np.exp(logits).sum(axis=1)) - np.diag(logits))


def test_loss_is_the_in_batch_softmax_with_logq_and_without_accidental_hits():
    counts = np.array([6, 3, 1])
    model = build_two_tower(RetrievalConfig(dimension=4), users=4, movie_counts=counts, seed=3)
    user, movie = np.array([0, 1, 2, 3], np.int32), np.array([0, 1, 0, 2], np.int32)
    loss = model.compute_loss({"user": tf.constant(user), "movie": tf.constant(movie)})
    queries, candidates = model.query_tower(user).numpy(), model.candidate_tower(movie).numpy()
    expected = in_batch_loss(queries, candidates, movie, (counts / 10)[movie], 0.2)
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_towers_start_apart_and_normalised():
    model = build_two_tower(RetrievalConfig(dimension=8), users=5, movie_counts=np.ones(5), seed=0)
    queries = model.query_tower(np.arange(5)).numpy()
    candidates = model.candidate_tower(np.arange(5)).numpy()
    np.testing.assert_allclose(np.linalg.norm(queries, axis=1), 1.0, rtol=1e-5)
    assert np.abs(queries - candidates).max() > 0.1


def test_same_seed_same_start():
    first, again, other = (
        build_two_tower(RetrievalConfig(), users=3, movie_counts=np.ones(3), seed=seed)
        .query_tower(np.arange(3))
        .numpy()
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.01


@pytest.mark.parametrize(
    ("field", "value"), [("dimension", 0), ("temperature", 0.0), ("batch_size", -1), ("patience", 0)]
)
def test_config_refuses_what_makes_no_sense(field, value):
    with pytest.raises(ValueError, match=rf"{field}: expected .* got {value}"):
        RetrievalConfig(**{field: value})


def test_factors_answer_for_known_unknown_and_new_users():
    from scipy.sparse import csr_matrix

    from data import Vocabulary

    model = FactorRecommender(
        users=Vocabulary(["a", "b"]),
        movies=Vocabulary(["x", "y", "z"]),
        queries=np.eye(2, dtype=np.float32),
        candidates=np.array([[1, 0], [0.9, 0.1], [0, 1]], dtype=np.float32),
        popularity=np.array([1, 5, 2], dtype=np.float32),
    )
    scores = model.score(np.array([1, -1], dtype=np.int32))
    np.testing.assert_allclose(scores, [[0, 0.1, 1], [1, 5, 2]])
    by_history = model.score_history(csr_matrix(np.array([[1.0, 0, 0], [0, 0, 0]], dtype=np.float32)))
    assert by_history[0].argsort().tolist() == [2, 1, 0]
    np.testing.assert_allclose(by_history[1], [1, 5, 2])
    np.testing.assert_allclose(np.diag(model.similarity(np.arange(3))), 1.0, rtol=1e-5)
