"""QR and singular value decompositions of tall matrices, on one thread.

BLAS splits them into small pieces and lets its threads spin between them: with nothing else on the machine that gains
little, and beside another busy process it takes ten to twenty times as long.
"""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits


def qr(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """[rows, least] with orthonormal columns and [least, columns] upper triangular, whose product is the matrix."""
    with threadpool_limits(limits=1, user_api="blas"):
        basis, factor = np.linalg.qr(matrix)
    return basis, factor


def svd(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """[rows, least], [least] falling, [least, columns]: the thin singular value decomposition."""
    with threadpool_limits(limits=1, user_api="blas"):
        left, singular, right = np.linalg.svd(matrix, full_matrices=False)
    return left, singular, right
