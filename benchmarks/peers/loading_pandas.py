"""From a CSV in GroupLens's format to encoded parts of a split, with pandas.

With a second argument, a file's name, the values are checked first and kept there as Parquet, as this project does.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.worker import say


def check(ratings: pd.DataFrame) -> None:
    """Refuses what this project refuses once a file is in columns: missing and impossible values, repeated pairs."""
    times, rows = ratings["timestamp"], ratings[["userId", "movieId"]]
    if ratings.isna().any().any() or not np.isfinite(ratings["rating"]).all() or not times.between(0, 4e9).all():
        raise SystemExit("expected numbers in each row, and times from 1970 to 2100")
    if rows.duplicated().any():
        raise SystemExit("expected one rating for each user and movie")


def main() -> None:
    """Reads the directory that is named; tells seconds, peak memory in GB and rows of each part."""
    started = time.perf_counter()
    ratings = pd.read_csv(Path(sys.argv[1], "ratings.csv"))
    pd.read_csv(Path(sys.argv[1], "movies.csv"))
    if len(sys.argv) > 2:
        check(ratings)
        ratings.to_parquet(sys.argv[2])
    ordered = ratings.sort_values(["userId", "timestamp"], kind="stable")
    by_user = ordered.groupby("userId", sort=False)["timestamp"]
    place, size = by_user.cumcount(), by_user.transform("size")
    train_end, test_start = np.maximum(np.rint(0.7 * size), 1), np.rint(0.8 * size)
    train = ordered[place < train_end]
    validation = ordered[(place >= train_end) & (place < test_start)]
    parts = [train, validation, ordered[place >= np.maximum(train_end, test_start)]]
    encoded = []
    for column in ("userId", "movieId"):
        known = pd.CategoricalDtype(np.sort(train[column].unique()))
        encoded.append([part[column].astype(known).cat.codes.to_numpy(np.int32) for part in parts])
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e9
    say({"seconds": seconds, "peak_gb": peak, "rows": [len(users) for users in encoded[0]], "pandas": pd.__version__})


if __name__ == "__main__":
    main()
