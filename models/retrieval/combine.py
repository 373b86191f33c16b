"""Several models' vectors as one short vector per user and movie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tfrs_lab.models.closed_form.decompositions import qr, svd
from tfrs_lab.models.retrieval.query_tower import QueryTower, side_by_side

Vectors = tuple[np.ndarray, np.ndarray]
"""Queries [users, dim] and candidates [movies, dim]."""

_NOISE = 1e-6
"""A direction whose singular value is so small beside the largest, squared, says nothing."""


def standardised(queries: np.ndarray, candidates: np.ndarray) -> Vectors:
    """The same ranking with scores of mean 0 for each user and of standard deviation 1 over all.

    Args:
        queries: [users, dim].
        candidates: [movies, dim].
    """
    return queries / np.float32(_deviation(queries, candidates)), candidates - candidates.mean(axis=0)


def _deviation(queries: np.ndarray, candidates: np.ndarray) -> float:
    """Of the scores from each user's mean."""
    centred = candidates - candidates.mean(axis=0)
    return float(max(_mean_product((queries, centred), (queries, centred)), 1e-24) ** 0.5)


@dataclass(frozen=True, eq=False)
class PartSum:
    """Weighted sums of standardised parts, cheap for any weights.

    Attributes:
        parts: Standardised vectors of each part, for the same users and movies.
        covariance: [parts, parts] float64, mean product of two parts' scores.
        towers: From histories to each part's standardised queries.
    """

    parts: dict[str, Vectors]
    covariance: np.ndarray
    towers: dict[str, QueryTower]

    @classmethod
    def of(cls, parts: Mapping[str, Vectors], towers: Mapping[str, QueryTower]) -> PartSum:
        """Standardises parts, and with them the towers that make their queries."""
        vectors = {name: standardised(*part) for name, part in parts.items()}
        scaled = {name: tower.times(1 / _deviation(*parts[name])) for name, tower in towers.items()}
        covariance = np.array([[_mean_product(one, other) for other in vectors.values()] for one in vectors.values()])
        return cls(vectors, covariance, scaled)

    def weighted(self, weights: Mapping[str, float]) -> tuple[np.ndarray, np.ndarray, QueryTower]:
        """Σ weight · part, itself standardised, as concatenated vectors; parts that weigh 0 are left out.

        Returns:
            Queries, candidates, and the tower of the queries.
        """
        chosen = np.array([weights[name] for name in self.parts])
        scale = max(float(chosen @ self.covariance @ chosen), 1e-24) ** -0.5  # 0 where all movies score alike
        used = [
            (scale * weight, name, *self.parts[name]) for name, weight in zip(self.parts, chosen, strict=True) if weight
        ]
        queries = np.hstack([np.float32(factor) * queries for factor, _, queries, _ in used])
        towers = [self.towers[name].times(factor) for factor, name, *_ in used]
        return queries, np.hstack([candidates for *_, candidates in used]), side_by_side(towers)


def _mean_product(one: Vectors, other: Vectors) -> float:
    """Mean over users and movies of the product of two models' scores; no score is computed."""
    queries = one[0].T.astype(np.float64) @ other[0]
    candidates = one[1].T.astype(np.float64) @ other[1]
    return float((queries * candidates).sum()) / (len(one[0]) * len(one[1]))


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
