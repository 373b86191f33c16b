"""Exact top-k of score rows, with ties broken by column."""

from __future__ import annotations

import numpy as np

# Selection works on a few rows at a time: its index array takes twice the memory of the scores.
_CELLS_AT_ONCE = 1 << 22


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
        chosen = _select(part, width)
        chosen_values = np.take_along_axis(part, chosen, axis=1)
        order = np.argsort(-chosen_values, axis=1, kind="stable")
        chosen, chosen_values = (
            np.take_along_axis(chosen, order, axis=1),
            np.take_along_axis(chosen_values, order, axis=1),
        )
        best[start : start + step, :width] = np.where(np.isneginf(chosen_values), -1, chosen)
        values[start : start + step, :width] = chosen_values
    return best, values


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


def membership(rows: np.ndarray, columns: np.ndarray, lists: np.ndarray, width: int) -> np.ndarray:
    """Which entries of ranked lists are among given (row, column) pairs.

    Args:
        rows: [pairs] int row of each pair.
        columns: [pairs] int column of each pair, below ``width``.
        lists: [n, k] int columns for rows 0 .. n-1, padded with -1.
        width: Number of columns.

    Returns:
        [n, k] bool.

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
