"""Repeated events: a pair of user and movie that occurs several times counts once, as it was last."""

from __future__ import annotations

import numpy as np
import polars as pl

from tfrs_lab.data.reading.ratings_table import repetitions


def merge(ratings: pl.DataFrame) -> pl.DataFrame:
    """Keeps one row of each pair: the one with the latest time, of equal times and without times the last.

    Args:
        ratings: [n] rows.

    Returns:
        The rows that are kept, in the order that they had.
    """
    again = repetitions(ratings)
    if again.is_empty():
        return ratings
    rows = np.union1d(again["first"].to_numpy(), again["second"].to_numpy())
    order = ["timestamp", "row"] if "timestamp" in ratings.columns else ["row"]
    several = ratings[rows].with_columns(pl.Series("row", rows))
    latest = several.sort(order).unique(["user_id", "movie_id"], keep="last", maintain_order=False)
    keep = np.ones(ratings.height, dtype=bool)
    keep[rows] = False
    keep[latest["row"].to_numpy()] = True
    return ratings.filter(keep)
