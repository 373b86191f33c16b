"""Each kind of model as vectors, and its way from a history to a query as a graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from tfrs_lab.models.baselines import FactorModel
from tfrs_lab.models.cascade.recommender import CascadeRecommender, moments, standardised_scores
from tfrs_lab.models.content.encoder import ContentEncoder, load_encoder
from tfrs_lab.models.content.recommender import ContentRecommender
from tfrs_lab.models.retrieval.query_tower import QueryTower
from tfrs_lab.models.retrieval.recommender import FactorRecommender
from tfrs_lab.serving.backend import Untracked, tf
from tfrs_lab.serving.queries import LeastSquaresQuery, MeanQuery, count
from tfrs_lab.serving.reranking import StoredOrder
from tfrs_lab.serving.servable import Following, HistoryQuery, MovieEncoder, Reranker


@dataclass(frozen=True, eq=False)
class Vectors:
    """A model that retrieves by an inner product; see ``tfrs_lab.serving.servable.Servable`` for the fields it shares.

    Attributes:
        queries: [users, dim] float32: of the model's own users.
        default_query: [dim] float32: of users of whom nothing is known.
        candidates: [movies, dim] float32.
        history: From histories to queries in the graph.
        of_histories: From [batch, movies] and [batch] user ids to queries [batch, dim]: what the model itself says.
        encoder: From raw features to candidates in the graph.
        people: Ids of people whose demographics the model uses.
        reranker: Puts what was retrieved for the model's own users in a new order.
        following: What the latest movies add to the scores of others.
    """

    queries: np.ndarray
    default_query: np.ndarray
    candidates: np.ndarray
    history: HistoryQuery
    of_histories: Callable[[csr_matrix, Sequence[str]], np.ndarray]
    likeness: tuple[np.ndarray, ...] = ()
    encoder: MovieEncoder | None = None
    people: Sequence[str] = ()
    reranker: Reranker | None = None
    following: Following | None = None


def factor_vectors(model: FactorRecommender) -> Vectors:
    """Of users and movies.

    Further dimensions hold popularity, which unknown users are ranked by, and, for a model with neighbours, what these
    count: 1 for whoever has a history.
    """
    queries, candidates, default = with_popularity(model.queries, model.candidates, model.popularity)
    if model.neighbours is not None:
        queries = np.pad(queries, ((0, 0), (0, 1)), constant_values=1.0)
        candidates, default = np.pad(candidates, ((0, 0), (0, 1))), np.pad(default, (0, 1))
    history = TowerQuery(model.tower, default, model.neighbours is not None)

    def of_histories(history: csr_matrix, user_ids: Sequence[str]) -> np.ndarray:
        found = np.pad(model.tower.queries(history), ((0, 0), (0, 1)))
        if model.neighbours is not None:
            found = np.pad(found, ((0, 0), (0, 1)), constant_values=1.0)
        return np.where(np.diff(history.indptr)[:, None] > 0, found, default).astype(np.float32)

    return Vectors(
        queries,
        default,
        candidates,
        history,
        of_histories,
        likeness=(model.alike,),
        following=None if model.neighbours is None else model.neighbours.module,
    )


class TowerQuery(tf.Module):
    """The model's own query tower, with the further numbers that hold popularity and what neighbours count.

    Args:
        tower: From histories to queries.
        empty: [dim + 1 or 2] float32: the query for an empty history.
        neighbours: Whether the model has any.
    """

    def __init__(self, tower: QueryTower, empty: np.ndarray, neighbours: bool) -> None:
        super().__init__()
        self.tower = tower.module
        self.empty = tf.constant(empty, tf.float32)
        self.further = tf.constant([0.0, 1.0] if neighbours else [0.0])

    def __call__(self, movies: tf.Tensor, rating: tf.Tensor) -> tf.Tensor:
        """Ratings are not used."""
        number = count(movies)
        found = tf.concat([self.tower(movies), tf.ones_like(number) * self.further], axis=1)
        return tf.where(number > 0, found, self.empty)


def with_popularity(
    queries: np.ndarray, candidates: np.ndarray, popularity: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Queries [users, dim + 1], candidates [movies, dim + 1] and a query [dim + 1] that ranks by popularity alone."""
    scale = max(float(np.abs(popularity).max(initial=0.0)), 1e-12)
    default = np.zeros(candidates.shape[1] + 1, np.float32)
    default[-1] = scale
    longer = np.pad(queries, ((0, 0), (0, 1))).astype(np.float32)
    return longer, np.column_stack([candidates, popularity / scale]).astype(np.float32), default


