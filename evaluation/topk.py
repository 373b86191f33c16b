"""Exact top-k of score rows, with ties broken by column."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

# Selection works on a few rows at a time: its index array takes twice the memory of the scores.
_CELLS_AT_ONCE = 1 << 22
# From this ratio of columns to places on, most columns are passed over without ordering them.
_MANY = 32
# Users with more seen movies than this are ranked again without them instead of ranked deeper once.
_DEEPER = 256


def top_k(scores: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k best columns of each row, best first; of equal scores the lower column comes first.

    Selection is linear in the number of columns, and only the k selected ones are sorted.

    Args:
        scores: [rows, columns] floats without NaN; ``-inf`` marks columns that must not be selected.
        k: How many to select, at least 1; rows with fewer selectable columns are padded.

    Returns:
        Columns [rows, k] int32, padded with -1, and their scores [rows, k] float32, padded with ``-inf``.

    Raises:
        ValueError: If ``k`` is below 1 or ``scores`` is not a matrix.

    >>> columns, values = top_k(np.array([[1.0, 3.0, 3.0, -np.inf], [0.0, 0.0, 0.0, 0.0]]), k=3)
    >>> columns
    array([[1, 2, 0],
           [0, 1, 2]], dtype=int32)
    """
    if k < 1 or scores.ndim != 2:
        raise ValueError(f"top_k needs k >= 1 and a matrix of scores, got k = {k} and shape {scores.shape}")
    rows, columns = scores.shape
    best = np.full((rows, k), -1, dtype=np.int32)
    values = np.full((rows, k), -np.inf, dtype=np.float32)
    width = min(k, columns)
    step = max(1, _CELLS_AT_ONCE // max(columns, 1))
    for start in range(0, rows if width else 0, step):
        part = scores[start : start + step]
        chosen = _best(part, width) if columns < _MANY * width else _best_of_many(part, width)
        chosen_values = np.take_along_axis(part, chosen, axis=1)
        best[start : start + step, :width] = np.where(np.isneginf(chosen_values), -1, chosen)
        values[start : start + step, :width] = chosen_values
    return best, values


def _best(scores: np.ndarray, k: int) -> np.ndarray:
    """[rows, k] columns of the k best scores, best first; ties go to the lower column."""
    chosen = _select(scores, k)
    order = np.argsort(-np.take_along_axis(scores, chosen, axis=1), axis=1, kind="stable")
    return np.take_along_axis(chosen, order, axis=1)


def _best_of_many(scores: np.ndarray, k: int) -> np.ndarray:
    """The same where there are many more columns than places, in a quarter of the time.

    The k-th best of the maxima of 4 k groups of columns bounds the k-th best score from below, and hardly more than k
    scores reach it.
    """
    rows, columns = scores.shape
    size = columns // (4 * k)
    groups = columns // size
    maxima = scores[:, : size * groups].reshape(rows, size, groups).max(axis=1)
    bound = np.partition(maxima, groups - k, axis=1)[:, groups - k]
    reached = scores >= bound[:, None]
    counts = np.count_nonzero(reached, axis=1)
    for many in np.flatnonzero(counts > 4 * k):
        reached[many] = False
        reached[many, _fewer(scores[many], bound[many], k)] = True
        counts[many] = k
    row, column = np.divmod(np.flatnonzero(reached), columns)  # a tenth of the time of nonzero
    order = np.lexsort((-scores[row, column], row))
    starts = np.cumsum(counts) - counts
    best: np.ndarray = column[order[starts[:, None] + np.arange(k)]]
    return best


def _fewer(scores: np.ndarray, bound: float, k: int) -> np.ndarray:
    """[k] columns of the k best of one row, of which at least k reach the bound and most of them may equal it."""
    above = np.flatnonzero(scores > bound)
    if len(above) >= k:
        return above[_select(scores[None, above], k)[0]]
    equal = np.flatnonzero(scores[: 4 * k] == bound)  # usually there are enough here
    if len(equal) < k - len(above):
        equal = np.flatnonzero(scores == bound)
    return np.concatenate([above, equal[: k - len(above)]])


def _select(scores: np.ndarray, k: int) -> np.ndarray:
    """[rows, k] columns of the k best scores in ascending order of column; ties go to the lower column."""
    columns = scores.shape[1]
    if k == columns:
        return np.broadcast_to(np.arange(columns), scores.shape)
    chosen = np.argpartition(scores, columns - k, axis=1)[:, columns - k :]
    smallest = np.take_along_axis(scores, chosen, axis=1).min(axis=1, keepdims=True)
    # argpartition takes any of the columns that tie for the last places: choose again in those rows, in order
    for row in np.flatnonzero((scores >= smallest).sum(axis=1) > k):
        above = np.flatnonzero(scores[row] > smallest[row])
        equal = np.flatnonzero(scores[row] == smallest[row])
        chosen[row] = np.concatenate([above, equal[: k - len(above)]])
    return np.sort(chosen, axis=1)


def top_k_unseen(
    scores: np.ndarray, seen: csr_matrix, k: int, every: int = 1
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The best columns of each row with and without those that are seen, from one selection.

    Args:
        scores: [rows, columns] floats, as for `top_k`.
        seen: [rows, columns], stored where the column is seen.
        k: How many unseen ones to select.
        every: How many to select whether seen or not.

    Returns:
        Unseen columns [rows, k] int32 and their scores [rows, k] float32, padded as by `top_k`, and columns [rows, at
        least every] int32 including those that are seen.

    >>> seen = csr_matrix(np.array([[False, True, False]]))
    >>> top_k_unseen(np.array([[1.0, 3.0, 2.0]]), seen, k=2, every=2)[0]
    array([[2, 0]], dtype=int32)
    """
    lengths = np.diff(seen.indptr)
    deepest = min(int(lengths.max(initial=0)), _DEEPER)
    lists, values = top_k(scores, min(max(k + deepest, every), max(scores.shape[1], k, every)))
    row, column = seen.nonzero()
    left_out = membership(row, column, lists, width=scores.shape[1]) | (lists < 0)
    order = np.argsort(left_out, axis=1, kind="stable")[:, :k]
    padding = np.take_along_axis(left_out, order, axis=1)
    best = np.where(padding, np.int32(-1), np.take_along_axis(lists, order, axis=1))
    best_values = np.where(padding, np.float32(-np.inf), np.take_along_axis(values, order, axis=1))
    for each in np.flatnonzero(lengths > _DEEPER):
        own = scores[each : each + 1].copy()
        own[0, seen.indices[seen.indptr[each] : seen.indptr[each + 1]]] = -np.inf
        best[each], best_values[each] = (found[0] for found in top_k(own, k))
    return best, best_values, lists


def membership(rows: np.ndarray, columns: np.ndarray, lists: np.ndarray, width: int) -> np.ndarray:
    """Which entries of ranked lists are among given (row, column) pairs.

    The pairs' columns are below ``width``; lists [n, k] int hold columns for rows 0 .. n - 1, padded with -1.

    >>> membership(np.array([0, 1]), np.array([2, 0]), np.array([[1, 2], [2, -1]]), width=3)
    array([[False,  True],
           [False, False]])
    """
    if not len(rows):
        return np.zeros(lists.shape, dtype=bool)
    keys = np.sort(rows.astype(np.int64) * width + columns)
    wanted = np.arange(len(lists), dtype=np.int64)[:, None] * width + lists
    found = keys[np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)] == wanted
    return found & (lists >= 0)
