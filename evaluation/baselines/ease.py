"""EASE: the linear item–item model with a closed form."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from scipy.sparse import csr_matrix

from data.interactions import Interactions
from evaluation.baselines.base import popularity_scores
from evaluation.baselines.item_item import ItemItem
from evaluation.baselines.ranges import Range
from models.linear import item_weights

REGULARIZATION = Range(800.0, 1.0, 50_000.0)


@dataclass(frozen=True)
class EaseConfig:
    """Settings of EASE.

    Attributes:
        regularization: λ of the L2 penalty on the weights. Default: chosen on validation, 800 where nothing is.
        max_movies: Refuse larger catalogues: the solution takes about 12 · movies² bytes (5 GB for 20,000
            movies) and a time that grows with movies³.
    """

    regularization: float | None = None
    max_movies: int = 20_000

    def __post_init__(self) -> None:
        if not 0 < REGULARIZATION.of(self.regularization) < float("inf") or self.max_movies < 1:
            raise ValueError(
                f"need regularization > 0 and max_movies > 0, got {self.regularization} and {self.max_movies}"
            )


@dataclass
class EaseProblem:
    """What fits with other λ have in common.

    Attributes:
        matrix: [users, movies] float32 with ones.
    """

    matrix: csr_matrix

    @cached_property
    def gram(self) -> csr_matrix:
        """[movies, movies] float32 XᵀX."""
        return self.matrix.T @ self.matrix


def prepare_ease(interactions: Interactions) -> EaseProblem:
    """What fits with other λ have in common; whatever costs something is computed when it is first needed."""
    return EaseProblem(interactions.matrix)


def fit_ease(
    interactions: Interactions, config: EaseConfig, *, seed: int, now: int | None, shared: EaseProblem | None = None
) -> ItemItem:
    """EASE, see ``models.linear.item_weights``.

    Args:
        interactions: Train rows.
        config: λ and the size limit.
        seed: Not used.
        now: Not used.
        shared: What `prepare_ease` gave for these rows; None: it is computed here.

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
    weights = item_weights((shared or prepare_ease(interactions)).gram, REGULARIZATION.of(config.regularization))
    return ItemItem(interactions.users, interactions.movies, popularity, history=matrix, weights=weights)


def _gigabytes(movies: int) -> float:
    """Memory at the peak: the matrix in float64 and the weights in float32."""
    return 12 * movies**2 / 1e9


def effort(interactions: Interactions, config: EaseConfig) -> float:
    """About how many seconds a fit takes on two cores, where it is exact."""
    return 1e-10 * float(len(interactions.movies)) ** 3
