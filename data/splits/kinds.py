"""Splits: which rows of a ratings table are train, validation and test.

Every split is a function of (data, arguments, seed). Rows keep their order inside each part. Fractions are of all rows
unless a split says otherwise.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import Any, Literal

import numpy as np
import polars as pl

from tfrs_lab.data.dataset import Dataset
from tfrs_lab.data.errors import DataError
from tfrs_lab.data.hints import did_you_mean
from tfrs_lab.data.interactions import Interactions
from tfrs_lab.data.splits import by_id as split_by_id
from tfrs_lab.data.splits import by_row as split_by_row
from tfrs_lab.data.splits import by_time as split_by_time
from tfrs_lab.data.splits.detection import detect_split
from tfrs_lab.data.splits.labels import TEST, TRAIN, VALIDATION

# Each takes the dataset and keyword arguments and labels each row: [n] uint8 of TRAIN, VALIDATION, TEST.
SPLITS: dict[str, Callable[..., np.ndarray]] = {
    "temporal-user": split_by_time.temporal_user,
    "temporal-global": split_by_time.temporal_global,
    "leave-one-out": split_by_time.leave_one_out,
    "random": split_by_row.random,
    "stratified": split_by_row.stratified,
    "k-fold": split_by_row.k_fold,
    "cold-items": split_by_id.cold_items,
    "cold-users": split_by_id.cold_users,
    "mixed": split_by_id.mixed,
}
NEED_TIMESTAMPS = frozenset({"temporal-user", "temporal-global", "leave-one-out"})


_FAMILIES = {"leave-one-out": "temporal-user", "stratified": "random", "k-fold": "random"}
"""Splits whose test asks the same question as another's."""


@dataclass(frozen=True, eq=False)
class Split:
    """Three ratings tables with the columns of ``Dataset.ratings``.

    Attributes:
        kind: A key of ``SPLITS``, or ``"files"``.
        train: What models learn from.
        validation: What tuning and early stopping look at; empty where the data have no row to spare.
        test: What is scored once, at the end.
        rows: Numbers of the source table's rows in train, validation and test ([n] int64 each, ascending); None for
            ``"files"`` as they come.
        encoded_source: All rows of the source table in integers, if they were mapped already.
        test_cut: The kind of split that cut test, a key of ``SPLITS``; None for ``kind``, and for ``"files"`` for what
            the rows tell.
        validation_cut: The same for validation.
        dataset: What was split, with what is known of movies and users; None where only rows are known.
    """

    kind: str
    train: pl.DataFrame
    validation: pl.DataFrame
    test: pl.DataFrame
    rows: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None
    encoded_source: Interactions | None = None
    test_cut: str | None = None
    validation_cut: str | None = None
    dataset: Dataset | None = None

    def __post_init__(self) -> None:
        for name in ("train", "test"):
            if getattr(self, name).is_empty():
                sizes = f"{self.train.height} train, {self.validation.height} validation, {self.test.height} test"
                raise DataError(f"empty split: {self.kind} expected rows to learn from and to test on, got {sizes}")

    def __repr__(self) -> str:
        sizes = ", ".join(f"{getattr(self, part).height:,} {part}" for part in ("train", "validation", "test"))
        return f"<Split {self.kind}: {sizes}>"

    def _repr_html_(self) -> str:
        return f"<code>{escape(repr(self))}</code>{self.train.head(3)._repr_html_()}"

    @cached_property
    def asks(self) -> str:
        """The kind of split whose question test asks; ``"files"`` if that of none."""
        if self.test_cut is not None or self.kind != "files":
            return self.test_cut or self.kind
        return detect_split(self.train_and_validation, self.test) or "files"

    @cached_property
    def validation_asks(self) -> str:
        """The kind of split whose question validation asks."""
        if self.validation_cut is not None:
            return self.validation_cut
        if self.kind != "files" or self.validation.is_empty():
            return self.asks
        return detect_split(self.train, self.validation) or "files"

    @property
    def validates_as_tested(self) -> bool:
        """Whether validation asks what test asks, so that what was best there is likely to be best here."""
        validation, test = (_FAMILIES.get(kind, kind) for kind in (self.validation_asks, self.asks))
        return validation == test != "files"

    def encoded(self, part: Literal["train", "train_and_validation"]) -> Interactions:
        """What a model is fitted on, in integers."""
        if self.encoded_source is None or self.rows is None:
            return Interactions.from_ratings(getattr(self, part))
        return self.encoded_source.take(self.rows[0] if part == "train" else np.sort(np.concatenate(self.rows[:2])))

    @property
    def train_and_validation(self) -> pl.DataFrame:
        """Both together, in the source table's row order: what the final model is fitted on."""
        both = pl.concat([self.train, self.validation])
        if self.rows is None:
            return both
        return both[np.argsort(np.concatenate(self.rows[:2]), kind="stable")]


def split(dataset: Dataset, kind: str | None = None, *, seed: int = 0, **options: Any) -> Split:
    """Splits a dataset.

    Args:
        dataset: What to split.
        kind: A key of ``SPLITS``; None for ``temporal-user``, without timestamps ``random``.
        seed: For whatever the split draws at random.
        **options: Arguments of the split's function, such as ``test=0.2``, ``validation=0.1``, ``fold=0``.

    Raises:
        DataError: If there is no such split, if it needs timestamps that are not there, or if a part would be empty.
    """
    kind = kind or ("temporal-user" if dataset.has_timestamps else "random")
    if kind not in SPLITS:
        raise DataError(f"unknown split {kind!r}, expected one of {', '.join(SPLITS)}{did_you_mean(kind, SPLITS)}")
    if kind in NEED_TIMESTAMPS and not dataset.has_timestamps:
        allowed = ", ".join(name for name in SPLITS if name not in NEED_TIMESTAMPS)
        raise DataError(f"the split {kind} needs the column timestamp, which {dataset.name} lacks; allowed: {allowed}")
    known = [name for name in inspect.signature(SPLITS[kind]).parameters if name not in ("dataset", "seed")]
    for name in options:
        if name not in known:
            allowed = ", ".join(known) or "none"
            raise DataError(f"the split {kind} has the options {allowed}, got {name!r}{did_you_mean(name, known)}")
    labels = SPLITS[kind](dataset, seed=seed, **options)
    chosen = [labels == part for part in (TRAIN, VALIDATION, TEST)]
    train, validation, test = (dataset.ratings.filter(rows) for rows in chosen)
    numbers = [np.flatnonzero(rows) for rows in chosen]
    rows = (numbers[0], numbers[1], numbers[2])
    return Split(kind, train, validation, test, rows, dataset.encoded, dataset=dataset)


def folds(dataset: Dataset, *, n: int = 5, seed: int = 42, validation: float = 0.1) -> list[Split]:
    """All splits of a k-fold cross-validation.

    Args:
        dataset: What to split.
        n: Number of folds; each row is test in exactly one.
        seed: As ``random_state`` of scikit-learn's ``KFold(n, shuffle=True, random_state=seed)``.
        validation: Fraction of each fold's other rows.

    Raises:
        DataError: If there are fewer than two folds or fewer rows than folds.
    """
    return [split(dataset, "k-fold", seed=seed, fold=fold, n=n, validation=validation) for fold in range(n)]
