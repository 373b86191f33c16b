"""What people want to see beside an export's numbers: titles, genres, years, and who has rated what."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from tfrs_lab.serving.servable import Servable

MOST_RATINGS = 1_000_000
"""With more of them, histories are left out: a page that shows them would have to hold them all."""


def catalogue(servable: Servable, known: pl.DataFrame) -> dict[str, Any]:
    """The content of ``assets.extra/catalogue.json``.

    Args:
        servable: What is exported.
        known: The rows that the model was fitted on.

    Returns:
        ``movies``, those that are not recommended any more among them, since they are in histories: ``movie_id``,
        ``movie_title``, ``movie_genres``, ``release_year`` or None; and ``users``: for every user, id → [movie id,
        rating or None] in the order in which they were made.
    """
    movies = [
        {
            "movie_id": str(servable.movie_ids[row]),
            "movie_title": str(servable.titles[row]),
            "movie_genres": [servable.genre_names[column] for column in np.flatnonzero(servable.genres[row])],
            "release_year": int(servable.years[row]) or None,
        }
        for row in range(len(servable.movie_ids))
    ]
    return {"movies": movies, "users": _histories(servable, known) if known.height <= MOST_RATINGS else {}}


def _histories(servable: Servable, known: pl.DataFrame) -> dict[str, list[list[Any]]]:
    rating = pl.col("user_rating") if "user_rating" in known.columns else pl.lit(None, pl.Float32).alias("user_rating")
    ordered = known.sort("timestamp", maintain_order=True) if "timestamp" in known.columns else known
    found: dict[str, list[list[Any]]] = {str(user): [] for user in servable.user_ids}
    for user, movie, value in ordered.select("user_id", "movie_id", rating).iter_rows():
        if user in found:
            found[user].append([movie, value])
    return found
