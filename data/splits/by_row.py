"""Splits that draw rows at random, whenever they were rated."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import polars as pl

from tfrs_lab.data.catalogue import FINGERPRINT_100K
from tfrs_lab.data.dataset import Dataset
from tfrs_lab.data.errors import DataError
from tfrs_lab.data.splits.labels import TEST, TRAIN, VALIDATION, check_fractions, codes, in_order


def random(dataset: Dataset, *, seed: int = 0, test: float = 0.2, validation: float = 0.1) -> np.ndarray:
    """A seeded shuffle: the first 70 % of the rows are train, the next 10 % validation, the last 20 % test.

    Rare users and movies may be cold.
    """
    return in_order(np.random.default_rng(seed).permutation(dataset.ratings.height), test, validation)


def stratified(dataset: Dataset, *, seed: int = 0, test: float = 0.25, validation: float = 0.1) -> np.ndarray:
    """The benchmark split of MovieLens-100K, elsewhere the same kind of split: drawn for each movie.

    On 100k, test are the 24,934 rows of u.data that ``protocols/ml-100k-stratified-test-rows.txt`` lists, whatever the
    seed. On other data, test is a seeded draw of 25 % of each movie's rows. Validation is a seeded draw of 10 % of each
    movie's other rows. Movies with few ratings may be cold.

    Raises:
        DataError: If the dataset calls itself 100k, but its ratings are not those that the protocol numbers.
    """
    check_fractions(test=test, validation=validation)
    rng = np.random.default_rng(seed)
    labels = np.full(dataset.ratings.height, TRAIN, dtype=np.uint8)
    if dataset.fingerprint == FINGERPRINT_100K:
        if test != 0.25:
            raise DataError(f"the stratified test rows of 100k are fixed, expected no other test fraction, got {test}")
        labels[protocol_rows()] = TEST
    elif dataset.name == "100k":
        raise DataError(
            "the stratified split of 100k numbers the rows of the official u.data (fingerprint "
            f"{FINGERPRINT_100K[:12]}…), got other ratings or another order ({dataset.fingerprint[:12]}…)"
        )
    else:
        labels[stratified_by_movie(dataset.ratings, test, rng)] = TEST
    rest = np.flatnonzero(labels == TRAIN)
    labels[rest[stratified_by_movie(dataset.ratings[rest], validation, rng)]] = VALIDATION
    return labels


def protocol_rows() -> np.ndarray:
    """[24,934] int64: the 0-based rows of u.data that are the stratified test part."""
    text = (files("tfrs_lab.data") / "protocols" / "ml-100k-stratified-test-rows.txt").read_text()
    return np.array(text.split(), dtype=np.int64)


def stratified_by_movie(ratings: pl.DataFrame, fraction: float, rng: np.random.Generator) -> np.ndarray:
    """[n] bool: the same fraction of each movie's rows, drawn.

    Rows are lined up movie by movie, shuffled inside each, and every (1/fraction)-th is taken from a random start:
    of m rows either ⌊m · fraction⌋ or ⌈m · fraction⌉ are drawn, and of all rows exactly the fraction, up to one.
    """
    order = np.lexsort((rng.random(ratings.height), codes(ratings, "movie_id")))
    steps = np.floor((np.arange(ratings.height + 1) * fraction) + rng.random())
    drawn = np.zeros(ratings.height, dtype=bool)
    drawn[order] = np.diff(steps) > 0
    return drawn


def k_fold(dataset: Dataset, *, seed: int = 42, fold: int = 0, n: int = 5, validation: float = 0.1) -> np.ndarray:
    """One fold of scikit-learn's ``KFold(n, shuffle=True, random_state=seed)`` over rows, the same rows exactly.

    Validation is a seeded draw of 10 % of the rows that are not test. ``seed`` is scikit-learn's ``random_state``;
    ``fold`` counts from 0 to n - 1.

    Raises:
        DataError: If there is no such fold, or fewer than two.
    """
    check_fractions(validation=validation)
    total = dataset.ratings.height
    if not 2 <= n <= total:
        raise DataError(f"expected between 2 and {total} folds, got {n}")
    if not 0 <= fold < n:
        raise DataError(f"expected a fold from 0 to {n - 1}, got {fold}")
    order = np.arange(total)
    # The legacy generator, because scikit-learn draws with it and published figures are for its folds.
    np.random.RandomState(seed).shuffle(order)
    sizes = np.full(n, total // n)
    sizes[: total % n] += 1
    start = sizes[:fold].sum()
    labels = np.full(total, TRAIN, dtype=np.uint8)
    labels[order[start : start + sizes[fold]]] = TEST
    rest = np.flatnonzero(labels == TRAIN)
    held = np.random.default_rng([seed, fold]).choice(rest, round(validation * len(rest)), replace=False)
    labels[held] = VALIDATION
    return labels
