"""Imported before cornac 2.2.1 and RecBole 1.2.1, so that they run beside the other peers' packages."""

from __future__ import annotations

import sys
from typing import Any

from scipy import sparse

# TensorBoard's writer, which RecBole makes, would load TensorFlow, beside which PyTorch's Triton crashes.
blocked: dict[str, Any] = {"tensorflow": None}
sys.modules.update(blocked)

# SciPy 1.14, which RecTools needs, has taken these away.
sparse.spmatrix.A = property(lambda matrix: matrix.toarray())
sparse.dok_matrix._update = lambda matrix, cells: matrix._dict.update(cells)
