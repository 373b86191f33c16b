"""What follows what: directed transitions between movies in users' histories, in low rank."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import svds

from tfrs_lab.data.interactions import Interactions
from tfrs_lab.models.closed_form.recency_config import RecencyConfig

_DENSE_CELLS = 1 << 25  # up to 5,792 movies the transitions are counted in a dense matrix, which is faster


def session_vectors(config: RecencyConfig, rows: Interactions, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Queries of the users' latest movies and candidates of what follows them.

    Returns:
        Queries [users, s] and candidates [movies, s], float64; s is 0 without timestamps or transitions.
    """
    table, candidates = session_tables(config, rows, seed)
    return latest_movies(config, rows) @ table, candidates


def session_tables(config: RecencyConfig, rows: Interactions, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """What each of the latest movies adds to a query, and candidates of what follows them.

    The score of movie m is Σ_l latest_decay^l · S[h_l, m] over the latest movies h_0, h_1, ... with
    S = T / √((T's row sum + shrink) (T's column sum + shrink)) and T[h, m] the number of times m followed h, each
    reach_decay^(places between), in truncated singular vectors. T: the sequential rules of Ludewig and Jannach,
    "Evaluation of session-based recommendation algorithms", UMUAI 2018; low rank as the transitions of
    Rendle et al., "Factorizing personalized Markov chains", WWW 2010. Ours runs over all of a user's rows, whatever
    time lies between them, and its normalisation differs.

    Returns:
        Both [movies, s] float64; s is 0 without timestamps or transitions.
    """
    movies = len(rows.movies)
    rank = min(config.session_dimension, movies - 1)
    if rows.timestamp is None or not config.latest_movies or rank < 1:
        return np.zeros((movies, 0)), np.zeros((movies, 0))
    order = _in_time(rows)
    follows = _transitions(rows.user[order], rows.movie[order], movies, config.reach, config.reach_decay)
    if not follows.sum():
        return np.zeros((movies, 0)), np.zeros((movies, 0))
    before = 1 / np.sqrt(np.asarray(follows.sum(axis=1)).ravel() + config.shrink)
    after = 1 / np.sqrt(np.asarray(follows.sum(axis=0)).ravel() + config.shrink)
    scaled = follows.multiply(before[:, None]).multiply(after).tocsr()
    start = np.random.default_rng(seed).standard_normal(movies)
    left, strength, right = svds(scaled, k=rank, v0=start)
    return left * strength, right.T


def latest_movies(config: RecencyConfig, rows: Interactions) -> csr_matrix:
    """[users, movies] float64: latest_decay^l of a user's latest movie but l, for the latest few."""
    order = _in_time(rows)
    user, movie = rows.user[order], rows.movie[order]
    place = np.cumsum(np.bincount(user, minlength=len(rows.users)))[user] - 1 - np.arange(len(user))  # 0: the last row
    latest = place < config.latest_movies
    decay = config.latest_decay ** place[latest]
    return csr_matrix((decay, (user[latest], movie[latest])), shape=(len(rows.users), len(rows.movies)))


def _in_time(rows: Interactions) -> np.ndarray:
    """[n] row numbers, user by user, oldest first; equal timestamps keep their row order."""
    time = np.zeros(len(rows)) if rows.timestamp is None else rows.timestamp
    return np.lexsort((time, rows.user))


def _transitions(user: np.ndarray, movie: np.ndarray, movies: int, reach: int, decay: float) -> csr_matrix:
    """How often the row's movie is followed by the column's.

    Args:
        user: [n] sorted.
        movie: [n] in each user's order of time.
        movies: Size of the vocabulary.
        reach: Up to so many places ahead count.
        decay: Weight of a place ahead relative to the one before it.

    Returns:
        [movies, movies] float64.
    """
    shape = (movies, movies)
    dense = np.zeros(movies * movies) if movies * movies <= _DENSE_CELLS else None
    sparse = csr_matrix(shape)
    for ahead in range(1, min(reach, len(user) - 1) + 1):
        same = user[ahead:] == user[:-ahead]
        first, second, weight = movie[:-ahead][same], movie[ahead:][same], decay ** (ahead - 1)
        if dense is None:
            sparse = sparse + csr_matrix((np.full(len(first), weight), (first, second)), shape=shape)
        else:
            cells = first.astype(np.int64) * movies + second
            dense += weight * np.bincount(cells, minlength=len(dense))
    return sparse if dense is None else csr_matrix(dense.reshape(shape))
