"""Splits with users or movies that training never saw."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

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
    """
    check_fractions(test=test, validation=validation)
    hold = partial(of_drawn, "movie_id", min_ratings=min_ratings)
    return _in_turn(dataset, seed, test, validation, hold)


def cold_users(dataset: Dataset, *, seed: int = 0, test: float = 0.1, validation: float = 0.1) -> np.ndarray:
    """All ratings of some users are test; ``data.evaluation_task`` says how many of them a model gets to see."""
    check_fractions(test=test, validation=validation)
    return _in_turn(dataset, seed, test, validation, partial(of_drawn, "user_id"))


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
    """
    for name, fraction in (("test", test), ("validation", validation), ("cold", cold)):
        check_fractions(**{name: fraction})
    hold = partial(drawn_and_cold, cold=cold, min_ratings=min_ratings)
    return _in_turn(dataset, seed, test, validation, hold)


def _in_turn(
    dataset: Dataset,
    seed: int,
    test: float,
    validation: float,
    hold: Callable[[pl.DataFrame, float, np.random.Generator], np.ndarray],
) -> np.ndarray:
    """Labels of rows: test is held out of all, validation likewise of the rest."""
    rng = np.random.default_rng(seed)
    labels = np.full(dataset.ratings.height, TRAIN, dtype=np.uint8)
    for part, fraction in ((TEST, test), (VALIDATION, validation)):
        rest = np.flatnonzero(labels == TRAIN)
        labels[rest[hold(dataset.ratings[rest], fraction, rng)]] = part
    return labels


def drawn_and_cold(
    ratings: pl.DataFrame, fraction: float, rng: np.random.Generator, cold: float, min_ratings: int
) -> np.ndarray:
    """[n] bool: all rows of a drawn share ``cold`` of the movies, and a drawn ``fraction`` of the other rows."""
    held = of_drawn("movie_id", ratings, cold, rng, min_ratings)
    warm = np.flatnonzero(~held)
    held[rng.choice(warm, round(fraction * len(warm)), replace=False)] = True
    return held


def of_drawn(
    column: str, ratings: pl.DataFrame, fraction: float, rng: np.random.Generator, min_ratings: int = 1
) -> np.ndarray:
    """[n] bool: rows of a drawn fraction of the ids that have at least ``min_ratings`` rows."""
    counts = ratings[column].value_counts().filter(pl.col("count") >= min_ratings)
    ids = sort_ids(counts[column])
    if len(ids) < 2:
        raise DataError(f"empty split: expected two or more of {column} with {min_ratings} ratings, got {len(ids)}")
    drawn = rng.choice(np.array(ids), max(round(fraction * len(ids)), 1), replace=False)
    return ratings[column].is_in(drawn.tolist()).to_numpy().copy()
