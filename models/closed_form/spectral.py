"""A low-pass graph filter: what is left of a history after projecting on the smoothest directions of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import diags

from tfrs_lab.data.interactions import Interactions
from tfrs_lab.models.checks import Checked, Count, Fraction
from tfrs_lab.models.closed_form.decompositions import qr, svd

DIMENSIONS = (16, 32, 64, 128, 256)
"""What is tried: dense data want few directions, sparse ones many. The first are the same whatever the number."""
_PASSES = 4
_OVERSAMPLING = 32


@dataclass(frozen=True)
class SpectralConfig(Checked):
    """A closed-form part whose cost grows with the number of ratings alone."""

    search: bool = True
    """Whether validation may choose another number of directions, out of a few."""
    dimension: Count = 128
    """Number of directions, the length of the vectors."""
    user_power: Fraction = 0.5
    """A rating is divided by this power of the number of its user's ratings."""
    movie_power: Fraction = 0.3
    """And by this power of its movie's; less lets popular movies count more."""


def spectral_tables(config: SpectralConfig, rows: Interactions, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """What each movie adds to the query of those who know it, and the candidates that queries meet.

    The ideal low-pass filter of Shen et al., "How powerful is graph convolution for recommendation?", CIKM 2021
    (GF-CF), without its linear part: scores are x D⁻ᵇ V Vᵀ Dᵇ, with V the leading right singular vectors of the
    normalised ratings, found by randomised iterations (Halko et al., SIAM Review 2011). There both powers are 1/2; with
    the best number of directions a smaller one of movies was better on MovieLens-100K, on artists and on papers.

    Args:
        config: See there.
        rows: Train rows.
        seed: Starts the decomposition.

    Returns:
        Both [movies, ≤ dimension] float32.
    """
    users = np.maximum(np.diff(rows.matrix.indptr), 1.0)
    movies = np.maximum(rows.movie_counts, 1.0)
    scaled = (diags(users**-config.user_power) @ rows.matrix @ diags(movies**-config.movie_power)).tocsr()
    scaled = scaled.astype(np.float32)
    width = min(config.dimension + _OVERSAMPLING, *scaled.shape)
    basis = np.random.default_rng(seed).standard_normal((scaled.shape[1], width)).astype(np.float32)
    turned = scaled.T.tocsr()
    for _ in range(_PASSES):
        basis, _ = qr(turned @ (scaled @ basis))
    _, _, turn = svd(scaled @ basis)
    leading = (basis @ turn[: config.dimension].T).astype(np.float32)
    weight = movies.astype(np.float32)[:, None] ** np.float32(config.movie_power)
    return leading / weight, leading * weight
