"""TFRS's factorized top-k categorical accuracy, fast and exact.

factorized_top_k = share of test *interactions* whose movie is among the user's k best-scored candidates, with
the movies that the user has seen left in. `tfrs.metrics.FactorizedTopK` (with ``true_candidate_ids``) ranks
the catalogue once per interaction; here it is ranked once per user, which gives the same values. It is not
recall: interactions are averaged, not users, and it does not mask.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tfrs_lab.evaluation.topk import membership, top_k

TFRS_KS = (1, 5, 10, 50, 100)

# scores of a block of users are held at a time: [block, candidates] float32
_SCORES_AT_ONCE = 1 << 24


def factorized_hits(
    scores: np.ndarray, rows: np.ndarray, candidates: np.ndarray, ks: Sequence[int] = TFRS_KS
) -> np.ndarray:
    """How many of each user's interactions are among the k best-scored candidates.

    Args:
        scores: [users, candidates] floats; of equal scores the lower index ranks first.
        rows: [n] int, the user of each interaction; a (user, candidate) pair occurs once.
        candidates: [n] int, the candidate of each interaction; -1, which never hits, where it is none of
            them.
        ks: Cut-offs.

    Returns:
        [users, ks] int64 hits; summed over users and divided by n it is the metric.

    >>> scores = np.array([[0.1, 0.9, 0.9], [0.5, 0.0, 0.2]])
    >>> factorized_hits(scores, rows=np.array([0, 0, 1]), candidates=np.array([2, 0, 0]), ks=(1, 2))
    array([[0, 1],
           [1, 1]])
    """
    known = candidates >= 0
    lists, _ = top_k(scores, max(ks))
    return hits_within(lists, rows[known], candidates[known], scores.shape[1], ks)


def hits_within(
    lists: np.ndarray, rows: np.ndarray, candidates: np.ndarray, width: int, ks: Sequence[int] = TFRS_KS
) -> np.ndarray:
    """The same from lists that are ranked already.

    Lists are [users, at least max(ks)] int candidates, best first, padded with -1; ``width`` is the number of
    candidates.
    """
    hits = membership(rows, candidates, lists[:, : max(ks)], width=width)
    return np.cumsum(hits, axis=1)[:, np.asarray(ks) - 1]


def factorized_top_k(
    queries: np.ndarray,
    candidates: np.ndarray,
    rows: np.ndarray,
    true_candidates: np.ndarray,
    ks: Sequence[int] = TFRS_KS,
) -> dict[str, float]:
    """The metric from embeddings, for dot-product models.

    Queries are [users, dim] float32, one row per user (not per interaction), candidates [candidates, dim] float32, the
    interactions as for `factorized_hits`. Returned is "factorized_top_100" and the like → share of interactions.

    Raises:
        ValueError: If there are no interactions.
    """
    if not len(rows):
        raise ValueError("factorized top-k needs at least one interaction, got none")
    order = np.argsort(rows, kind="stable")
    rows, true_candidates = rows[order], true_candidates[order]
    block = max(1, _SCORES_AT_ONCE // max(len(candidates), 1))
    total = np.zeros(len(ks), dtype=np.int64)
    for start in range(0, len(queries), block):
        scores = queries[start : start + block] @ candidates.T
        inside = slice(*np.searchsorted(rows, [start, start + len(scores)]))
        total += factorized_hits(scores, rows[inside] - start, true_candidates[inside], ks).sum(axis=0)
    return {f"factorized_top_{k}": float(hits / len(rows)) for k, hits in zip(ks, total, strict=True)}
