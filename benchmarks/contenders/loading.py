"""From a CSV in GroupLens's format to encoded parts of a split, by this project's data room and by pandas.

Both tell seconds, peak memory in GB and rows of each part. pandas is in the peers' environment, which has none of this
project's packages.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.contenders.worker import peak_gb


def ours(folder: str) -> dict[str, Any]:
    """``data.load`` and ``data.split``."""
    from tfrs_lab.data import load, split

    with tempfile.TemporaryDirectory() as cache:
        started = time.perf_counter()
        parts = split(load("20m", data_dir=folder, cache_dir=cache), "temporal-user")
        train = parts.encoded("train")
        later = [
            (train.users.encode(rows["user_id"]), train.movies.encode(rows["movie_id"]))
            for rows in (parts.validation, parts.test)
        ]
        seconds = time.perf_counter() - started
    return {"seconds": seconds, "rows": [len(train), *(len(users) for users, _ in later)], "peak_gb": peak_gb()}


def by_pandas(directory: str, copy: str | None = None) -> dict[str, Any]:
    """``read_csv``, a sort and categories; with a ``copy`` values are checked and kept there as Parquet, as we do."""
    import numpy as np
    import pandas as pd

    folder, started = Path(directory), time.perf_counter()
    ratings = pd.read_csv(folder / "ratings.csv")
    pd.read_csv(folder / "movies.csv")
    if copy is not None:
        times, rows = ratings["timestamp"], ratings[["userId", "movieId"]]
        if ratings.isna().any().any() or not np.isfinite(ratings["rating"]).all() or not times.between(0, 4e9).all():
            raise SystemExit("expected numbers in each row, and times from 1970 to 2100")
        if rows.duplicated().any():
            raise SystemExit("expected one rating for each user and movie")
        ratings.to_parquet(copy)
    ordered = ratings.sort_values(["userId", "timestamp"], kind="stable")
    by_user = ordered.groupby("userId", sort=False)["timestamp"]
    place, size = by_user.cumcount(), by_user.transform("size")
    train_end, test_start = np.maximum(np.rint(0.7 * size), 1), np.rint(0.8 * size)
    train = ordered[place < train_end]
    validation = ordered[(place >= train_end) & (place < test_start)]
    parts = [train, validation, ordered[place >= np.maximum(train_end, test_start)]]
    encoded = []
    for column in ("userId", "movieId"):
        categories = pd.CategoricalDtype(np.sort(train[column].unique()))
        encoded.append([part[column].astype(categories).cat.codes.to_numpy(np.int32) for part in parts])
    seconds = time.perf_counter() - started
    rows = [len(users) for users in encoded[0]]
    return {"seconds": seconds, "rows": rows, "pandas": pd.__version__, "peak_gb": peak_gb()}
