"""Splits with users or movies that training never saw."""

from __future__ import annotations

import numpy as np
import polars as pl

from tfrs_lab.data.dataset import Dataset
from tfrs_lab.data.errors import DataError
from tfrs_lab.data.splits.labels import TEST, TRAIN, VALIDATION, check_fractions
from tfrs_lab.data.tables import sort_ids


def cold_items(
    dataset: Dataset, *, seed: int = 0, test: float = 0.1, validation: float = 0.1, min_ratings: int = 5
) -> np.ndarray:
    """All ratings of some movies are test: those movies have no train row.

    Test movies are ``default_rng(seed).choice(ids, 10 %, replace=False)`` of the ids with at least five ratings, in
    ascending order (by value where all ids are whole numbers, else as text); validation movies are drawn likewise
    from the ids left, counted in the rest, with the same generator.

    Args:
        dataset: Any.
        seed: Of the draws.
        test: Fraction of the movies.
        validation: Fraction of the movies left.
        min_ratings: Movies with fewer are never drawn.
    """
    check_fractions(test=test, validation=validation)
    rng = np.random.default_rng(seed)
    labels = np.full(dataset.ratings.height, TRAIN, dtype=np.uint8)
    for part, fraction in ((TEST, test), (VALIDATION, validation)):
        rest = np.flatnonzero(labels == TRAIN)
        labels[rest[of_drawn(dataset.ratings[rest], "movie_id", fraction, rng, min_ratings)]] = part
    return labels


def cold_users(dataset: Dataset, *, seed: int = 0, test: float = 0.1, validation: float = 0.1) -> np.ndarray:
    """All ratings of some users are test; ``data.evaluation_task`` says how many of them a model gets to see.

    Args:
        dataset: Any.
        seed: Of the draws.
        test: Fraction of the users.
        validation: Fraction of the users left.
    """
    check_fractions(test=test, validation=validation)
    rng = np.random.default_rng(seed)
    labels = np.full(dataset.ratings.height, TRAIN, dtype=np.uint8)
    for part, fraction in ((TEST, test), (VALIDATION, validation)):
        rest = np.flatnonzero(labels == TRAIN)
        labels[rest[of_drawn(dataset.ratings[rest], "user_id", fraction, rng)]] = part
    return labels


def mixed(
    dataset: Dataset,
    *,
    seed: int = 0,
    test: float = 0.2,
    validation: float = 0.2,
    cold: float = 0.1,
    min_ratings: int = 5,
) -> np.ndarray:
    """Warm and cold movies in one test: all ratings of 10 % of the movies, and 20 % of the other ratings.

    Validation is cut in the same way from the rest.

    Args:
        dataset: Any.
        seed: Of the draws.
        test: Fraction of the ratings of movies that are not cold.
        validation: The same, of the rest.
        cold: Fraction of the movies whose ratings all go; in test and again in validation.
        min_ratings: Movies with fewer are never made cold.
    """
    for name, fraction in (("test", test), ("validation", validation), ("cold", cold)):
        check_fractions(**{name: fraction})
    rng = np.random.default_rng(seed)
    labels = np.full(dataset.ratings.height, TRAIN, dtype=np.uint8)
    for part, fraction in ((TEST, test), (VALIDATION, validation)):
        rest = np.flatnonzero(labels == TRAIN)
        labels[rest[drawn_and_cold(dataset.ratings[rest], fraction, cold, rng, min_ratings)]] = part
    return labels


def drawn_and_cold(
    ratings: pl.DataFrame, fraction: float, cold: float, rng: np.random.Generator, min_ratings: int
) -> np.ndarray:
    """[n] bool: all rows of a drawn share ``cold`` of the movies, and a drawn ``fraction`` of the other rows."""
    held = of_drawn(ratings, "movie_id", cold, rng, min_ratings)
    warm = np.flatnonzero(~held)
    held[rng.choice(warm, round(fraction * len(warm)), replace=False)] = True
    return held


def of_drawn(
    ratings: pl.DataFrame, column: str, fraction: float, rng: np.random.Generator, min_ratings: int = 1
) -> np.ndarray:
    """[n] bool: rows of a drawn fraction of the ids that have at least ``min_ratings`` rows."""
    counts = ratings[column].value_counts().filter(pl.col("count") >= min_ratings)
    ids = sort_ids(counts[column])
    if len(ids) < 2:
        raise DataError(f"empty split: expected two or more of {column} with {min_ratings} ratings, got {len(ids)}")
    drawn = rng.choice(np.array(ids), max(round(fraction * len(ids)), 1), replace=False)
    return ratings[column].is_in(drawn.tolist()).to_numpy().copy()
