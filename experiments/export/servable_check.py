"""Graphs that were written by hand beside a model have to say what the model says: nothing else is exported."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from tfrs_lab.experiments.export.servable_scores import scores_of
from tfrs_lab.experiments.export.servable_vectors import Vectors
from tfrs_lab.serving.backend import tf
from tfrs_lab.serving.diversity import alike_to_all
from tfrs_lab.serving.servable import Servable

TOLERANCE = 2e-3
"""Of the largest number that is compared: both sides are float32 and add in different orders."""
SOME = 6


def check(servable: Servable, recommender: Any, vectors: Vectors) -> None:
    """Compares scores, in the ranker's order if there is one, histories and likeness of some users and movies."""
    users, movies = len(recommender.users), len(recommender.movies)
    chosen = np.unique(np.linspace(0, users - 1, SOME).astype(np.int32)) if users else np.zeros(0, np.int32)
    asked = np.append(chosen, -1).astype(np.int32)
    scores = scores_of(servable, asked, np.vstack([servable.queries[chosen], servable.stranger]))
    if servable.reranker is not None:
        rows = tf.tile(tf.range(movies)[None], [len(asked), 1])
        scores = servable.reranker(tf.constant(asked), rows, tf.constant(scores)).numpy()
    _same("scores", scores, recommender.score(asked))
    histories = _some_histories(servable, movies)
    padded = _padded(histories)
    found = servable.history(padded, tf.zeros_like(padded, tf.float32))
    _same("queries of histories", found.numpy(), vectors.of_histories(_places(histories, movies), [""] * SOME))
    rows = np.unique(np.linspace(0, movies - 1, SOME).astype(np.int32))
    blocks = [tf.constant(block, tf.float32) for block in servable.alike]
    likeness = np.array([alike_to_all(blocks, tf.constant(row)).numpy() for row in rows])
    _same("likeness", likeness, recommender.similarity(rows))


def _some_histories(servable: Servable, movies: int) -> list[list[int]]:
    """Movies in order: of nobody, a few, and with them those of some users."""
    values, starts = servable.seen
    found: list[list[int]] = [[]]
    for place in range(1, SOME):
        movies_of = [(number * 7 + place) % movies for number in range(place)]
        if place > SOME // 2 and len(starts) > place:
            movies_of += values[starts[place - 1] : starts[place]].tolist()
        found.append(list(dict.fromkeys(movies_of)))
    return found


def _padded(histories: list[list[int]]) -> tf.Tensor:
    """[SOME, any] int32, padded with -1."""
    return tf.ragged.constant(histories, dtype=tf.int32).to_tensor(-1)


def _places(histories: list[list[int]], movies: int) -> csr_matrix:
    """[SOME, movies]: the places of the movies in the histories, 1 for the oldest."""
    found = np.zeros((SOME, movies), np.int32)
    for row, history in enumerate(histories):
        found[row, history] = np.arange(1, len(history) + 1)
    return csr_matrix(found)


def _same(what: str, graph: np.ndarray, model: np.ndarray) -> None:
    size = max(float(np.abs(model).max(initial=0.0)), 1e-6)
    apart = float(np.abs(graph - model).max(initial=0.0)) / size
    if not apart <= TOLERANCE:
        raise ValueError(
            f"{what}: expected the graph to agree with the model, got a difference of {apart:.2g} of the largest; "
            "the model class has changed and experiments/servable_*.py has not"
        )
