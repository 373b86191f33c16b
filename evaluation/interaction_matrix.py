"""Ratings as a sparse matrix."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix

from tfrs_lab.data import Vocabulary


def interaction_matrix(ratings: pl.DataFrame, users: Vocabulary, movies: Vocabulary) -> csr_matrix:
    """[users, movies] float32, 1 where there is a rating; rows of other users and movies are left out."""
    columns = movies.encode(ratings["movie_id"])
    order = pl.DataFrame({"user_id": users.ids, "row": np.arange(len(users), dtype=np.int32)})
    rows = ratings.select("user_id").join(order, on="user_id", how="left", maintain_order="left")["row"]
    inside = (rows.is_not_null().to_numpy()) & (columns >= 0)
    places = rows.fill_null(0).to_numpy()[inside], columns[inside]
    found = csr_matrix((np.ones(len(places[0]), np.float32), places), shape=(len(users), len(movies)))
    found.sum_duplicates()
    found.data[:] = 1.0
    return found
