"""EASE: the linear item–item model with a closed form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack

from data.interactions import Interactions
from evaluation.baselines.base import popularity_scores
from evaluation.baselines.item_item import ItemItem


@dataclass(frozen=True)
class EaseConfig:
    """Settings of EASE.

    Attributes:
        regularization: λ of the L2 penalty on the weights; more for sparser data.
        max_movies: Refuse larger catalogues: the solution takes about 12 · movies² bytes (5 GB for 20,000
            movies) and a time that grows with movies³.
    """

    regularization: float = 800.0
    max_movies: int = 20_000

    def __post_init__(self) -> None:
        if not 0 < self.regularization < float("inf") or self.max_movies < 1:
            raise ValueError(
                f"need regularization > 0 and max_movies > 0, got {self.regularization} and {self.max_movies}"
            )


def fit_ease(interactions: Interactions, config: EaseConfig, *, seed: int, now: int | None) -> ItemItem:
    """Minimises ‖X − XB‖² + λ‖B‖² with diag(B) = 0: P = (XᵀX + λI)⁻¹, B_ij = −P_ij / P_jj off the diagonal.

    Steck, "Embarrassingly shallow autoencoders for sparse data", WWW 2019, eq. 8. Solved in float64, kept in
    float32.

    Args:
        interactions: Train rows.
        config: λ and the size limit.
        seed: Not used.
        now: Not used.

    Raises:
        DataError: If there are no rows.
        ValueError: If there are more movies than ``config.max_movies``.
    """
    popularity, matrix = popularity_scores(interactions), interactions.matrix
    movies = matrix.shape[1]
    if movies > config.max_movies:
        raise ValueError(
            f"EASE inverts a movies × movies matrix: {movies:,} movies take {_gigabytes(movies):.0f} GB, "
            f"and max_movies is {config.max_movies:,}; raise it if memory allows, or use itemknn or ials"
        )
    gram = (matrix.T @ matrix).astype(np.float64).toarray(order="F")
    gram[np.diag_indices(movies)] += config.regularization
    weights = _negated_ratio(_inverse(gram))
    return ItemItem(interactions.users, interactions.movies, popularity, history=matrix, weights=weights)


def _gigabytes(movies: int) -> float:
    """Memory at the peak: the matrix in float64 and the weights in float32."""
    return 12 * movies**2 / 1e9


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
