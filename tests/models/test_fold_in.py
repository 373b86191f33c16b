import numpy as np
from scipy.sparse import random as random_sparse

from models.fold_in import RIDGE, history_table


def test_it_is_the_ridge_solution():
    rng = np.random.default_rng(0)
    known = random_sparse(40, 12, density=0.3, random_state=0, format="csr")
    queries = rng.normal(size=(40, 5)).astype(np.float32)
    means = known.toarray() > 0
    means = means / np.maximum(means.sum(axis=1, keepdims=True), 1)
    strength = RIDGE * (means**2).sum() / 12
    expected = np.linalg.solve(means.T @ means + strength * np.eye(12), means.T @ queries)
    np.testing.assert_allclose(history_table(known, queries), expected, atol=1e-5)
