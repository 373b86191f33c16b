"""Queries for users who were not there in training, learned from those who were."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix, diags

RIDGE = 0.5
ITERATIONS = 50
HALFWAY = 20
"""With so many movies in a history, the correction counts half."""


@dataclass(frozen=True, eq=False)
class FoldIn:
    """From a history to a query: a mean of movie vectors, corrected the more the longer the history is.

    query = scale · mean(candidates) + n / (n + HALFWAY) · mean(corrections), over the n movies of the history. The
    plain mean is best for a few movies, the corrected one for many.

    Attributes:
        scale: Makes means of movie vectors as long as queries.
        corrections: [movies, dim] float32.
    """

    scale: float
    corrections: np.ndarray

    def queries(self, history: csr_matrix, candidates: np.ndarray) -> np.ndarray:
        """Queries of new users.

        Args:
            history: [batch, movies], nonzero where the user knows the movie.
            candidates: [movies, dim] the model's movie vectors.

        Returns:
            [batch, dim] float32; zeros for an empty history.
        """
        known = history.astype(bool).astype(np.float32)
        lengths = np.asarray(known.sum(axis=1))
        trust = lengths / (lengths + HALFWAY)
        total = self.scale * (known @ candidates) + trust * (known @ self.corrections)
        return (total / np.maximum(lengths, 1)).astype(np.float32)


def learn_fold_in(known: csr_matrix, queries: np.ndarray, candidates: np.ndarray) -> FoldIn:
    """Learns it from the users that the model knows.

    The scale is a least-squares fit; the corrections are a ridge regression of what it leaves over on the normalised
    histories, solved by conjugate gradients for all columns at once, so that nothing of size movies × movies is made.

    Args:
        known: [users, movies], nonzero where a user knows a movie.
        queries: [users, dim] what the model gave those users.
        candidates: [movies, dim] the model's movie vectors.
    """
    counts = np.maximum(np.diff(known.indptr), 1)
    means = diags(1.0 / counts) @ known.astype(bool).astype(np.float64)
    plain = means @ candidates.astype(np.float64)
    scale = float((plain * queries).sum() / max((plain**2).sum(), 1e-30))
    return FoldIn(scale, _ridge(means, queries - scale * plain).astype(np.float32))


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
