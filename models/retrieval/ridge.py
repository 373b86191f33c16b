"""A query tower for parts that have none of histories: regressed on the histories of those who were there."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix, diags

from tfrs_lab.models.retrieval.query_tower import Bag, QueryTower

RIDGE = 0.5
ITERATIONS = 50
HALFWAY = 20
"""With so many movies in a history, the correction counts half."""


def corrected_mean(plain: np.ndarray, corrections: np.ndarray) -> QueryTower:
    """mean(plain) + n / (n + HALFWAY) · mean(corrections), over the n movies of a history.

    The plain mean is best for a few movies, the corrected one for many.

    Args:
        plain: [movies, dim] float32.
        corrections: [movies, dim] float32.
    """
    return QueryTower.of(Bag(plain, mean=True), Bag(corrections, mean=True, halfway=HALFWAY))


def ridge_tower(known: csr_matrix, queries: np.ndarray, candidates: np.ndarray) -> QueryTower:
    """Learns it from the users that a part knows.

    The plain vectors are the candidates, scaled by a least-squares fit; the corrections are a ridge regression of what
    they leave over on the normalised histories, solved by conjugate gradients for all columns at once, so that nothing
    of size movies × movies is made.

    Args:
        known: [users, movies], nonzero where a user knows a movie.
        queries: [users, dim] what the part gave those users.
        candidates: [movies, dim] the part's movie vectors.
    """
    counts = np.maximum(np.diff(known.indptr), 1)
    means = diags(1.0 / counts) @ known.astype(bool).astype(np.float64)
    plain = means @ candidates.astype(np.float64)
    scale = (plain * queries).sum() / max((plain**2).sum(), 1e-30)
    corrections = _ridge(means, queries - scale * plain).astype(np.float32)
    return corrected_mean(np.float32(scale) * candidates, corrections)


def _ridge(inputs: csr_matrix, targets: np.ndarray) -> np.ndarray:
    """[movies, dim] weights of the regression of targets [users, dim] on inputs [users, movies]."""
    strength = RIDGE * inputs.power(2).sum() / inputs.shape[1]
    weights = np.zeros((inputs.shape[1], targets.shape[1]))
    residual = inputs.T @ targets
    direction, size = residual.copy(), (residual**2).sum(axis=0)
    for _ in range(ITERATIONS):
        image = inputs.T @ (inputs @ direction) + strength * direction
        step = size / np.maximum((direction * image).sum(axis=0), 1e-30)
        weights += step * direction
        residual -= step * image
        size, before = (residual**2).sum(axis=0), size
        direction = residual + size / np.maximum(before, 1e-30) * direction
    return weights