def least_squares_vectors(model: FactorModel) -> Vectors:
    """Of iALS; one more dimension holds popularity, which unknown users are ranked by."""
    queries, candidates, default = with_popularity(model.user_factors, model.movie_factors, model.popularity)
    history = LeastSquaresQuery(model.movie_factors, model.alpha, model.regularization, empty=default)

    def of_histories(matrix: csr_matrix, user_ids: Sequence[str]) -> np.ndarray:
        rows = np.split(matrix.indices, matrix.indptr[1:-1]) if matrix.shape[0] else []
        width = max([1, *map(len, rows)])
        padded = [np.pad(row, (0, width - len(row)), constant_values=-1) for row in rows]
        places = tf.constant(np.array(padded, dtype=np.int32).reshape(len(rows), width))
        found: np.ndarray = history(places, tf.zeros_like(places, tf.float32)).numpy()
        return found

    return Vectors(queries, default, candidates, history, of_histories, likeness=(model.movie_factors,))


def content_vectors(model: ContentRecommender) -> Vectors:
    """Of content; new movies can join."""
    anybody = model.people.queries[0].astype(np.float32)
    return Vectors(
        queries=model.queries,
        default_query=anybody,
        candidates=model.candidates,
        history=MeanQuery(model.histories, empty=anybody, start=anybody, prior=model.prior),
        of_histories=model.history_queries,
        encoder=CandidateEncoder(load_encoder(model.encoder)),
        people=model.people.ids.ids,
    )


class CandidateEncoder(tf.Module):
    """From raw features to the content model's candidate vectors."""

    def __init__(self, encoder: ContentEncoder) -> None:
        super().__init__()
        self.layers = [encoder.features, *(part.tower for part in encoder.parts.values())]  # for the SavedModel to keep
        self.encoder = Untracked(encoder)
        self.features = {name: _spec(name, value) for name, value in encoder.features.nothing().items()}

    def __call__(self, raw: dict[str, tf.Tensor]) -> tf.Tensor:
        """[batch, dim] float32."""
        return self.encoder.value(raw)[1]


def _spec(name: str, value: Any) -> tf.TensorSpec:
    """A free batch, lists of any length, and sentence vectors of the one length that they have."""
    shape = [None, *(value.shape[1:] if name == "sentence" else [None] * (len(value.shape) - 1))]
    return tf.TensorSpec(shape, value.dtype, name=name)


CELLS = 1 << 24
"""Scores per block."""


def cascade_vectors(model: CascadeRecommender) -> Vectors:
    """Of the retriever; where the ranker stayed out, of nothing else."""
    vectors = factor_vectors(model.retrieval)
    ranked = model.weight > 0 and min(model.depth, model.candidates.shape[1]) > 0
    return replace(vectors, reranker=stored_order(model)) if ranked else vectors


def stored_order(model: CascadeRecommender) -> StoredOrder:
    """The final scores of each known user's list, and what makes others comparable with them."""
    step = max(1, CELLS // max(len(model.movies), 1))
    parts = []
    for start in range(0, len(model.users), step):
        users = np.arange(start, min(start + step, len(model.users)), dtype=np.int32)
        scores = model.retrieval.score(users)
        parts.append((*model.reordered(users, standardised_scores(scores)), *(each[:, 0] for each in moments(scores))))
    return StoredOrder(*(np.concatenate(part) for part in zip(*parts, strict=True)))
