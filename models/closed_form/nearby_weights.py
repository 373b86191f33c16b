"""EASE's regressions on a movie's nearest movies alone: sparse weights for large catalogues."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.linalg import lapack
from scipy.sparse import csr_matrix


def nearby_weights(matrix: csr_matrix, near: csr_matrix, regularization: float) -> csr_matrix:
    """Minimises ‖X_j − X_N b‖² + λ‖b‖² for each movie j over its near movies N: b = (G_NN + λI)⁻¹ G_Nj with G = XᵀX.

    With all other movies near, this is EASE: its column j is the ridge regression of movie j on all others. Ning and
    Karypis, "SLIM: sparse linear methods for top-n recommender systems", ICDM 2011, likewise select columns by
    neighbourhood (fsSLIM), with an L1 penalty besides. Takes movies · k³ operations, and the memory of its result.

    Args:
        matrix: [users, movies] X, 1 where the user has rated the movie.
        near: [movies, movies], stored in column j where a movie is near to j; the diagonal is empty.
        regularization: λ.

    Returns:
        [movies, movies] float32 b, stored where ``near`` is.
    """
    by_movie = matrix.T.tocsr()
    lists = near.T.tocsr()
    lists.sort_indices()
    values = np.zeros(lists.nnz, np.float32)
    for movie, (start, end) in enumerate(pairwise(lists.indptr.tolist())):
        if start == end:
            continue
        rated = by_movie[np.append(lists.indices[start:end], movie)]
        pairs = (rated @ rated.T).toarray().astype(np.float64)
        left, right = pairs[:-1, :-1], pairs[:-1, -1]
        left[np.diag_indices(len(left))] += regularization
        _, solution, failed = lapack.dposv(left, right, lower=True)
        if failed:
            raise np.linalg.LinAlgError("EASE: XᵀX + λI is not positive definite; raise regularization")
        values[start:end] = solution
    return csr_matrix((values, lists.indices, lists.indptr), shape=near.shape).T.tocsr()
