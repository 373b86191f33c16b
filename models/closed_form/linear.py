"""Linear item–item models: EASE's weights in closed form, and short vectors for scores. Needs no TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from scipy.sparse import csr_matrix, diags

from tfrs_lab.data.interactions import Interactions
from tfrs_lab.models.checks import Above, AtMost, Checked, Count, Finite
from tfrs_lab.models.closed_form.decompositions import qr, svd
from tfrs_lab.models.closed_form.inverse import negated_inverse
from tfrs_lab.models.closed_form.neighbours import NeighbourTable
from tfrs_lab.models.training.histories import Histories

_PASSES = 3
_OVERSAMPLING = 32
_SHIFTS = 4
# Larger catalogues are solved in float32, in half of the memory and time; rankings are the same.
_PRECISE = 5_000
_AT_ONCE = 1_000
_LONGEST = 100  # of a longer history the latest movies count


@dataclass(frozen=True)
class LinearConfig(Checked):
    """The closed-form part: a linear map from a user's movies to all movies."""

    regularization: Finite = 5.0
    """λ of the L2 penalty on the weights from a movie, in √(its ratings · the mean number of a movie's ratings)."""
    stay: Count = 40
    """So many ratings of a user in a row count as one stay."""
    apart: Annotated[float, Above(0), AtMost(1)] = 0.1
    """What two movies of one user count as a pair that were not rated in one stay; 1: order does not matter, EASE."""
    dimension: Count = 256
    """Length of the vectors that stand for the map."""
    neighbours: Count = 1_000
    """Where vectors lose too much, so many of the largest weights from each movie stand for the map instead."""
    max_movies: Count = 10_000
    """Above so many movies only the most rated ones take part; the others score 0. Where the solution is by users, who
    are fewer, as many more as take no more memory."""


def item_weights(pairs: csr_matrix, regularization: float | np.ndarray) -> np.ndarray:
    """Minimises ‖X − XB‖² + Σ_i λ_i ‖B_i‖² with diag(B) = 0: P = (XᵀX + Λ)⁻¹, B_ij = −P_ij / P_jj off the diagonal.

    Steck, "Embarrassingly shallow autoencoders for sparse data", WWW 2019, eq. 8. Takes movies³ operations and 12 ·
    movies² bytes, above 5,000 movies 4 · movies² bytes (1.6 GB for 20,000), where it is solved in float32.

    Args:
        pairs: [movies, movies] XᵀX; X [users, movies] is 1 where the user has rated the movie.
        regularization: λ, one or [movies].

    Returns:
        [movies, movies] float32 B.

    Raises:
        numpy.linalg.LinAlgError: λ is too small for XᵀX to be inverted.
    """
    negated = _negated_inverse(pairs, regularization)
    diagonal = -negated.diagonal().astype(np.float32)
    weights: np.ndarray = negated.astype(np.float32, copy=False)
    weights /= diagonal
    np.fill_diagonal(weights, 0.0)
    return weights


def item_weights_by_users(matrix: csr_matrix, regularization: float | np.ndarray) -> np.ndarray:
    """The same where users are fewer than movies: with Y = XΛ^-½, Λ^½PΛ^½ = I − Yᵀ(YYᵀ + I)⁻¹Y by Woodbury's identity.

    Takes users³ + ratings · movies operations and 4 · movies · (movies + users) bytes.

    Args:
        matrix: [users, movies] float32 X.
        regularization: λ > 0, one or [movies].

    Returns:
        [movies, movies] float32 B.

    Raises:
        numpy.linalg.LinAlgError: λ is too small for YYᵀ + I to be inverted.
    """
    root = np.sqrt(np.full(matrix.shape[1], regularization, np.float64)).astype(np.float32)
    by_movie = (diags(1 / root) @ matrix.T).tocsr()
    negated = _negated_inverse(by_movie.T @ by_movie, 1.0).astype(np.float32, copy=False)
    weights: np.ndarray = by_movie @ np.ascontiguousarray((by_movie @ negated).T)
    weights /= -1.0 - weights.diagonal()
    weights *= root
    weights /= root[:, None]
    np.fill_diagonal(weights, 0.0)
    return weights


def _negated_inverse(pairs: csr_matrix, regularization: float | np.ndarray) -> np.ndarray:
    """[n, n] float64, above 5,000 rows float32: minus the inverse of the matrix with λ added on its diagonal."""
    gram: np.ndarray = pairs.astype(np.float64 if pairs.shape[0] <= _PRECISE else np.float32).toarray()
    gram[np.diag_indices(len(gram))] += regularization
    try:
        negated_inverse(gram)
    except np.linalg.LinAlgError as error:
        raise np.linalg.LinAlgError("EASE: XᵀX + λI is not positive definite; raise regularization") from error
    return gram


