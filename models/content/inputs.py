"""Raw features of movies as arrays: what the candidate tower's graph takes."""

from __future__ import annotations

import numpy as np
import polars as pl

from tfrs_lab.data.interactions import Vocabulary
from tfrs_lab.data.tables import movies_table
from tfrs_lab.models.content.sentences import sentence_vectors

DAYS_PER_YEAR = 365.25

RawMovies = dict[str, np.ndarray]
"""``movie_title`` [movies] str; ``movie_genres`` and ``tags`` [movies, any] str, padded with ""; ``release_year`` and
``release_date`` [movies] float32, years and days since 1970, NaN where missing; maybe ``sentence`` [movies, dim]."""


def raw_movies(movies: pl.DataFrame, vocabulary: Vocabulary, sentences: str = "") -> RawMovies:
    """Raw features in the order of a vocabulary; movies that the table lacks have none.

    ``sentences`` names an encoder of ``tfrs_lab.models.content.sentences`` for vectors of titles; empty for none.
    """
    ids = pl.DataFrame({"movie_id": vocabulary.ids}, schema={"movie_id": pl.String})
    table = ids.join(movies_table(movies), on="movie_id", how="left", maintain_order="left")
    days = table["release_date"].cast(pl.Date).cast(pl.Int32).cast(pl.Float32)
    titles = table["movie_title"].fill_null("")
    without_year = titles.str.replace(r"\s*\(\d{4}\)\s*$", "").to_list()
    vectors = {"sentence": sentence_vectors(without_year, sentences)} if sentences else {}
    return {
        **vectors,
        "movie_title": titles.to_numpy().astype(str),
        "movie_genres": _padded(table["movie_genres"]),
        "release_year": table["release_year"].cast(pl.Float32).fill_null(float("nan")).to_numpy(),
        "release_date": days.fill_null(float("nan")).to_numpy(),
        "tags": _padded(table["tags"]),
    }


def _padded(lists: pl.Series) -> np.ndarray:
    """[n, longest] str from [n] lists, padded with ""; at least one column."""
    rows = [row.to_list() if row is not None else [] for row in lists]
    width = max([1, *map(len, rows)])
    return np.array([row + [""] * (width - len(row)) for row in rows], dtype=str).reshape(len(rows), width)
