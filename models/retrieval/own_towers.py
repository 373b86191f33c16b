"""Two Keras models that somebody trained by themselves, as a recommender."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl

from tfrs_lab.data import Interactions
from tfrs_lab.models.backend import tf
from tfrs_lab.models.retrieval.recommender import FactorRecommender
from tfrs_lab.models.retrieval.ridge import ridge_tower

BLOCK = 4096


def own_recommender(
    query: Any, candidate: Any, rows: Interactions, users: pl.DataFrame, movies: pl.DataFrame
) -> FactorRecommender:
    """What two trained towers retrieve; new histories are answered by a regression on those of the known users.

    Args:
        query: Keras model or callable from ``user_id`` [batch] string, or a dictionary of features of ``users``, to
            [batch, dim].
        candidate: The same from ``movie_id`` or ``movie_title``, whichever its vocabulary holds.
        rows: What the users are known to have done.
        users: Features of the users of ``rows``.
        movies: Features of its movies.

    Raises:
        ValueError: A tower takes something else, or what they return is no pair of vectors.
    """
    queries = _vectors(query, users, rows.users.ids, ("user_id",), "query")
    candidates = _vectors(candidate, movies, rows.movies.ids, ("movie_title", "movie_id"), "candidate")
    if queries.shape[1] != candidates.shape[1]:
        raise ValueError(
            f"expected towers with vectors of one length, got {queries.shape[1]} (query) and {candidates.shape[1]}"
        )
    popularity = (rows.movie_counts / max(rows.movie_counts.max(), 1)).astype(np.float32)
    tower = ridge_tower(rows.matrix, queries, candidates)
    return FactorRecommender(rows.users, rows.movies, queries, candidates, popularity, tower)


def _vectors(tower: Any, table: pl.DataFrame, ids: list[str], columns: tuple[str, ...], side: str) -> np.ndarray:
    """[ids, dim] float32 of a tower."""
    table = pl.DataFrame({columns[-1]: ids}).join(table, on=columns[-1], how="left", maintain_order="left")
    problems = []
    for names, whole in _inputs(tower, table, columns):
        found = []
        try:
            for block in table.iter_slices(BLOCK):
                values = {name: tf.constant(block[name].to_list()) for name in names}
                found.append(np.asarray(tower(values if whole else values[names[0]]), np.float32))
        except (ValueError, TypeError, KeyError, tf.errors.OpError) as error:
            problems.append((str(error).strip().splitlines() or [type(error).__name__])[0])
            continue
        vectors = np.concatenate(found)
        if vectors.ndim != 2:
            raise ValueError(f"{side} tower: expected vectors [batch, dim], got the shape {vectors.shape}")
        return vectors
    raise ValueError(f"{side} tower: expected one that takes {' or '.join(columns)}, got: {problems[0]}")


def _inputs(tower: Any, table: pl.DataFrame, columns: tuple[str, ...]) -> Iterator[tuple[list[str], bool]]:
    """Names of columns to ask a tower with, and whether as a dictionary; what is likely first.

    A single column is the one whose values the tower's vocabulary holds.
    """
    layers = getattr(tower, "submodules", ())
    words = {word for layer in layers if hasattr(layer, "get_vocabulary") for word in layer.get_vocabulary()}
    yield [max(columns, key=lambda name: len(words & set(table[name].to_list())))], False
    plain = [name for name, kind in table.schema.items() if kind in (pl.String, pl.Boolean) or kind.is_numeric()]
    yield [name for name in plain if not table[name].null_count()], True
