"""Metrics of what a whole system shows: how much of the catalogue, how obscure, how unevenly.

All look at the first k of each list; ``lists`` are [users, depth] int movie indices padded with -1, and
``exposure_counts`` [catalogue] int what `exposure` counts.
"""

from __future__ import annotations

import numpy as np


def exposure(lists: np.ndarray, k: int, movies: int) -> np.ndarray:
    """[movies] int64: how many lists have each movie among their first k."""
    top = lists[:, :k]
    return np.bincount(top[top >= 0], minlength=movies)


def coverage(exposure_counts: np.ndarray) -> float:
    """coverage@k = movies of the catalogue shown to anyone / movies of the catalogue.

    >>> coverage(np.array([3, 0, 1, 0]))
    0.5
    """
    return float(np.count_nonzero(exposure_counts) / len(exposure_counts)) if len(exposure_counts) else 0.0


def novelty(exposure_counts: np.ndarray, raters: np.ndarray, users: int) -> float:
    """novelty@k = mean over all shown places of −log2(share of users who have rated the movie there).

    In bits: a movie that everybody has rated adds 0, one that an eighth has rated 3. A movie without raters counts as
    having one, which keeps the mean finite. Zhou et al., "Solving the apparent diversity-accuracy dilemma", PNAS 2010
    (mean self-information). ``raters`` [catalogue] are the users who have rated each movie, ``users`` those who have
    rated anything.

    >>> novelty(np.array([1, 1]), raters=np.array([8, 1]), users=8)
    1.5
    """
    if not exposure_counts.sum():
        return 0.0
    information = -np.log2(np.maximum(raters, 1) / max(users, 1))
    return float(exposure_counts @ information / exposure_counts.sum())


def gini(exposure_counts: np.ndarray) -> float:
    """gini@k = Σ_i (2i − n − 1) e_i / (n Σ e), with exposures e ascending and i from 1 to n.

    0 when every movie of the catalogue is shown equally often, (n − 1) / n when all places go to one movie.

    >>> gini(np.array([2, 2, 2, 2])), gini(np.array([0, 8, 0, 0]))
    (0.0, 0.75)
    """
    n, total = len(exposure_counts), exposure_counts.sum()
    if not total:
        return 0.0
    return float((2 * np.arange(1, n + 1) - n - 1) @ np.sort(exposure_counts) / (n * total))
