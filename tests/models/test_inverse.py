"""The inverse in blocks: against LAPACK on small matrices, and at the size where OpenBLAS's threads end the process."""

import numpy as np
import pytest

from tfrs_lab.models.closed_form.inverse import negated_inverse


@pytest.mark.parametrize("block", [1, 7, 64, 200])
@pytest.mark.parametrize("rows", [1, 5, 64, 130])
def test_it_is_minus_the_inverse(rows: int, block: int):
    half = np.random.default_rng(rows).standard_normal((rows, 2 * rows))
    matrix = half @ half.T + np.eye(rows)
    found = matrix.copy()
    found[np.triu_indices(rows, 1)] = np.nan  # the upper triangle is not read
    negated_inverse(found, block)
    np.testing.assert_allclose(found, -np.linalg.inv(matrix), atol=1e-8)


def test_float32_stays_float32():
    matrix = np.diag(np.arange(1, 9, dtype=np.float32))
    negated_inverse(matrix, block=3)
    assert matrix.dtype == np.float32
    np.testing.assert_allclose(matrix, -np.diag(1 / np.arange(1, 9)), rtol=1e-6)


@pytest.mark.parametrize("worst", [0.0, -1.0, np.nan])
def test_what_is_not_positive_definite_is_refused(worst: float):
    matrix = np.diag([1.0, 2.0, worst, 3.0])
    with pytest.raises(np.linalg.LinAlgError, match="expected a positive definite matrix"):
        negated_inverse(matrix, block=2)


@pytest.mark.slow
def test_sixteen_thousand_rows_do_not_end_the_process():
    """D + uuᵀ has the inverse D⁻¹ − D⁻¹uuᵀD⁻¹ / (1 + uᵀD⁻¹u) (Sherman and Morrison)."""
    random = np.random.default_rng(0)
    diagonal, u = 1 + random.random(16_500, dtype=np.float32), random.random(16_500, dtype=np.float32)
    matrix = np.outer(u, u)
    matrix[np.diag_indices(len(u))] += diagonal
    negated_inverse(matrix)
    scaled = (u / diagonal).astype(np.float64)
    checked = random.integers(len(u), size=50)
    expected = np.outer(scaled[checked], scaled) / (1 + u.astype(np.float64) @ scaled)
    expected[np.arange(50), checked] -= 1 / diagonal[checked]
    np.testing.assert_allclose(matrix[checked], expected, atol=1e-5)
