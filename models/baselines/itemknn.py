"""Item-kNN: movies like those that the user has rated, by shrunk cosine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csr_matrix

from tfrs_lab.data.interactions import Interactions
from tfrs_lab.models.baselines.base import Range, popularity_scores
from tfrs_lab.models.baselines.item_item import ItemItem
from tfrs_lab.models.checks import Checked, Count, NotNegative

# a block's products with all movies are held at a time; with fewer in all, they are kept for the next fit
_PRODUCTS_AT_ONCE = 1 << 24
_PRODUCTS_KEPT = 1 << 27

NEIGHBOURS = Range(100, 5, 2000, steps=(4, 2))
SHRINK = Range(200.0, 0.5, 5000.0)


@dataclass(frozen=True)
class ItemKNNConfig(Checked):
    """Settings of item-kNN.

    Attributes:
        neighbours: How many most similar movies each movie keeps. Default: chosen on validation, 100 where nothing is.
        shrink: Added to the denominator of the cosine; draws movies with few ratings to 0. Default: chosen, or 200.
    """

    neighbours: Count | None = None
    shrink: NotNegative | None = None


@dataclass
class CommonRaters:
    """How many users have rated both of two movies, as sparse rows of a few movies at a time.

    Attributes:
        matrix: [users, movies] float32 with ones.
    """

    matrix: csr_matrix
    _kept: list[tuple[int, csr_matrix]] = field(default_factory=list)

    def blocks(self) -> Iterator[tuple[int, csr_matrix]]:
        """The first movie of a block, and [block, movies] float32 counts with sorted indices; the same again later."""
        if self._kept:
            yield from self._kept
            return
        products = np.cumsum(self.products())
        keep = products[-1] <= _PRODUCTS_KEPT
        by_movie = self.matrix.T.tocsr()
        start = 0
        while start < len(products):
            before = products[start - 1] if start else 0
            end = max(start + 1, int(np.searchsorted(products, before + _PRODUCTS_AT_ONCE, side="right")))
            counts = by_movie[start:end] @ self.matrix
            counts.sort_indices()
            if keep:
                self._kept.append((start, counts))
            yield start, counts
            start = end

    def products(self) -> np.ndarray:
        """[movies] int64: an upper bound of a row's entries, the ratings of all users who have rated the movie."""
        lengths = np.diff(self.matrix.indptr)
        per_rating = np.repeat(lengths, lengths)
        sums = np.bincount(self.matrix.indices, weights=per_rating, minlength=self.matrix.shape[1])
        return np.minimum(sums.astype(np.int64), self.matrix.shape[1])


def prepare_itemknn(interactions: Interactions) -> CommonRaters:
    """What fits with other neighbours and shrinkage have in common."""
    return CommonRaters(interactions.matrix)


def fit_itemknn(
    interactions: Interactions, config: ItemKNNConfig, *, seed: int, now: int | None, shared: CommonRaters | None = None
) -> ItemItem:
    """Similarity s_ij = |U_i ∩ U_j| / (√|U_i| √|U_j| + shrink), of which each movie j keeps the k largest.

    U_i are the users who have rated movie i. A user's score for j is the sum of the kept s_ij over their
    movies. Of equal similarities the lower movie id is kept. Everything is sparse: 52,000 movies take seconds.

    Sarwar et al., "Item-based collaborative filtering recommendation algorithms", WWW 2001, in the form of
    Ferrari Dacrema et al., "Are we really making much progress?", RecSys 2019, on unrated feedback.

    Raises:
        DataError: If there are no rows.
    """
    popularity = popularity_scores(interactions)
    common = shared or prepare_itemknn(interactions)
    weights = nearest(common, NEIGHBOURS.of(config.neighbours), SHRINK.of(config.shrink))
    return ItemItem(interactions.users, interactions.movies, popularity, history=interactions.matrix, weights=weights)


def nearest(common: CommonRaters, neighbours: int, shrink: float) -> csr_matrix:
    """[movies, movies] similarities; a column holds the largest of its movie, as many as neighbours are asked for."""
    movies = common.matrix.shape[1]
    norms = np.sqrt(np.bincount(common.matrix.indices, minlength=movies)).astype(np.float32)
    targets, others, values = [], [], []
    for start, counts in common.blocks():
        target = start + np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
        similarity = counts.data / (norms[target] * norms[counts.indices] + shrink)
        similarity[target == counts.indices] = 0.0
        kept = _largest(similarity, counts.indptr, neighbours)
        targets.append(target[kept])
        others.append(counts.indices[kept])
        values.append(similarity[kept])
    entries = (np.concatenate(values), (np.concatenate(others), np.concatenate(targets)))
    return csr_matrix(entries, shape=(movies, movies), dtype=np.float32)


def _largest(values: np.ndarray, indptr: np.ndarray, k: int) -> np.ndarray:
    """Places of the k largest positive values of each sparse row; of equal ones the first are taken."""
    kept = values > 0
    for row in np.flatnonzero(np.diff(indptr) > k):
        own = values[indptr[row] : indptr[row + 1]]
        least = np.partition(own, len(own) - k)[len(own) - k]
        chosen = own > least
        equal = np.flatnonzero(own == least)
        chosen[equal[: k - np.count_nonzero(chosen)]] = True
        kept[indptr[row] : indptr[row + 1]] &= chosen
    return np.flatnonzero(kept)


def effort(interactions: Interactions, config: ItemKNNConfig) -> float:
    """About how many seconds a fit takes on two cores."""
    lengths = np.diff(interactions.matrix.indptr).astype(np.float64)
    return 1e-8 * float(lengths @ lengths) + 1e-5 * len(interactions.movies)
