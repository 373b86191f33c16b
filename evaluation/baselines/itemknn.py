"""Item-kNN: movies like those that the user has rated, by shrunk cosine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from data.interactions import Interactions
from evaluation.baselines.base import popularity_scores
from evaluation.baselines.item_item import ItemItem
from evaluation.baselines.ranges import Range
from evaluation.topk import top_k

# similarities are dense for a block of movies at a time: [block, movies] float32
_CELLS_AT_ONCE = 1 << 24
NEIGHBOURS = Range(100, 5, 2000, steps=(4, 2))
SHRINK = Range(200.0, 0.5, 5000.0)


@dataclass(frozen=True)
class ItemKNNConfig:
    """Settings of item-kNN.

    Attributes:
        neighbours: How many most similar movies each movie keeps. Default: chosen on validation, 100 where nothing is.
        shrink: Added to the denominator of the cosine; draws movies with few ratings to 0. Default: chosen, or 200.
    """

    neighbours: int | None = None
    shrink: float | None = None

    def __post_init__(self) -> None:
        if NEIGHBOURS.of(self.neighbours) < 1 or not SHRINK.of(self.shrink) >= 0:
            raise ValueError(f"need neighbours >= 1 and shrink >= 0, got {self.neighbours} and {self.shrink}")


def fit_itemknn(interactions: Interactions, config: ItemKNNConfig, *, seed: int, now: int | None) -> ItemItem:
    """Similarity s_ij = |U_i ∩ U_j| / (√|U_i| √|U_j| + shrink), of which each movie j keeps the k largest.

    U_i are the users who have rated movie i. A user's score for j is the sum of the kept s_ij over their
    movies.

    Sarwar et al., "Item-based collaborative filtering recommendation algorithms", WWW 2001, in the form of
    Ferrari Dacrema et al., "Are we really making much progress?", RecSys 2019, on unrated feedback.

    Args:
        interactions: Train rows.
        config: Neighbours and shrinkage.
        seed: Not used.
        now: Not used.

    Raises:
        DataError: If there are no rows.
    """
    return ItemItem(
        interactions.users,
        interactions.movies,
        popularity_scores(interactions),
        history=interactions.matrix,
        weights=_nearest(interactions.matrix, config),
    )


def _nearest(matrix: csr_matrix, config: ItemKNNConfig) -> csr_matrix:
    """[movies, movies] similarities; a column holds the k nearest neighbours of its movie.

    Args:
        matrix: [users, movies] float32 with ones.
        config: Neighbours and shrinkage.
    """
    by_movie = matrix.T.tocsr()
    norms = np.sqrt(np.diff(by_movie.indptr)).astype(np.float32)
    movies = len(norms)
    block = max(1, _CELLS_AT_ONCE // movies)
    rows, columns, values = [], [], []
    for start in range(0, movies, block):
        together = (by_movie[start : start + block] @ matrix).toarray()
        inside = np.arange(len(together))
        together /= norms[start : start + block, None] * norms + SHRINK.of(config.shrink)
        together[inside, start + inside] = 0.0
        neighbours, similarity = top_k(together, min(NEIGHBOURS.of(config.neighbours), movies))
        target, place = np.nonzero(similarity > 0)
        rows.append(neighbours[target, place])
        columns.append(start + target)
        values.append(similarity[target, place])
    entries = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    return csr_matrix(entries, shape=(movies, movies), dtype=np.float32)
