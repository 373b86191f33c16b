"""The rows that the contenders of ``benchmarks.training`` train on, in a file that each can read."""

from __future__ import annotations

from pathlib import Path

import numpy as np

TRAIN_ROWS = 80_000


def write_rows(file: Path) -> None:
    """The tutorial's train set: 80,000 of MovieLens-100K's rows, users by id and movies by title.

    Writes ``user_id`` and ``movie_title`` [rows] strings, ``user`` and ``movie`` [rows] int32, and the numbers of each.
    """
    from tfrs_lab.data import Interactions, load

    dataset = load("100k")
    titled = dataset.ratings.join(dataset.movies.select("movie_id", "movie_title"), on="movie_id", how="left")
    rows = titled.select("user_id", movie_id="movie_title").sample(TRAIN_ROWS, seed=42, shuffle=True)
    encoded = Interactions.from_ratings(rows)
    np.savez(
        file,
        user_id=rows["user_id"].to_numpy().astype(np.bytes_),
        movie_title=np.array([title.encode() for title in rows["movie_id"]]),
        user=encoded.user,
        movie=encoded.movie,
    )
