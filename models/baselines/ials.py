"""iALS: implicit matrix factorisation by alternating least squares."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_matrix

from tfrs_lab.data.interactions import Interactions
from tfrs_lab.models.baselines.base import FittedBaseline, Range, popularity_scores
from tfrs_lab.models.checks import Checked, Count, NotNegative, Positive
from tfrs_lab.models.vectors import cosines

FACTORS = Range(32, 8, 256, steps=(2,))
ALPHA = Range(5.0, 0.5, 100.0, steps=(4, 2))
PENALTY = Range(40.0, 0.1, 1000.0)


@dataclass(frozen=True)
class IALSConfig(Checked):
    """Settings of iALS, passed to `implicit`'s ``AlternatingLeastSquares`` under the same names.

    Attributes:
        factors: Length of the vectors. Default: chosen on validation, 32 where nothing is chosen.
        alpha: Confidence in an observed interaction; an unobserved one has 1. Default: chosen, or 5.
        regularization: λ of the L2 penalty, the same for every vector. Default: chosen, or 40.
        iterations: Sweeps over users and movies.
    """

    factors: Count | None = None
    alpha: Positive | None = None
    regularization: NotNegative | None = None
    iterations: Count = 15


@dataclass(frozen=True)
class FactorModel(FittedBaseline):
    """Scores = user vector · movie vector.

    Attributes:
        user_factors: [users, factors] float32.
        movie_factors: [movies, factors] float32.
        alpha: As in `IALSConfig`, for folding in new users.
        regularization: As in `IALSConfig`, for folding in new users.
    """

    user_factors: np.ndarray
    movie_factors: np.ndarray
    alpha: float
    regularization: float

    def similarity(self, movies: np.ndarray) -> np.ndarray:
        """[batch, movies] float32: cosine of the movie vectors."""
        return cosines(self.movie_factors, movies)

    def _score_users(self, users: np.ndarray) -> np.ndarray:
        return self.user_factors[users] @ self.movie_factors.T

    def _score_histories(self, history: csr_matrix) -> np.ndarray:
        return self._fold_in(history).astype(np.float32) @ self.movie_factors.T

    def _fold_in(self, history: csr_matrix) -> np.ndarray:
        """[batch, factors] float64: the vectors of users with these movies [batch, movies], eq. 4 of Hu et al."""
        size = self.movie_factors.shape[1]
        left, right = np.empty((history.shape[0], size, size)), np.empty((history.shape[0], size))
        for row, (start, end) in enumerate(zip(history.indptr[:-1], history.indptr[1:], strict=True)):
            own = self.movie_factors[history.indices[start:end]].astype(np.float64)
            left[row] = (self.alpha - 1.0) * own.T @ own
            right[row] = self.alpha * own.sum(axis=0)
        left += self._gram + self.regularization * np.eye(size)
        vectors: np.ndarray = np.linalg.solve(left, right[..., None])[..., 0]
        return vectors

    @cached_property
    def _gram(self) -> np.ndarray:
        """[factors, factors] float64: YᵀY over all movies."""
        movies = self.movie_factors.astype(np.float64)
        return movies.T @ movies


def fit_ials(interactions: Interactions, config: IALSConfig, *, seed: int, now: int | None) -> FactorModel:
    """Minimises Σ_ui c_ui (p_ui − x_u·y_i)² + λ (Σ_u ‖x_u‖² + Σ_i ‖y_i‖²).

    p is 1 and c is alpha where user u has rated movie i; elsewhere p is 0 and c is 1.

    Hu, Koren and Volinsky, "Collaborative filtering for implicit feedback datasets", ICDM 2008, solved by
    conjugate gradients (Takács et al., RecSys 2011) in the package `implicit`. One seed gives one result,
    whatever the number of threads.

    Raises:
        DataError: If there are no rows.
        ImportError: If `implicit` is not installed.
    """
    popularity, matrix = popularity_scores(interactions), interactions.matrix
    alpha, regularization = ALPHA.of(config.alpha), PENALTY.of(config.regularization)
    try:
        from implicit.als import AlternatingLeastSquares
        from threadpoolctl import threadpool_limits
    except ImportError as error:
        raise ImportError("ials needs the package implicit: pip install 'tfrs-lab[baselines]'") from error
    # implicit runs its own threads; BLAS threads beside them fight for the same cores
    with threadpool_limits(limits=1, user_api="blas"):
        model = AlternatingLeastSquares(
            factors=FACTORS.of(config.factors),
            alpha=alpha,
            regularization=regularization,
            iterations=config.iterations,
            random_state=seed,
        )
        model.fit(matrix, show_progress=False)
    return FactorModel(
        interactions.users,
        interactions.movies,
        popularity,
        user_factors=np.asarray(model.user_factors),
        movie_factors=np.asarray(model.item_factors),
        alpha=alpha,
        regularization=regularization,
    )


def effort(interactions: Interactions, config: IALSConfig) -> float:
    """About how many seconds a fit takes on two cores."""
    squares = (len(interactions.users) + len(interactions.movies)) * FACTORS.of(config.factors) ** 2
    return config.iterations * (3e-7 * len(interactions) + 1e-9 * squares)
