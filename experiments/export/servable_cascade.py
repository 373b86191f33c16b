"""The cascade: its retriever's vectors, and the order of its ranker as a graph."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tfrs_lab.experiments.export.servable_vectors import Vectors, factor_vectors
from tfrs_lab.models.cascade.recommender import CascadeRecommender, moments, standardised_scores
from tfrs_lab.serving.reranking import StoredOrder

CELLS = 1 << 24
"""So many scores at a time."""


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
