"""Several validation cuts of what is known, since one cut is too noisy to tell good settings from lucky ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from tfrs_lab.data import REVEALED, SPLITS, DataError, Dataset, EvaluationTask, Split, evaluation_task
from tfrs_lab.data.splits.kinds import NEED_TIMESTAMPS
from tfrs_lab.data.splits.labels import TEST

BY_FRACTION = frozenset({"random", "stratified", "temporal-user", "temporal-global"})
"""Splits whose test part is a fraction of the rows; the others have rules of their own."""


@dataclass(frozen=True, eq=False)
class Fold:
    """One cut of the rows that are not test."""

    train: pl.DataFrame
    validation: EvaluationTask
    asks: str


def validation_folds(
    split: Split, dataset: Dataset, n: int, *, seed: int, revealed: Sequence[int] = REVEALED
) -> list[Fold]:
    """Cuts ``split.train_and_validation`` in ``n`` ways, each as the split itself would cut.

    The first fold is the split's own train and validation. Where the split draws, the others are further draws from
    both together. Where it cuts in time, each is an earlier cut: the train rows of the fold before it are cut again, so
    nothing in train is later than what it predicts. Test rows take no part.

    Args:
        split: What is tuned for.
        dataset: Its movies and users; ratings are taken from the split only.
        n: How many folds.
        seed: Fold i is drawn with ``[seed, i]``.
        revealed: As for ``data.evaluation_task``.

    Raises:
        DataError: The split is ``k-fold``, where every row is test once, or the rows do not suffice for ``n`` cuts.
    """
    if split.asks == "k-fold":
        raise DataError("expected a split with one test part to tune for, got k-fold, where every row is test once")
    known = split.train_and_validation
    fraction = len(split.validation) / len(known)
    kind = split.validation_asks if split.validation_asks in SPLITS else "stratified"
    cuts = [(split.train, split.validation)]
    while len(cuts) < n:
        rows = cuts[-1][0] if kind in NEED_TIMESTAMPS else known
        cuts.append(_cut(with_ratings(dataset, rows), kind, [seed, len(cuts)], fraction))
    asks = split.validation_asks
    untimed = not split.validates_as_tested  # what order and time are worth could not be told
    return [
        Fold(train.drop("timestamp", strict=not untimed) if untimed else train, asked, asks)
        for train, held in cuts
        for asked in [evaluation_task(asks, train, held, reveal_counts=revealed)]
    ]


def with_ratings(dataset: Dataset, rows: pl.DataFrame) -> Dataset:
    """The dataset with these ratings only; under a name of its own, since it no longer is what the old one says."""
    return replace(dataset, name=f"{dataset.name}, known rows", ratings=rows)


def _cut(dataset: Dataset, kind: str, seed: list[int], fraction: float) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Cuts off what the split would make its test part: train and held-out rows."""
    arguments: dict[str, Any] = {"test": fraction} if kind in BY_FRACTION else {}
    held = SPLITS[kind](dataset, seed=seed, **arguments) == TEST
    if not held.any() or held.all():
        sizes = f"{np.count_nonzero(held)} of {len(held)} rows"
        raise DataError(f"empty split: expected rows to learn from and to validate on, got {sizes}; fewer --folds?")
    return dataset.ratings.filter(~held), dataset.ratings.filter(held)
