"""What the split functions share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from tfrs_lab.data.errors import DataError
from tfrs_lab.data.interactions import Vocabulary

TRAIN, VALIDATION, TEST, UNUSED = 0, 1, 2, 3


def check_fractions(**fractions: float) -> None:
    """Refuses fractions outside (0, 1) and those that leave nothing for train."""
    for name, value in fractions.items():
        if not 0 < value < 1:
            raise DataError(f"expected a fraction between 0 and 1 for {name}, got {value}")
    if sum(fractions.values()) >= 1:
        raise DataError(f"expected fractions that leave rows for train, got {fractions}")


def complement(*fractions: float) -> float:
    """One minus the fractions, without binary noise: .7 for .2 and .1, where Python's 1 - .2 - .1 rounds 15 rows wrong.

    >>> complement(.2, .1), 1 - .2 - .1
    (0.7, 0.7000000000000001)
    """
    return round(1 - sum(fractions), 12)


def in_order(order: np.ndarray, test: float, validation: float) -> np.ndarray:
    """[n] uint8 labels: of the rows in this order [n] the first are train, then comes validation, and test is last."""
    check_fractions(test=test, validation=validation)
    n = len(order)
    labels = np.full(n, TEST, dtype=np.uint8)
    labels[order[: round(complement(test) * n)]] = VALIDATION
    labels[order[: round(complement(test, validation) * n)]] = TRAIN
    return labels


def codes(ratings: pl.DataFrame, column: str) -> np.ndarray:
    """[n] int32: equal where the ids are, in ascending (string) order of id."""
    return Vocabulary.from_ids(ratings[column].unique()).encode(ratings[column])


def places(groups: np.ndarray, *keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each row's place in its group.

    Groups are sorted by keys [n], the most important first; ties stay in row order.

    Returns:
        [n] int64 places from 0, and [n] int64 sizes of the rows' groups.
    """
    groups = _by_appearance(groups)  # in a file by user most is in order then, which sorts in half the time
    order = _order(groups, keys)
    sizes = np.bincount(groups)
    starts = np.cumsum(sizes) - sizes
    place = np.empty(len(groups), dtype=np.int64)
    place[order] = np.arange(len(groups)) - starts[groups[order]]
    return place, sizes[groups]


def _order(groups: np.ndarray, keys: Sequence[np.ndarray]) -> np.ndarray:
    """[n]: rows by group, then by keys; stable. One key for all, where it fits, takes a sixth of the time."""
    combined, most = groups.astype(np.int64), int(groups.max(initial=0))
    for key in keys:
        low, high = int(key.min(initial=0)), int(key.max(initial=0))
        most = most * (high - low + 1) + high - low
        if most >= 1 << 63 or not np.issubdtype(key.dtype, np.integer):
            return np.lexsort((*reversed(keys), groups))  # the last key counts most
        combined *= high - low + 1
        combined += key
        combined -= low
    return np.argsort(combined, kind="stable")


def _by_appearance(groups: np.ndarray) -> np.ndarray:
    """[n] int32: the groups by other numbers, the first that appears is 0."""
    first = np.full(int(groups.max(initial=-1)) + 1, len(groups))
    first[groups[::-1]] = np.arange(len(groups))[::-1]  # of several rows the last counts, which is the first
    number = np.empty(len(first), dtype=np.int32)
    number[np.argsort(first, kind="stable")] = np.arange(len(first))
    return number[groups]
