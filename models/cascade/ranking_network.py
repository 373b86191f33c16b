"""A trained ranker as plain numpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class RankingNetwork:
    """A linear layer beside dense layers with rectifiers in between, over standardised features.

    Attributes:
        center: [features] float32.
        scale: [features] float32.
        kernels: [inputs, units] float32 of each layer; first the linear one; the last one has one unit too.
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
        scores = values @ self.kernels[0] + self.biases[0]
        for kernel, bias in zip(self.kernels[1:-1], self.biases[1:-1], strict=True):
            values = np.maximum(values @ kernel + bias, 0)
        if len(self.kernels) > 1:
            scores = scores + values @ self.kernels[-1] + self.biases[-1]
        return np.asarray(scores[..., 0], dtype=np.float32)
