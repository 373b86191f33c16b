"""Splits along time. Equal timestamps are kept in row order: a cut may fall inside a second."""

from __future__ import annotations

import numpy as np
import polars as pl

from tfrs_lab.data.dataset import Dataset
from tfrs_lab.data.errors import DataError
from tfrs_lab.data.splits.labels import (
    TEST,
    TRAIN,
    UNUSED,
    VALIDATION,
    check_fractions,
    codes,
    complement,
    in_order,
    places,
)


def temporal_user(dataset: Dataset, *, seed: int = 0, test: float = 0.2, validation: float = 0.1) -> np.ndarray:
    """Each user's last part is test, the part before it validation.

    A user's n ratings are sorted by (timestamp, row): the first round(.7 n) are train, those up to round(.8 n)
    validation, the rest test (Python's round: halves to even). Of short histories test has a row first, then
    validation, and train at least one: two ratings are 1 / 0 / 1, three to five 1 to 3 / 1 / 1. Movies that only occur
    late are cold.
    """
    check_fractions(test=test, validation=validation)
    place, size = places(dataset.encoded.user, dataset.ratings["timestamp"].to_numpy())
    sizes = np.arange(size.max() + 1)
    test_start = np.minimum(np.rint(complement(test) * sizes), sizes - 1)
    train_end = np.maximum(np.minimum(np.rint(complement(test, validation) * sizes), test_start - 1), 1)
    labels = np.full(len(place), TEST, dtype=np.uint8)
    labels[place < test_start[size]] = VALIDATION
    labels[place < train_end[size]] = TRAIN
    return labels


def last_of_each_user(ratings: pl.DataFrame, share: float) -> np.ndarray:
    """[n] bool: each user's latest rows, at least one of two or more, and never a user's first row."""
    place, size = places(codes(ratings, "user_id"), ratings["timestamp"].to_numpy())
    return place >= size - np.minimum(np.maximum(np.rint(share * size), 1), size - 1)


def last_of_all(ratings: pl.DataFrame, share: float) -> np.ndarray:
    """[n] bool: the latest rows of all."""
    last = np.zeros(ratings.height, dtype=bool)
    order = np.argsort(ratings["timestamp"].to_numpy(), kind="stable")
    last[order[round(complement(share) * ratings.height) :]] = True
    return last


def temporal_global(
    dataset: Dataset,
    *,
    seed: int = 0,
    test: float = 0.2,
    validation: float = 0.1,
    cut: int | None = None,
    cuts: int = 5,
) -> np.ndarray:
    """One cut in time for all: the last 20 % of the rows are test, the 10 % before them validation.

    Nothing in train is later than anything in validation, nothing there later than anything in test. Users and movies
    that appear after a cut are cold.

    With ``cut``, from 0, it is that one of several, as a model is met that is trained again and again (rolling origin:
    Tashman, "Out-of-sample tests of forecasting accuracy", International Journal of Forecasting, 2000): the later half
    of the rows is divided into ``cuts`` equal windows, each is test once, half as many rows before it are validation,
    all before these are train, and what comes later is not used.

    Raises:
        DataError: There is no such cut, or the rows do not suffice for a window.
    """
    order = np.argsort(dataset.ratings["timestamp"].to_numpy(), kind="stable")
    if cut is None:
        return in_order(order, test, validation)
    window = len(order) // (2 * max(cuts, 1))
    if not 0 <= cut < cuts or window < 2:
        raise DataError(
            f"expected a cut from 0 to {cuts - 1} of windows of 2 rows or more, got {cut} and {window} rows"
        )
    end = len(order) - (cuts - 1 - cut) * window
    labels = np.full(len(order), UNUSED, dtype=np.uint8)
    labels[order[:end]] = TRAIN
    labels[order[end - window - window // 2 : end - window]] = VALIDATION
    labels[order[end - window : end]] = TEST
    return labels


def leave_one_out(dataset: Dataset, *, seed: int = 0) -> np.ndarray:
    """Each user's last rating is test, the one before it validation.

    Train is never empty for a user: with two ratings there is no validation row, a single one is train.
    """
    place, size = places(dataset.encoded.user, dataset.ratings["timestamp"].to_numpy())
    labels = np.full(len(place), TRAIN, dtype=np.uint8)
    labels[(place == size - 2) & (size >= 3)] = VALIDATION
    labels[(place == size - 1) & (size >= 2)] = TEST
    return labels
