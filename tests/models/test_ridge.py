import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse import random as random_sparse

from tfrs_lab.models.retrieval.ridge import HALFWAY, RIDGE, ridge_tower


def test_it_is_a_scaled_mean_and_a_ridge_regression_of_the_rest():
    rng = np.random.default_rng(0)
    known = random_sparse(40, 12, density=0.3, random_state=0, format="csr")
    queries, candidates = rng.normal(size=(40, 5)).astype(np.float32), rng.normal(size=(12, 5)).astype(np.float32)
    means = known.toarray() > 0
    means = means / np.maximum(means.sum(axis=1, keepdims=True), 1)
    scale = np.linalg.lstsq((means @ candidates).reshape(-1, 1), queries.ravel(), rcond=None)[0][0]
    strength = RIDGE * (means**2).sum() / 12
    left = queries - scale * means @ candidates
    expected = np.linalg.solve(means.T @ means + strength * np.eye(12), means.T @ left)
    tower = ridge_tower(known, queries, candidates)
    np.testing.assert_allclose(tower.bags[0].table, scale * candidates, rtol=1e-5)
    np.testing.assert_allclose(tower.bags[1].table, expected, atol=1e-5)
    history = csr_matrix(np.eye(12, dtype=np.float32)[[3]] + np.eye(12, dtype=np.float32)[[4]])
    one = scale * candidates[3:5].mean(axis=0) + 2 / (2 + HALFWAY) * expected[3:5].mean(axis=0)
    np.testing.assert_allclose(tower.queries(history)[0], one, atol=1e-5)
