"""Draws whose members depend on the seed alone."""

from __future__ import annotations

import numpy as np


def drawn(count: int, most: int, seed: int) -> np.ndarray:
    """Numbers below ``count``, ascending: all of them, or ``most`` drawn without repetition where they are more.

    By numpy's generator, whose stream is the same in every version; the first of a sorted vocabulary would be no
    sample where ids grow with time.

    Args:
        count: How many there are.
        most: How many are wanted.
        seed: Of the draw.

    Returns:
        [min(count, most)] int64.

    >>> drawn(3, 5, seed=0).tolist()
    [0, 1, 2]
    >>> drawn(100, 5, seed=0).tolist()
    [26, 30, 50, 61, 81]
    """
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, most, replace=False))
