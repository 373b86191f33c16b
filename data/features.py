"""What is known of users and movies besides ratings, as numbers: one row per id of a vocabulary."""

from __future__ import annotations

import numpy as np
import polars as pl

from data.interactions import Vocabulary

DECADES = tuple(range(1920, 2030, 10))


def movie_features(movies: pl.DataFrame, vocabulary: Vocabulary) -> np.ndarray:
    """Genres and decade of each movie.

    Args:
        movies: As ``Dataset.movies``.
        vocabulary: Movie ids; those that the table lacks get zeros.

    Returns:
        [movies, features] float32 of 0 and 1: a column per genre of the table in alphabetical order, then one per
        decade from 1920.
    """
    genres = sorted(movies["movie_genres"].explode(empty_as_null=True).drop_nulls().unique().to_list())
    rows = vocabulary.encode(movies["movie_id"])
    features = np.zeros((len(vocabulary), len(genres) + len(DECADES)), dtype=np.float32)
    column = {genre: index for index, genre in enumerate(genres)}
    for row, names, year in zip(rows, movies["movie_genres"], movies["release_year"], strict=True):
        if row >= 0:
            features[row, [column[name] for name in names]] = 1.0
            if year is not None:
                decade = min(max((year - DECADES[0]) // 10, 0), len(DECADES) - 1)
                features[row, len(genres) + decade] = 1.0
    return features


def user_features(users: pl.DataFrame, vocabulary: Vocabulary) -> np.ndarray:
    """Gender, age group and occupation of each user, as far as the table has them.

    Args:
        users: As ``Dataset.users``.
        vocabulary: User ids; those that the table lacks get zeros.

    Returns:
        [users, features] float32 of 0 and 1: a column per value that occurs, in the order of
        ``user_gender``, ``bucketized_user_age``, ``user_occupation_text``; no column where the source has none.
    """
    rows = vocabulary.encode(users["user_id"])
    blocks = []
    for name in ("user_gender", "bucketized_user_age", "user_occupation_text"):
        if name in users.columns:
            values = users[name].unique().drop_nulls().sort()
            block = np.zeros((len(vocabulary), len(values)), dtype=np.float32)
            for index, value in enumerate(values):
                having = rows[(users[name] == value).fill_null(False).to_numpy()]
                block[having[having >= 0], index] = 1.0
            blocks.append(block)
    return np.hstack(blocks) if blocks else np.zeros((len(vocabulary), 0), dtype=np.float32)
