"""Content-based peers: they know movies by their features, so that new movies have scores too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from tfrs_lab.data.interactions import Interactions, Vocabulary
from tfrs_lab.models.baselines.base import FittedBaseline, Range, popularity_scores
from tfrs_lab.models.baselines.ials import FactorModel, IALSConfig, fit_ials
from tfrs_lab.models.baselines.item_item import ItemItem
from tfrs_lab.models.checks import Checked, Count, Finite
from tfrs_lab.models.vectors import cosines, unit_length

NEIGHBOURS = Range(100, 5, 2000, steps=(4, 2))
USER_RIDGE = Range(100.0, 0.1, 100_000.0)
RIDGE = Range(30.0, 0.1, 100_000.0)


# cosines are dense for a block of movies at a time: [block, rated movies] float32
_CELLS_AT_ONCE = 1 << 24


@dataclass(frozen=True)
class MovieTable:
    """All movies of a dataset, rated or not.

    Attributes:
        movies: Their ids, those of train among them.
        features: [movies, features] float32, see ``tfrs_lab.data.features.movie_features``.
    """

    movies: Vocabulary
    features: np.ndarray


@dataclass(frozen=True)
class ContentKNNConfig(Checked):
    """Settings of content-kNN.

    Attributes:
        neighbours: A movie's score comes from this many movies of train, those most alike. Default: chosen on
        validation,
            100 where nothing is.
    """

    neighbours: Count | None = None


@dataclass(frozen=True)
class UserRidgeConfig(Checked):
    """Settings of the ridge regression of each user's movies on features.

    Attributes:
        regularization: λ of the L2 penalty on a user's weights. Default: chosen on validation, 100 where nothing is.
    """

    regularization: Finite | None = None


@dataclass(frozen=True)
class IALSRidgeConfig(IALSConfig):
    """Settings of iALS and of the ridge regression of its movie vectors on features.

    Attributes:
        ridge: λ of that regression. Default: chosen on validation, 30 where nothing is.
    """

    ridge: Finite | None = None


@dataclass(frozen=True)
class FeatureModel(FittedBaseline):
    """Scores = a user's weights · a movie's features.

    Attributes:
        weights: [users, features] float32.
        features: [movies, features] float32, a constant among them.
        fold: [movies, features] float32: what having rated a movie adds to a user's weights.
        origin: [features] float32, the weights of a user without movies.
    """

    weights: np.ndarray
    features: np.ndarray
    fold: np.ndarray
    origin: np.ndarray

    def similarity(self, movies: np.ndarray) -> np.ndarray:
        """[batch, movies] float32: cosine of the features."""
        return cosines(self.features, movies)

    def _score_users(self, users: np.ndarray) -> np.ndarray:
        return self.weights[users] @ self.features.T

    def _score_histories(self, history: csr_matrix) -> np.ndarray:
        return (history @ self.fold + self.origin) @ self.features.T


def fit_content_knn(
    interactions: Interactions, config: ContentKNNConfig, *, table: MovieTable, seed: int, now: int | None
) -> ItemItem:
    """A movie's score is the summed cosine of its features with those of the user's movies.

    Of the cosines with movies of train a movie keeps the ``neighbours`` largest, all else counts 0: without this cut,
    ordinary movies are a little like everything and win.
    """
    rated = table.movies.encode(interactions.movies.ids)
    unit = unit_length(table.features)
    known, popularity = widened(interactions, table)
    weights = _most_alike(unit, rated, NEIGHBOURS.of(config.neighbours))
    return ItemItem(interactions.users, table.movies, popularity, history=known, weights=weights)


def _most_alike(unit: np.ndarray, rated: np.ndarray, neighbours: int) -> csr_matrix:
    """[movies, movies] float32 cosines; a column keeps the largest with other rated movies, and ties of the last."""
    movies, own = len(unit), unit[rated]
    block = max(1, _CELLS_AT_ONCE // max(len(rated), 1))
    rows, columns, values = [], [], []
    for start in range(0, movies, block):
        alike = unit[start : start + block] @ own.T
        alike[rated[None, :] == np.arange(start, start + len(alike))[:, None]] = 0.0
        if neighbours < len(rated):
            least = np.partition(alike, len(rated) - neighbours, axis=1)[:, len(rated) - neighbours]
            alike[alike < least[:, None]] = 0.0
        movie, place = alike.nonzero()
        rows.append(rated[place])
        columns.append(start + movie)
        values.append(alike[movie, place])
    entries = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    return csr_matrix(entries, shape=(movies, movies), dtype=np.float32)


def fit_user_ridge(
    interactions: Interactions, config: UserRidgeConfig, *, table: MovieTable, seed: int, now: int | None
) -> FeatureModel:
    """Regresses each user's row, 1 for rated and 0 for other movies less the mean of all, on the features of movies."""
    known, popularity = widened(interactions, table)
    rated = table.movies.encode(interactions.movies.ids)
    features, solve = _ridge(table, rated, USER_RIDGE.of(config.regularization))
    mean = interactions.matrix.mean()
    fold = np.zeros_like(features)
    fold[rated] = solve.T
    origin = (-mean * solve.sum(axis=1)).astype(np.float32)
    return FeatureModel(
        interactions.users,
        table.movies,
        popularity,
        weights=(known @ fold + origin).astype(np.float32),
        features=features,
        fold=fold,
        origin=origin,
    )


def fit_ials_ridge(
    interactions: Interactions, config: IALSRidgeConfig, *, table: MovieTable, seed: int, now: int | None
) -> FactorModel:
    """iALS, where movies without ratings get the vector that a ridge regression of vectors on features predicts.

    Gantner et al., "Learning attribute-to-feature mappings for cold-start recommendations", ICDM 2010, linear.
    """
    model = fit_ials(interactions, config, seed=seed, now=now)
    _, popularity = widened(interactions, table)
    rated = table.movies.encode(interactions.movies.ids)
    features, solve = _ridge(table, rated, RIDGE.of(config.ridge))
    factors = (features @ (solve @ model.movie_factors)).astype(np.float32)
    factors[rated] = model.movie_factors
    return FactorModel(
        model.users,
        table.movies,
        popularity,
        user_factors=model.user_factors,
        movie_factors=factors,
        alpha=model.alpha,
        regularization=model.regularization,
    )


def _ridge(table: MovieTable, rated: np.ndarray, regularization: float) -> tuple[np.ndarray, np.ndarray]:
    """Features with a constant [movies, f], and (FᵀF + λI)⁻¹Fᵀ [f, rated] float32 for the rated movies."""
    features = np.hstack([table.features, np.ones((len(table.movies), 1), dtype=np.float32)])
    own = features[rated].astype(np.float64)
    solve = np.linalg.solve(own.T @ own + regularization * np.eye(own.shape[1]), own.T)
    return features, solve.astype(np.float32)


def widened(interactions: Interactions, table: MovieTable) -> tuple[csr_matrix, np.ndarray]:
    """Known movies [users, all movies] and popularity [all movies], 0 for unrated ones."""
    rated = table.movies.encode(interactions.movies.ids)
    popularity = np.zeros(len(table.movies), dtype=np.float32)
    popularity[rated] = popularity_scores(interactions)
    ones = (interactions.matrix.data, rated[interactions.matrix.indices], interactions.matrix.indptr)
    known = csr_matrix(ones, shape=(len(interactions.users), len(table.movies)))
    known.sort_indices()
    return known, popularity


def effort_of_knn(interactions: Interactions, config: ContentKNNConfig) -> float:
    """About how many seconds a fit of content-kNN takes on two cores."""
    return 5e-8 * float(len(interactions.movies)) ** 2
