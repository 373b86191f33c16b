"""The inverse of a large symmetric matrix, in place and out of small pieces."""

from __future__ import annotations

import numpy as np
from scipy.linalg import lapack

BLOCK = 1024


def negated_inverse(matrix: np.ndarray, block: int = BLOCK) -> None:
    """Overwrites a symmetric positive definite matrix with minus its inverse.

    Symmetric block sweeps (Goodnight, "A tutorial on the SWEEP operator", The American Statistician 1979): with
    D = A_kk⁻¹ and W = A_·k, each block k turns A_kk into −D, A_ik into W_i D and any other A_ij into A_ij − W_i D W_jᵀ.
    That takes movies³ multiplications and additions, as many as Cholesky's, and no memory besides the matrix and a few
    panels [n, block]. LAPACK never gets more than one block: OpenBLAS's threaded factorisation of matrices from about
    16,000 rows on ends the process.

    Args:
        matrix: [n, n] float32 or float64, row-major; only its lower triangle is read, both triangles are written.
        block: Rows of a block.

    Raises:
        numpy.linalg.LinAlgError: The matrix is not positive definite, or not so in this precision.
    """
    rows = len(matrix)
    starts = range(0, rows, block)
    for start in starts:
        own = slice(start, min(start + block, rows))
        panel = np.concatenate([matrix[own, :start].T, matrix[start:, own]])
        inverse = _small_inverse(panel[own])
        product = panel @ inverse
        panel[own], product[own] = 0.0, 0.0
        for left in starts:
            columns = slice(left, min(left + block, rows))
            matrix[left:, columns] -= product[left:] @ panel[columns].T
        matrix[own, :start] = product[:start].T
        matrix[start:, own] = product[start:]
        matrix[own, own] = -inverse
    for start in starts:
        end = min(start + block, rows)
        matrix[:start, start:end] = matrix[start:end, :start].T


def _small_inverse(matrix: np.ndarray) -> np.ndarray:
    """The inverse of one block, of which the lower triangle counts."""
    precise = matrix.astype(np.float64)
    factor, failed = lapack.dpotrf(precise, lower=True)
    if not failed:
        inverse, failed = lapack.dpotri(factor, lower=True)
    if failed or not np.isfinite(inverse.diagonal()).all():
        raise np.linalg.LinAlgError("expected a positive definite matrix, got one that is singular or nearly so")
    lower = np.tril(inverse)
    full: np.ndarray = (lower + np.tril(lower, -1).T).astype(matrix.dtype)
    return full
