"""Ranking metrics of one user, vectorised over users.

All take ``hits`` [users, depth] bool, whether the movie at each rank (best first) is relevant, and
``relevant`` [users] int, how many movies are relevant to the user, retrieved or not; all return [users]
float64. A list shorter than k counts as filled up with misses.

>>> hits = np.array([[0, 1, 0, 0, 1, 0, 0, 0, 0, 0]], dtype=bool)   # 10 recommended, 2 of them hits
>>> relevant = np.array([5])                                        # 5 are relevant
>>> precision_at_k(hits, relevant, 10), recall_at_k(hits, relevant, 10)
(array([0.2]), array([0.4]))
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np


def precision_at_k(hits: np.ndarray, relevant: np.ndarray, k: int) -> np.ndarray:
    """precision@k = hits in the first k / k.

    >>> precision_at_k(np.array([[True, False, True]]), np.array([2]), k=2)
    array([0.5])
    """
    return hits[:, :k].sum(axis=1) / k


def recall_at_k(hits: np.ndarray, relevant: np.ndarray, k: int) -> np.ndarray:
    """recall@k = hits in the first k / relevant.

    >>> recall_at_k(np.array([[True, False, True]]), np.array([4]), k=3)
    array([0.5])
    """
    return _ratio(hits[:, :k].sum(axis=1), relevant)


def ndcg_at_k(hits: np.ndarray, relevant: np.ndarray, k: int) -> np.ndarray:
    """nDCG@k = DCG@k / ideal DCG@k with binary gain.

    DCG@k = Σ_{r ≤ k} hit_r / log2(r + 1); the ideal list has its hits at ranks 1 .. min(k, relevant).
    Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", TOIS 2002, with the log2(r +
    1) discount in use today.

    Here (1 / log2 2 + 1 / log2 4) / (1 / log2 2 + 1 / log2 3) = 1.5 / 1.6309:

    >>> ndcg_at_k(np.array([[True, False, True]]), np.array([2]), k=3).round(4)
    array([0.9197])
    """
    discount = 1.0 / np.log2(np.arange(2, k + 2))
    top = hits[:, :k]
    ideal = np.concatenate([[0.0], np.cumsum(discount)])
    return _ratio(top @ discount[: top.shape[1]], ideal[np.minimum(relevant, k)])


def average_precision_at_k(hits: np.ndarray, relevant: np.ndarray, k: int) -> np.ndarray:
    """map@k = Σ_{r ≤ k} hit_r · precision@r / min(k, relevant).

    The divisor is the largest possible number of hits, so that a perfect list scores 1. (TREC's definition
    divides by ``relevant`` alone.)

    Here (1/1 + 2/3) / 2:

    >>> average_precision_at_k(np.array([[True, False, True]]), np.array([2]), k=3).round(4)
    array([0.8333])
    """
    top = hits[:, :k]
    precisions = np.cumsum(top, axis=1) / np.arange(1, top.shape[1] + 1)
    return _ratio((precisions * top).sum(axis=1), np.minimum(relevant, k))


def reciprocal_rank_at_k(hits: np.ndarray, relevant: np.ndarray, k: int) -> np.ndarray:
    """mrr@k = 1 / rank of the first hit, 0 if there is none in the first k.

    >>> reciprocal_rank_at_k(np.array([[False, True, True], [False, False, True]]), np.array([2, 1]), k=2)
    array([0.5, 0. ])
    """
    top = hits[:, :k]
    if not top.shape[1]:
        return np.zeros(len(top))
    return top.any(axis=1) / (top.argmax(axis=1) + 1.0)


def hit_rate_at_k(hits: np.ndarray, relevant: np.ndarray, k: int) -> np.ndarray:
    """hit_rate@k = 1 if any of the first k is a hit, else 0.

    >>> hit_rate_at_k(np.array([[False, True], [False, False]]), np.array([1, 1]), k=2)
    array([1., 0.])
    """
    return np.asarray(hits[:, :k].any(axis=1), dtype=np.float64)


Metric = Callable[[np.ndarray, np.ndarray, int], np.ndarray]

RANKING_METRICS: dict[str, Metric] = {
    "precision": precision_at_k,
    "recall": recall_at_k,
    "ndcg": ndcg_at_k,
    "map": average_precision_at_k,
    "mrr": reciprocal_rank_at_k,
    "hit_rate": hit_rate_at_k,
}


def ranking_metrics(hits: np.ndarray, relevant: np.ndarray, ks: Sequence[int]) -> dict[str, np.ndarray]:
    """Every ranking metric at every k.

    Returns:
        "ndcg@10" and the like → [users] float64; 0 where a user has nothing relevant.
    """
    return {f"{name}@{k}": metric(hits, relevant, k) for name, metric in RANKING_METRICS.items() for k in ks}


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """[users] quotient, 0 where the denominator is 0."""
    return np.divide(numerator, denominator, out=np.zeros(len(numerator)), where=denominator != 0)
