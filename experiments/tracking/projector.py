"""A model's vectors of movies for TensorBoard's projector, with titles and genres."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from google.protobuf.text_format import MessageToString
from tensorboard.plugins.projector.metadata import PROJECTOR_FILENAME
from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

from tfrs_lab.data.storage import write_text
from tfrs_lab.experiments.reports.movie_map import VECTORS

MOST = 10_000
"""Number of movies shown, the most rated: the projector draws them in a browser."""


def movie_vectors(recommender: Any) -> np.ndarray | None:
    """[movies, dim] float32: the vectors of a model whose score is an inner product; None for others."""
    model = getattr(recommender, "retrieval", recommender)  # of a cascade, its retriever's
    for name in VECTORS:
        found = getattr(model, name, None)
        if isinstance(found, np.ndarray) and found.ndim == 2 and len(found) == len(recommender.movies) > 0:
            return found if np.issubdtype(found.dtype, np.floating) else None
    return None


def write_projector(directory: Path, recommender: Any, movies: pl.DataFrame, known: pl.DataFrame) -> None:
    """Writes vectors, titles and the projector's configuration; nothing for a model without vectors.

    Args:
        directory: What TensorBoard takes for a run.
        recommender: The model.
        movies: Titles and, where known, genres and years.
        known: The rows that the model was fitted on; says which movies are rated most.
    """
    vectors = movie_vectors(recommender)
    if vectors is None or not vectors.shape[1]:
        return
    table = _metadata(recommender.movies.ids, movies, known)
    chosen = table.sort(["ratings", "place"], descending=[True, False]).head(MOST)
    text = io.StringIO()
    np.savetxt(text, vectors[chosen["place"].to_numpy()], fmt="%.5g", delimiter="\t")
    write_text(directory / "movie_vectors.tsv", text.getvalue())
    write_text(directory / "movies.tsv", _lines(chosen.drop("place")))
    config = ProjectorConfig()
    config.embeddings.add(
        tensor_name="movies", tensor_path="movie_vectors.tsv", metadata_path="movies.tsv",
        tensor_shape=[len(chosen), vectors.shape[1]],
    )  # fmt: skip
    write_text(directory / PROJECTOR_FILENAME, MessageToString(config))


def _metadata(movie_ids: list[str], movies: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """``movie_title``, what else is known of each movie, ``movie_id``, ``ratings`` and ``place`` among the model's."""
    own = pl.DataFrame({"movie_id": movie_ids}).with_row_index("place")
    raters = known.group_by("movie_id").len("ratings")
    further = [name for name in ("movie_genres", "release_year") if name in movies.columns]
    told = movies.select("movie_id", "movie_title", *further)
    joined = own.join(told, on="movie_id", how="left").join(raters, on="movie_id", how="left")
    filled = joined.with_columns(pl.col("movie_title").fill_null(pl.col("movie_id")), pl.col("ratings").fill_null(0))
    return filled.select("movie_title", *further, "movie_id", "ratings", "place").sort("place")


def _lines(table: pl.DataFrame) -> str:
    """Tab-separated text; white space within a cell becomes one blank, for a tab or a newline would move all others."""
    rows = [table.columns, *table.iter_rows()]
    return "".join("\t".join(map(_cell, row)) + "\n" for row in rows)


def _cell(value: Any) -> str:
    text = "|".join(value) if isinstance(value, list) else "" if value is None else str(value)
    return " ".join(text.split()) or "–"
