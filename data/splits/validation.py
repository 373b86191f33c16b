"""Cuts validation from the train rows of ready-made files, the way their test part was cut."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl

from tfrs_lab.data.dataset import Dataset
from tfrs_lab.data.errors import DataError
from tfrs_lab.data.splits import by_id as split_by_id
from tfrs_lab.data.splits import by_row as split_by_row
from tfrs_lab.data.splits import by_time as split_by_time
from tfrs_lab.data.splits.kinds import NEED_TIMESTAMPS, SPLITS, Split

Cut = Callable[[pl.DataFrame, np.random.Generator], np.ndarray]

CUTS: dict[str, Cut] = {
    # an eighth of what 20 % of test have left is a tenth of all, as in the splits themselves
    "temporal-user": lambda rows, rng: split_by_time.last_of_each_user(rows, 0.125),
    "leave-one-out": lambda rows, rng: split_by_time.last_of_each_user(rows, 0.0),
    "temporal-global": lambda rows, rng: split_by_time.last_of_all(rows, 0.125),
    "random": lambda rows, rng: split_by_row.stratified_by_movie(rows, 0.1, rng),
    "stratified": lambda rows, rng: split_by_row.stratified_by_movie(rows, 0.1, rng),
    "k-fold": lambda rows, rng: split_by_row.stratified_by_movie(rows, 0.1, rng),
    "cold-items": lambda rows, rng: split_by_id.of_drawn("movie_id", rows, 0.1, rng, 5),
    "cold-users": lambda rows, rng: split_by_id.of_drawn("user_id", rows, 0.1, rng),
    "mixed": lambda rows, rng: split_by_id.drawn_and_cold(rows, 0.2, rng, 0.1, 5),
}
"""By the kind of the split: from [n] rows to [n] bool, which are held out."""


def held_out(ratings: pl.DataFrame, kind: str, *, seed: int = 0) -> tuple[np.ndarray, str]:
    """Rows to validate on.

    Where a cut leaves nothing on one side, as one of users does with all rows of one user, it is a draw of each movie's
    rows; where that does too, nothing is held out.
    Returned are [n] bool and the kind of the cut, which is a draw for kinds that are none of ``SPLITS``.
    """
    for cut in dict.fromkeys([kind if kind in CUTS else "random", "random"]):
        try:
            held = CUTS[cut](ratings, np.random.default_rng(seed))
        except DataError:
            continue
        if held.any() and not held.all():
            return held, cut
    return np.zeros(ratings.height, dtype=bool), "random"


def with_validation(files: Split, dataset: Dataset, *, seed: int = 0, kind: str | None = None) -> Split:
    """Cuts a validation part from train, the way test was cut; see ``held_out``.

    ``files`` and ``dataset`` are what ``data.load_split_files`` gives without validation. A ``kind`` of ``SPLITS``
    overrides how to cut; where the rows do not tell how test was cut, it is believed to have been cut like this.

    Raises:
        DataError: There is no such split, or it needs timestamps, which are not there.
    """
    wanted = kind or files.asks
    if kind is not None and kind not in SPLITS:
        raise DataError(f"expected one of {', '.join(SPLITS)} to cut validation, got {kind!r}")
    if wanted in NEED_TIMESTAMPS and "timestamp" not in files.train.columns:
        raise DataError(f"cutting validation as {wanted} does needs the column timestamp, which train lacks")
    held, cut = held_out(files.train, wanted, seed=seed)
    if not held.any():
        return files
    test = np.arange(files.train.height, dataset.ratings.height)
    return replace(
        files,
        train=files.train.filter(~held),
        validation=files.train.filter(held),
        rows=(np.flatnonzero(~held), np.flatnonzero(held), test),
        encoded_source=dataset.encoded,
        test_cut=(kind or "files") if files.asks == "files" else files.asks,
        validation_cut=cut,
    )
