"""Several models' vectors as one short vector per user and movie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tfrs_lab.models.closed_form.decompositions import qr, svd

Vectors = tuple[np.ndarray, np.ndarray]
"""Queries [users, dim] and candidates [movies, dim]."""


def standardised(queries: np.ndarray, candidates: np.ndarray) -> Vectors:
    """The same ranking with scores of mean 0 for each user and of standard deviation 1 over all.

    Args:
        queries: [users, dim].
        candidates: [movies, dim].
    """
    centred = candidates - candidates.mean(axis=0)
    variance = _mean_product((queries, centred), (queries, centred))
    return queries / np.float32(max(variance, 1e-24) ** 0.5), centred


@dataclass(frozen=True, eq=False)
class PartSum:
    """Weighted sums of standardised parts, cheap for any weights.

    Attributes:
        parts: Standardised vectors of each part, for the same users and movies.
        covariance: [parts, parts] float64, mean product of two parts' scores.
    """

    parts: dict[str, Vectors]
    covariance: np.ndarray

    @classmethod
    def of(cls, parts: Mapping[str, Vectors]) -> PartSum:
        """Standardises parts."""
        vectors = {name: standardised(*part) for name, part in parts.items()}
        covariance = np.array([[_mean_product(one, other) for other in vectors.values()] for one in vectors.values()])
        return cls(vectors, covariance)

    def weighted(self, weights: Mapping[str, float]) -> Vectors:
        """Σ weight · part, itself standardised, as concatenated vectors; parts that weigh 0 are left out."""
        chosen = np.array([weights[name] for name in self.parts])
        scale = max(float(chosen @ self.covariance @ chosen), 1e-24) ** -0.5  # 0 where all movies score alike
        used = [(weight, *vectors) for weight, vectors in zip(chosen, self.parts.values(), strict=True) if weight]
        queries = np.hstack([np.float32(scale * weight) * queries for weight, queries, _ in used])
        return queries, np.hstack([candidates for _, _, candidates in used])


def _mean_product(one: Vectors, other: Vectors) -> float:
    """Mean over users and movies of the product of two models' scores; no score is computed."""
    queries = one[0].T.astype(np.float64) @ other[0]
    candidates = one[1].T.astype(np.float64) @ other[1]
    return float((queries * candidates).sum()) / (len(one[0]) * len(one[1]))


def shortened(queries: np.ndarray, candidates: np.ndarray, dimension: int) -> Vectors:
    """Vectors of at most ``dimension`` whose scores are nearest to the given ones in squared error.

    The truncated singular value decomposition of the score matrix (Eckart & Young, 1936), from the factors alone. It
    also takes out noise in which concatenated parts differ.

    Args:
        queries: [users, dim].
        candidates: [movies, dim].
        dimension: Length of the result's vectors, less where there is less.

    Returns:
        [users, ≤ dimension] and [movies, ≤ dimension] float32.
    """
    q_basis, q_factor = qr(queries.astype(np.float64))
    c_basis, c_factor = qr(candidates.astype(np.float64))
    left, singular, right = svd(q_factor @ c_factor.T)
    root = np.sqrt(singular[:dimension])
    short_queries = (q_basis @ left[:, :dimension]) * root
    short_candidates = (c_basis @ right[:dimension].T) * root
    return short_queries.astype(np.float32), short_candidates.astype(np.float32)
