"""Several models' vectors as one short vector per user and movie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tfrs_lab.models.closed_form.decompositions import qr, svd
from tfrs_lab.models.retrieval.query_tower import QueryTower, side_by_side

_NOISE = 1e-6
"""A direction whose singular value is so small beside the largest, squared, says nothing."""


@dataclass(frozen=True, eq=False)
class Part:
    """Vectors whose inner products are scores.

    Attributes:
        queries: [users, dim] float32.
        candidates: [movies, dim] float32.
        tower: Makes queries of histories.
    """

    queries: np.ndarray
    candidates: np.ndarray
    tower: QueryTower

    def times(self, factor: float) -> Part:
        """So many times the same scores."""
        return replace(self, queries=np.float32(factor) * self.queries, tower=self.tower.times(factor))

    def standardised(self) -> Part:
        """The same ranking with scores of mean 0 for each user and of standard deviation 1 over all."""
        scale = 1 / deviation(self.queries, self.candidates)
        return replace(self.times(scale), candidates=self.candidates - self.candidates.mean(axis=0))

    def shortened(self, dimension: int) -> Part:
        """Vectors of at most so many numbers whose scores are nearest to the given ones, see ``shortened``."""
        queries, candidates, turn = shortened(self.queries, self.candidates, dimension)
        return Part(queries, candidates, self.tower.turned(turn))


def sum_of(parts: Sequence[Part]) -> Part:
    """Vectors whose scores are the sums of the parts' scores: theirs one after the other."""
    if len(parts) == 1:
        return parts[0]
    queries, candidates = (np.hstack([getattr(part, side) for part in parts]) for side in ("queries", "candidates"))
    return Part(queries, candidates, side_by_side([part.tower for part in parts]))


def deviation(queries: np.ndarray, candidates: np.ndarray) -> float:
    """Standard deviation of the scores from each user's mean, above 0; no score is computed.

    Args:
        queries: [users, dim].
        candidates: [movies, dim].
    """
    centred = (candidates - candidates.mean(axis=0)).astype(np.float64)
    exact = queries.astype(np.float64)
    products = ((exact.T @ exact) * (centred.T @ centred)).sum() / max(len(queries) * len(candidates), 1)
    return float(max(products, 1e-24) ** 0.5)


def shortened(queries: np.ndarray, candidates: np.ndarray, dimension: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vectors of at most ``dimension`` whose scores are nearest to the given ones in squared error.

    The truncated singular value decomposition of the score matrix (Eckart & Young, 1936), from the factors alone. It
    also takes out noise in which concatenated parts differ.

    Args:
        queries: [users, dim].
        candidates: [movies, dim].
        dimension: Length of the result's vectors, less where there is less.

    Returns:
        [users, ≤ dimension] and [movies, ≤ dimension] float32, and [dim, ≤ dimension] float64: what turns the given
        queries, and those of other users, into short ones.
    """
    q_basis, q_factor = qr(queries.astype(np.float64))
    c_basis, c_factor = qr(candidates.astype(np.float64))
    left, singular, right = svd(q_factor @ c_factor.T)
    root = np.sqrt(singular[:dimension])
    short_queries = (q_basis @ left[:, :dimension]) * root
    short_candidates = (c_basis @ right[:dimension].T) * root
    there = root > _NOISE * root.max(initial=0.0)
    turn = c_factor.T @ right[:dimension].T * np.divide(1.0, root, out=np.zeros_like(root), where=there)
    return short_queries.astype(np.float32), short_candidates.astype(np.float32), turn
