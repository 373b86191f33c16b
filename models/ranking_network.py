"""A trained ranker as plain numpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class RankingNetwork:
    """Dense layers with rectifiers in between, over standardised features.

    Attributes:
        center: [features] float32.
        scale: [features] float32.
        kernels: [inputs, units] float32 of each layer; the last one has one unit.
        biases: [units] float32 of each layer.
    """

    center: np.ndarray
    scale: np.ndarray
    kernels: list[np.ndarray]
    biases: list[np.ndarray]

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Scores.

        Args:
            features: [..., features] float32.

        Returns:
            [...] float32.
        """
        values = (features - self.center) / self.scale
        for kernel, bias in zip(self.kernels[:-1], self.biases[:-1], strict=True):
            values = np.maximum(values @ kernel + bias, 0)
        return np.asarray((values @ self.kernels[-1] + self.biases[-1])[..., 0], dtype=np.float32)
