"""Sparse regressions: EASE where everything is near, and a ridge regression column by column where not."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tfrs_lab import data
from tfrs_lab.data import Interactions
from tfrs_lab.models.closed_form.linear import item_weights
from tfrs_lab.models.closed_form.nearby_weights import nearby_weights


@pytest.fixture(scope="module")
def x():
    return Interactions.from_ratings(data.generate(users=60, movies=40, ratings=900, seed=1).ratings).matrix


def pairs_of(x: csr_matrix) -> csr_matrix:
    pairs = (x.T @ x).tocsr()
    pairs.sort_indices()
    return pairs


def test_with_every_movie_near_it_is_ease(x: csr_matrix):
    pairs = pairs_of(x)
    near = csr_matrix(1.0 - np.eye(pairs.shape[0]))
    np.testing.assert_allclose(nearby_weights(x, near, 7.0).toarray(), item_weights(pairs, 7.0), atol=1e-5)


def test_each_column_is_a_ridge_regression_on_what_is_near(x: csr_matrix):
    random = np.random.default_rng(0)
    movies = x.shape[1]
    near = random.random((movies, movies)) < random.random(movies)  # columns of all lengths
    near[:, 3] = False
    np.fill_diagonal(near, False)
    found = nearby_weights(x, csr_matrix(near.astype(np.float32)), 5.0).toarray()
    dense = x.toarray().astype(np.float64)
    for movie in range(movies):
        own = dense[:, near[:, movie]]
        expected = np.linalg.solve(own.T @ own + 5.0 * np.eye(own.shape[1]), own.T @ dense[:, movie])
        np.testing.assert_allclose(found[near[:, movie], movie], expected, atol=1e-5)
        assert not found[~near[:, movie], movie].any()
