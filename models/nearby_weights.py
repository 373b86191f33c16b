"""EASE's regressions on a movie's nearest movies alone: sparse weights for large catalogues."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

# systems [block, k, k] float64 are solved at a time
_CELLS_AT_ONCE = 1 << 21


def nearby_weights(pairs: csr_matrix, near: csr_matrix, regularization: float) -> csr_matrix:
    """Minimises ‖X_j − X_N b‖² + λ‖b‖² for each movie j over its near movies N: b = (G_NN + λI)⁻¹ G_Nj with G = XᵀX.

    With all other movies near, this is EASE: its column j is the ridge regression of movie j on all others. Ning and
    Karypis, "SLIM: sparse linear methods for top-n recommender systems", ICDM 2011, likewise select columns by
    neighbourhood (fsSLIM), with an L1 penalty besides. Takes movies · k³ operations.

    Args:
        pairs: [movies, movies] G with sorted indices.
        near: [movies, movies], stored in column j where a movie is near to j; the diagonal is empty.
        regularization: λ.

    Returns:
        [movies, movies] float32 b, stored where ``near`` is.
    """
    lists = near.T.tocsr()
    lists.sort_indices()
    lengths = np.diff(lists.indptr)
    movies = pairs.shape[0]
    keys = np.repeat(np.arange(movies, dtype=np.int64), np.diff(pairs.indptr)) * movies + pairs.indices
    values = np.zeros(lists.nnz, np.float32)
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] > 0]
    while len(order):  # movies with about equally many near ones at a time, the last of them with most
        width = int(lengths[order[-1]])
        block = order[-max(1, _CELLS_AT_ONCE // width**2) :]
        block = block[lengths[block] > width * 3 // 4]
        order = order[: len(order) - len(block)]
        places = lists.indptr[block][:, None] + np.arange(width)
        held = np.arange(width) < lengths[block][:, None]
        places = np.minimum(places, lists.nnz - 1)
        others = lists.indices[places]
        left = np.zeros((len(block), width, width))
        one, other = np.triu_indices(width)
        both = _counts(keys, pairs.data, others[:, one] * np.int64(movies) + others[:, other])
        both *= held[:, one] & held[:, other]
        left[:, one, other] = left[:, other, one] = both
        left[:, np.arange(width), np.arange(width)] += regularization
        right = _counts(keys, pairs.data, others * np.int64(movies) + block[:, None]) * held
        values[places[held]] = np.linalg.solve(left, right[:, :, None])[:, :, 0][held]
    return csr_matrix((values, lists.indices, lists.indptr), shape=pairs.shape).T.tocsr()


def _counts(keys: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Float64 entries of a sparse matrix, whose keys ascend; 0 where nothing is stored."""
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[places] == wanted, values[places], 0.0).astype(np.float64)
