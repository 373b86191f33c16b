"""Graphs that were written by hand beside a model have to say what the model says: nothing else is exported."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

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
    scores = np.vstack([servable.queries[chosen], servable.stranger]) @ servable.candidates.T
    if servable.reranker is not None:
        rows = tf.tile(tf.range(movies)[None], [len(asked), 1])
        scores = servable.reranker(tf.constant(asked), rows, tf.constant(scores)).numpy()
    _same("scores", scores, recommender.score(asked))
    histories = _some_histories(servable, movies)
    found = servable.history(_padded(histories), tf.zeros((histories.shape[0], 1)))
    _same("queries of histories", found.numpy(), vectors.of_histories(histories, [""] * histories.shape[0]))
    rows = np.unique(np.linspace(0, movies - 1, SOME).astype(np.int32))
    blocks = [tf.constant(block, tf.float32) for block in servable.alike]
    likeness = np.array([alike_to_all(blocks, tf.constant(row)).numpy() for row in rows])
    _same("likeness", likeness, recommender.similarity(rows))


def _some_histories(servable: Servable, movies: int) -> csr_matrix:
    """[SOME, movies]: an empty one, short ones and those of some users."""
    values, starts = servable.seen
    found = np.zeros((SOME, movies), np.float32)
    for place in range(1, SOME):
        found[place, (np.arange(place) * 7 + place) % movies] = 1.0
        if place > SOME // 2 and len(starts) > place:
            found[place, values[starts[place - 1] : starts[place]]] = 1.0
    return csr_matrix(found)


def _padded(matrix: csr_matrix) -> tf.Tensor:
    rows = np.split(matrix.indices, matrix.indptr[1:-1])
    width = max(map(len, rows))
    return tf.constant([np.pad(row, (0, width - len(row)), constant_values=-1) for row in rows], tf.int32)


def _same(what: str, graph: np.ndarray, model: np.ndarray) -> None:
    size = max(float(np.abs(model).max(initial=0.0)), 1e-6)
    apart = float(np.abs(graph - model).max(initial=0.0)) / size
    if not apart <= TOLERANCE:
        raise ValueError(
            f"{what}: expected the graph to agree with the model, got a difference of {apart:.2g} of the largest; "
            "the model class has changed and experiments/servable_*.py has not"
        )
