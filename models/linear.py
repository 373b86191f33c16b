"""The linear item–item model EASE: its weights in closed form, and its scores as short vectors. Needs no TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack
from scipy.sparse import csr_matrix

from data.interactions import Interactions
from models.config import require

_PASSES = 3
_OVERSAMPLING = 32


@dataclass(frozen=True)
class LinearConfig:
    """The closed-form part: a linear map from a user's movies to all movies."""

    regularization: float = 300.0
    """L2 penalty on the weights; more for sparser data."""
    dimension: int = 256
    """Length of the vectors that stand for the map."""
    max_movies: int = 10_000
    """Above so many movies only the most rated ones take part; the others score 0."""

    def __post_init__(self) -> None:
        value = self.regularization
        require(0 < value < float("inf"), "regularization", "a finite number above 0", value)
        for field in ("dimension", "max_movies"):
            require(getattr(self, field) >= 1, field, "an integer of at least 1", getattr(self, field))


def item_weights(matrix: csr_matrix, regularization: float) -> np.ndarray:
    """Minimises ‖X − XB‖² + λ‖B‖² with diag(B) = 0: P = (XᵀX + λI)⁻¹, B_ij = −P_ij / P_jj off the diagonal.

    Steck, "Embarrassingly shallow autoencoders for sparse data", WWW 2019, eq. 8. Takes about 12 · movies² bytes
    (5 GB for 20,000 movies) and a time that grows with movies³. Solved in float64.

    Args:
        matrix: [users, movies] X, 1 where the user has rated the movie.
        regularization: λ.

    Returns:
        [movies, movies] float32 B.

    Raises:
        numpy.linalg.LinAlgError: λ is too small for XᵀX to be inverted.
    """
    gram = (matrix.T @ matrix).astype(np.float64).toarray(order="F")
    gram[np.diag_indices(len(gram))] += regularization
    return _negated_ratio(_inverse(gram))


def linear_vectors(config: LinearConfig, rows: Interactions, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Vectors whose inner products are EASE's scores XB, but for what is lost by shortening.

    Args:
        config: See there.
        rows: Train rows.
        seed: Starts the singular value decomposition.

    Returns:
        Queries [users, ≤ dimension] and candidates [movies, ≤ dimension], float32.
    """
    popular = np.sort(np.argsort(-rows.movie_counts, kind="stable")[: config.max_movies])
    matrix = rows.matrix[:, popular]
    weights = item_weights(matrix, config.regularization)
    basis = _leading(matrix, weights, config.dimension, seed)
    candidates = np.zeros((len(rows.movies), basis.shape[1]), np.float32)
    candidates[popular] = basis
    return matrix @ (weights @ basis), candidates


def _leading(matrix: csr_matrix, weights: np.ndarray, dimension: int, seed: int) -> np.ndarray:
    """[movies, ≤ dimension] float32, orthonormal: the leading right singular vectors of matrix · weights.

    Halko, Martinsson and Tropp, "Finding structure with randomness", SIAM Review 2011, algorithm 4.4 with power
    iterations: passes of plain matrix products instead of the thousands of single ones that ARPACK takes.
    """
    start = np.random.default_rng(seed).standard_normal((len(weights), dimension + _OVERSAMPLING))
    movies = start.astype(np.float32)
    for _ in range(_PASSES):
        users, _ = np.linalg.qr(matrix @ (weights @ movies))
        movies, _ = np.linalg.qr(weights.T @ (matrix.T @ users))
    _, _, turn = np.linalg.svd(matrix @ (weights @ movies), full_matrices=False)
    return movies @ turn[:dimension].T


def _inverse(matrix: np.ndarray) -> np.ndarray:
    """Lower triangle of the inverse of a symmetric positive definite float64 matrix, which is overwritten."""
    factor, failed = lapack.dpotrf(matrix, lower=True, overwrite_a=True)
    if not failed:
        inverse, failed = lapack.dpotri(factor, lower=True, overwrite_c=True)
    if failed:
        raise np.linalg.LinAlgError("EASE: XᵀX + λI is not positive definite; raise regularization")
    return inverse


def _negated_ratio(lower: np.ndarray) -> np.ndarray:
    """[movies, movies] float32 −P_ij / P_jj with a zero diagonal, P given by its lower triangle."""
    diagonal = lower.diagonal().copy()
    weights = np.tril(lower, -1).astype(np.float32)
    weights += weights.T
    weights /= -diagonal.astype(np.float32)
    return weights
