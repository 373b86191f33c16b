"""EASE: the linear item–item model with a closed form."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from scipy.sparse import csr_matrix, vstack

from tfrs_lab.data.errors import DataError
from tfrs_lab.data.interactions import Interactions
from tfrs_lab.models.baselines.base import Range, popularity_scores
from tfrs_lab.models.baselines.item_item import ItemItem
from tfrs_lab.models.baselines.itemknn import CommonRaters, nearest
from tfrs_lab.models.checks import Checked, Count, Finite, Positive, Size
from tfrs_lab.models.closed_form.linear import item_weights, item_weights_by_users
from tfrs_lab.models.closed_form.nearby_weights import nearby_weights

REGULARIZATION = Range(800.0, 1.0, 50_000.0)


@dataclass(frozen=True)
class EaseConfig(Checked):
    """Settings of EASE.

    Attributes:
        regularization: λ of the L2 penalty on the weights. Default: chosen on validation, 800 where nothing is.
        max_exact: With at most this many movies, or users, it is solved exactly, in a time that grows with the
            cube of the smaller number: half a minute for 12,000, two minutes for 18,000, half an hour for 50,000. With
            more of both, each movie is explained by its nearest movies alone.
        neighbours: How many those are.
        memory_gb: What may be taken; where an exact solution takes more, near movies have to do as well.
    """

    regularization: Finite | None = None
    max_exact: Size = 12_000
    neighbours: Count = 100
    memory_gb: Positive = 8.0


@dataclass
class EaseProblem:
    """What fits with other λ have in common.

    Attributes:
        matrix: [users, movies] float32 with ones.
    """

    matrix: csr_matrix

    @cached_property
    def common(self) -> CommonRaters:
        """The same counts as ``gram`` by blocks of movies."""
        return CommonRaters(self.matrix)

    @cached_property
    def gram(self) -> csr_matrix:
        """[movies, movies] float32 XᵀX with sorted indices."""
        return vstack([counts for _, counts in self.common.blocks()], format="csr")


def prepare_ease(interactions: Interactions) -> EaseProblem:
    """What fits with other λ have in common; whatever costs something is computed when it is first needed."""
    return EaseProblem(interactions.matrix)


def fit_ease(
    interactions: Interactions, config: EaseConfig, *, seed: int, now: int | None, shared: EaseProblem | None = None
) -> ItemItem:
    """EASE: exactly (``closed_form.linear.item_weights``), or for large catalogues by near movies (`nearby_weights`).

    Near are those with the largest shrunk cosine, λ being what it is shrunk by.

    Raises:
        DataError: If there are no rows, or it takes more memory than ``config.memory_gb``.
    """
    popularity, matrix = popularity_scores(interactions), interactions.matrix
    problem = shared or prepare_ease(interactions)
    movies, regularization = matrix.shape[1], REGULARIZATION.of(config.regularization)
    exact = is_exact(config, *matrix.shape)
    needed = exact_bytes(*matrix.shape) if exact else sparse_bytes(movies, config)
    if needed > config.memory_gb * 1e9:
        raise DataError(
            f"EASE of {movies:,} movies takes about {needed / 1e9:.0f} GB, and memory_gb is {config.memory_gb:g}; "
            "raise it if there is as much memory, or use itemknn or ials"
        )
    if not exact:
        near = nearest(problem.common, config.neighbours, regularization)
        weights = nearby_weights(matrix, near, regularization)
    elif movies <= matrix.shape[0]:
        weights = item_weights(problem.gram, regularization)
    else:
        weights = item_weights_by_users(matrix, regularization)
    note = "" if exact else _note(matrix.shape[0], movies, config)
    return ItemItem(interactions.users, interactions.movies, popularity, history=matrix, weights=weights, note=note)


def is_exact(config: EaseConfig, users: int, movies: int) -> bool:
    """Whether the solution is exact."""
    return min(users, movies) <= config.max_exact and exact_bytes(users, movies) <= config.memory_gb * 1e9


def exact_bytes(users: int, movies: int) -> float:
    """Memory of the exact solution at its peak: dense float32, and float64 where what is inverted is small."""
    smaller = min(users, movies)
    inverted = (8.0 if smaller <= 5_000 else 4.5) * smaller**2
    return inverted + 4.0 * (movies**2 + users * movies if movies > users else smaller**2 * (smaller <= 5_000))


def sparse_bytes(movies: int, config: EaseConfig) -> float:
    """At most so much memory do the near movies, the weights and a block of counts take."""
    return 1.5e9 + 40.0 * movies * config.neighbours


def expected_bytes(config: EaseConfig, users: int, movies: int) -> float:
    """Memory at the peak of a fit."""
    return exact_bytes(users, movies) if is_exact(config, users, movies) else sparse_bytes(movies, config)


def _note(users: int, movies: int, config: EaseConfig) -> str:
    return (
        f"each movie is explained by its {config.neighbours} nearest; all would take "
        f"{exact_bytes(users, movies) / 1e9:.1f} GB and a time that grows with their cube (--ease.max-exact)"
    )


def effort(interactions: Interactions, config: EaseConfig) -> float:
    """About how many seconds a fit takes on two cores."""
    users, movies = len(interactions.users), len(interactions.movies)
    if is_exact(config, users, movies):
        return 1e-10 * float(min(users, movies)) ** 3
    return 1e-8 * movies * config.neighbours**2
