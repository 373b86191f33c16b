"""Tiny rows with a known order in time."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix

from tfrs_lab.data import Interactions

DAY = 86_400


def interactions(rows: list[tuple[int, int, float]], timestamps: bool = True) -> Interactions:
    """Rows of (user, movie, day)."""
    users, movies, days = zip(*rows, strict=True)
    table = pl.DataFrame({"user_id": [f"{user:04}" for user in users], "movie_id": [f"{movie:04}" for movie in movies]})
    if timestamps:
        table = table.with_columns(timestamp=pl.Series([round(day * DAY) for day in days], dtype=pl.Int64))
    return Interactions.from_ratings(table)


def watched(*histories: list[int], timestamps: bool = True) -> Interactions:
    """Each user's movies, one a day, oldest first; all movies up to the greatest number should occur."""
    rows = [(user, movie, float(day)) for user, one in enumerate(histories) for day, movie in enumerate(one)]
    return interactions(rows, timestamps)


def ring(users: int = 60, movies: int = 20, length: int = 8) -> list[list[int]]:
    """Each user begins somewhere on a ring of movies and watches one after the other."""
    return [[(user * 7 + step) % movies for step in range(length)] for user in range(users)]


def places(movies: int, *histories: list[int]) -> csr_matrix:
    """[histories, movies] float32: places in the histories, 1 for the oldest."""
    found = np.zeros((len(histories), movies), np.float32)
    for row, history in zip(found, histories, strict=True):
        row[history] = np.arange(1, len(history) + 1)
    return csr_matrix(found)


def in_time(rows: Interactions) -> csr_matrix:
    """[users, movies] float32: the places of the movies in the users' histories."""
    order = np.lexsort((rows.timestamp, rows.user))
    lengths = np.bincount(rows.user)
    place = np.arange(len(order)) - (np.cumsum(lengths) - lengths)[rows.user[order]] + 1
    return csr_matrix((place.astype(np.float32), (rows.user[order], rows.movie[order])), rows.matrix.shape)
