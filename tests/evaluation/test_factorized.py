"""Fast factorized top-k against its definition, and against TFRS itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfrs_lab.evaluation import factorized
from tfrs_lab.evaluation.factorized import TFRS_KS, factorized_hits, factorized_top_k


def interactions(rng: np.random.Generator, users: int, candidates: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    cells = rng.choice(users * candidates, size=n, replace=False)
    return cells // candidates, cells % candidates


@given(seed=st.integers(0, 10_000), levels=st.integers(1, 8))
def test_equals_its_definition(seed: int, levels: int):
    rng = np.random.default_rng(seed)
    scores = rng.integers(levels, size=(5, 12)).astype(np.float32)
    rows, movies = interactions(rng, 5, 12, 20)
    movies[:3] = -1
    ks = (1, 4, 30)
    expected = np.zeros((5, len(ks)), dtype=int)
    for row, movie in zip(rows, movies, strict=True):
        if movie >= 0:
            better = scores[row] > scores[row, movie]
            rank = better.sum() + (scores[row, :movie] == scores[row, movie]).sum()
            expected[row] += rank < np.array(ks)
    np.testing.assert_array_equal(factorized_hits(scores, rows, movies, ks), expected)


def test_from_embeddings_in_blocks(monkeypatch: pytest.MonkeyPatch):
    rng = np.random.default_rng(0)
    queries, candidates = rng.normal(size=(9, 4)), rng.normal(size=(150, 4))
    rows, movies = interactions(rng, 9, 150, 80)
    whole = factorized_top_k(queries, candidates, rows, movies)
    monkeypatch.setattr(factorized, "_SCORES_AT_ONCE", 400)
    assert factorized_top_k(queries, candidates, rows, movies) == whole
    expected = factorized_hits(queries @ candidates.T, rows, movies).sum(axis=0) / 80
    assert list(whole.values()) == pytest.approx(expected.tolist())
    assert list(whole) == [f"factorized_top_{k}" for k in TFRS_KS]


def test_needs_interactions():
    nothing = np.zeros(0, dtype=int)
    with pytest.raises(ValueError, match="at least one interaction"):
        factorized_top_k(np.ones((1, 2)), np.ones((3, 2)), nothing, nothing)


@pytest.mark.parametrize("levels", [None, 2])
def test_equals_tfrs_streaming(levels: int | None):
    """With ``levels`` embeddings hold small integers, so that products tie exactly."""
    from benchmarks.factorized import factorized_top_k_streaming

    rng = np.random.default_rng(7)
    if levels is None:
        queries, candidates = rng.normal(size=(40, 8)), rng.normal(size=(300, 8))
    else:
        queries, candidates = rng.integers(levels, size=(40, 3)), rng.integers(levels, size=(300, 3))
    queries, candidates = queries.astype(np.float32), candidates.astype(np.float32)
    rows, movies = interactions(rng, 40, 300, 900)
    movies[::17] = -1
    fast = factorized_top_k(queries, candidates, rows, movies)
    streaming = factorized_top_k_streaming(queries, candidates, rows, movies, batch=256)
    assert fast == pytest.approx(streaming, abs=1e-6)
    assert 0 < fast["factorized_top_1"] < fast["factorized_top_10"] < fast["factorized_top_100"] < 1
