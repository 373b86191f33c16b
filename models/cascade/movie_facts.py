"""What is known of movies besides their ratings, as numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from tfrs_lab.data.interactions import Vocabulary
from tfrs_lab.models.content.inputs import raw_movies

DAYS_A_YEAR = 365.25


@dataclass(frozen=True, eq=False)
class MovieFacts:
    """Genres and release dates.

    Attributes:
        genres: [movies, genres] float32 rows that sum to 1, or zeros where no genre is known.
        released: [movies] float32 days since 1970, the middle of the year where only that is known; else NaN.
    """

    genres: np.ndarray
    released: np.ndarray

    @classmethod
    def of(cls, movies: pl.DataFrame | None, vocabulary: Vocabulary) -> MovieFacts:
        """Facts in the order of a vocabulary."""
        if movies is None:
            return cls(np.zeros((len(vocabulary), 0), np.float32), np.full(len(vocabulary), np.nan, np.float32))
        raw = raw_movies(movies, vocabulary)
        names = np.setdiff1d(raw["movie_genres"], [""])
        having = (raw["movie_genres"][:, :, None] == names).any(axis=1).astype(np.float32)
        middle = (raw["release_year"] - 1970 + 0.5) * DAYS_A_YEAR
        released = np.where(np.isnan(raw["release_date"]), middle, raw["release_date"])
        return cls(having / np.maximum(having.sum(axis=1, keepdims=True), 1), released.astype(np.float32))
