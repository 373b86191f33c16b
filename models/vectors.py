"""What models with a vector per movie have in common."""

from __future__ import annotations

import numpy as np


def cosines(vectors: np.ndarray, movies: np.ndarray) -> np.ndarray:
    """[batch, movies] in [-1, 1]: cosines of some rows [batch] of the vectors [movies, dim] with all of them."""
    unit = unit_length(vectors)
    return np.asarray(unit[np.asarray(movies)] @ unit.T)


def unit_length(vectors: np.ndarray) -> np.ndarray:
    """[n, dim] the vectors scaled to length 1; zeros stay."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12))