def linear_vectors(config: LinearConfig, rows: Interactions, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Vectors whose inner products are a linear model's scores XB, but for what is lost by shortening.

    Returns:
        Queries [users, ≤ dimension], sums over the users' movies, and candidates [movies, ≤ dimension], float32.
    """
    table, candidates = linear_tables(config, rows, seed)
    return rows.matrix @ table, candidates


def linear_tables(config: LinearConfig, rows: Interactions, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """What each movie adds to the query of those who know it, and the candidates that queries meet.

    See ``solve_linear`` and ``LinearWeights.tables``.
    """
    return solve_linear(config, rows).tables(rows, config.dimension, seed)


@dataclass(frozen=True, eq=False)
class LinearWeights:
    """A linear map from a user's movies to all movies.

    Attributes:
        movies: [n] int: those that take part, ascending.
        weights: [n, n] float32, zeros on the diagonal.
    """

    movies: np.ndarray
    weights: np.ndarray

    def tables(self, rows: Interactions, dimension: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """The map in low rank, both tables [movies, ≤ dimension] float32; the seed starts the decomposition."""
        basis = _leading(rows.matrix[:, self.movies], self.weights, dimension, seed)
        table, candidates = np.zeros((2, len(rows.movies), basis.shape[1]), np.float32)
        table[self.movies], candidates[self.movies] = self.weights @ basis, basis
        return table, candidates

    def nearest(self, rows: Interactions, number: int) -> NeighbourTable:
        """The map by the so many largest weights from each movie; all movies of a history count alike."""
        number = min(number, len(self.movies))
        columns = np.empty((len(self.movies), number), np.int64)
        for start in range(0, len(columns), _AT_ONCE):
            size = -np.abs(self.weights[start : start + _AT_ONCE])
            columns[start : start + _AT_ONCE] = np.argpartition(size, number - 1, axis=1)[:, :number]
        values = np.take_along_axis(self.weights, columns, axis=1)
        entries = (values.ravel(), (np.repeat(self.movies, number), self.movies[columns.ravel()]))
        table = csr_matrix(entries, shape=(len(rows.movies), len(rows.movies)))
        return NeighbourTable(table, latest=_LONGEST, decay=1.0)


def solve_linear(config: LinearConfig, rows: Interactions) -> LinearWeights:
    """The weights of a linear model.

    EASE, but the penalty grows with the root of a movie's ratings, between that of EASE, the same for all, and one in
    proportion, as dropout has it (Steck, "Autoencoders that don't overfit towards the identity", NeurIPS 2020). And
    pairs of movies that a user rated in one stay count more: with S the matrix of stays and movies,
    (1 - apart) SᵀS + apart XᵀX takes the place of XᵀX, and λ shrinks like the mean weight of a pair. Session-aware
    linear models likewise weigh by distance (Choi et al., WWW 2021, SLIST); theirs look ahead, ours to both sides.

    Args:
        config: See there.
        rows: Train rows.
    """
    popular = np.sort(np.argsort(-rows.movie_counts, kind="stable")[: participants(config, rows)])
    matrix = rows.matrix[:, popular]
    counts = np.maximum(rows.movie_counts[popular], 1)  # movies of a larger catalogue may have no row
    penalty = config.regularization * np.sqrt(counts * rows.movie_counts.mean())
    if by_users(config, rows):
        return LinearWeights(popular, item_weights_by_users(matrix, penalty))
    pairs, weight = _weighted_pairs(config, rows, matrix, popular)
    return LinearWeights(popular, item_weights(pairs, penalty * weight))


def by_users(config: LinearConfig, rows: Interactions) -> bool:
    """Whether the solution inverts a matrix of users, who are fewer than the movies."""
    return len(rows.users) < min(len(rows.movies), config.max_movies) and not _in_stays(config, rows)


def participants(config: LinearConfig, rows: Interactions) -> int:
    """How many movies take part at most."""
    if not by_users(config, rows):
        return min(len(rows.movies), config.max_movies)
    users, cells = len(rows.users), 4 * config.max_movies**2  # M (M + users) ≤ cells
    most = int(np.sqrt(cells + users**2 / 4) - users / 2)
    return min(len(rows.movies), max(most, config.max_movies))


def _weighted_pairs(
    config: LinearConfig, rows: Interactions, matrix: csr_matrix, movies: np.ndarray
) -> tuple[csr_matrix, float]:
    """[movies, movies] how often two movies were rated by one user, and the mean weight that such a pair has there.

    Stays begin at several places, so that movies on both sides of a border are one stay elsewhere.
    """
    pairs = matrix.T @ matrix
    if not _in_stays(config, rows):
        return pairs, 1.0
    histories = Histories.from_interactions(rows)
    user = np.repeat(np.arange(len(rows.users)), histories.lengths)
    place = np.arange(len(user)) - histories.starts[user]
    weighted = config.apart * pairs
    for shift in range(_SHIFTS):
        stay = (place + shift * config.stay // _SHIFTS) // config.stay
        begins = np.flatnonzero((np.diff(user, prepend=-1) != 0) | (np.diff(stay, prepend=0) != 0))
        shown = csr_matrix(
            (np.ones(len(user), np.float32), histories.movie, np.append(begins, len(user))),
            shape=(len(begins), len(rows.movies)),
        )[:, movies]
        weighted = weighted + (1 - config.apart) / _SHIFTS * (shown.T @ shown)
    total, plain = weighted.sum() - weighted.diagonal().sum(), pairs.sum() - pairs.diagonal().sum()
    return weighted, float(total / plain) if plain else 1.0


def _in_stays(config: LinearConfig, rows: Interactions) -> bool:
    """Whether pairs count more that were rated in one stay."""
    return rows.timestamp is not None and config.apart < 1


def _leading(matrix: csr_matrix, weights: np.ndarray, dimension: int, seed: int) -> np.ndarray:
    """[movies, ≤ dimension] float32, orthonormal: the leading right singular vectors of matrix · weights.

    Halko, Martinsson and Tropp, "Finding structure with randomness", SIAM Review 2011, algorithm 4.4 with power
    iterations: passes of plain matrix products instead of the thousands of single ones that ARPACK takes.
    """
    start = np.random.default_rng(seed).standard_normal((len(weights), dimension + _OVERSAMPLING))
    movies = start.astype(np.float32)
    for _ in range(_PASSES):
        users, _ = qr(matrix @ (weights @ movies))
        movies, _ = qr(weights.T @ (matrix.T @ users))
    _, _, turn = svd(matrix @ (weights @ movies))
    return movies @ turn[:dimension].T
