"""Exact selection against a full sort."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_matrix

from tfrs_lab.evaluation import topk
from tfrs_lab.evaluation.topk import membership, top_k, top_k_unseen

scores = arrays(
    np.float32,
    st.tuples(st.integers(0, 6), st.integers(0, 30)),
    elements=st.sampled_from([-np.inf, -1.0, 0.0, 0.5, 2.0, np.inf]),
)


def by_sorting(rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    columns = np.full((len(rows), k), -1)
    values = np.full((len(rows), k), -np.inf)
    for i, row in enumerate(rows):
        order = [j for j in sorted(range(len(row)), key=lambda j: (-row[j], j)) if row[j] > -np.inf][:k]
        columns[i, : len(order)], values[i, : len(order)] = order, row[order]
    return columns, values


@given(rows=scores, k=st.integers(1, 35))
def test_equals_a_full_sort(rows: np.ndarray, k: int):
    columns, values = top_k(rows, k)
    expected_columns, expected_values = by_sorting(rows, k)
    np.testing.assert_array_equal(columns, expected_columns)
    np.testing.assert_array_equal(values, expected_values)


@pytest.mark.parametrize("kind", ["normal", "rounded", "mostly zero", "mostly never", "ascending", "constant"])
@pytest.mark.parametrize("columns", [400, 1000, 3001])
def test_many_more_columns_than_places(kind: str, columns: int):
    random = np.random.default_rng(columns)
    rows = random.standard_normal((15, columns)).astype(np.float32)
    changes = {
        "normal": lambda: rows,
        "rounded": lambda: np.round(rows * 2),
        "mostly zero": lambda: np.where(rows > 2, rows, np.float32(0)),
        "mostly never": lambda: np.where(random.random(rows.shape) < 0.98, np.float32(-np.inf), rows),
        "ascending": lambda: np.sort(rows, axis=1),
        "constant": lambda: np.zeros_like(rows),
    }
    changed = changes[kind]()
    found, expected = top_k(changed, 9), by_sorting(changed, 9)
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])


@pytest.mark.parametrize("deeper", [0, 5, 256])
def test_unseen_lists_are_those_of_masked_scores(deeper: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(topk, "_DEEPER", deeper)
    random = np.random.default_rng(1)
    rows = np.round(random.standard_normal((40, 60)), 1).astype(np.float32)
    seen = random.random(rows.shape) < random.random((40, 1)) ** 2
    seen[7] = True
    before = rows.copy()
    movies, values, every = top_k_unseen(rows, csr_matrix(seen), k=8, every=11)
    expected = top_k(np.where(seen, np.float32(-np.inf), rows), 8)
    np.testing.assert_array_equal(movies, expected[0])
    np.testing.assert_array_equal(values, expected[1])
    np.testing.assert_array_equal(every[:, :11], top_k(rows, 11)[0])
    np.testing.assert_array_equal(rows, before)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch):
    rows = np.random.default_rng(0).integers(9, size=(50, 300)).astype(np.float32)
    whole = top_k(rows, 20)
    monkeypatch.setattr(topk, "_CELLS_AT_ONCE", 700)
    for together, apart in zip(whole, top_k(rows, 20), strict=True):
        np.testing.assert_array_equal(together, apart)


def test_constant_scores_rank_by_column():
    columns, _ = top_k(np.zeros((2, 1000), dtype=np.float32), 4)
    np.testing.assert_array_equal(columns, [[0, 1, 2, 3]] * 2)


@pytest.mark.parametrize(("shape", "k"), [((2, 3), 0), ((3,), 1)])
def test_refuses_bad_arguments(shape: tuple[int, ...], k: int):
    with pytest.raises(ValueError, match="k >= 1 and a matrix"):
        top_k(np.zeros(shape), k)


@given(data=st.data())
def test_membership_equals_set_lookup(data: st.DataObject):
    lists = data.draw(arrays(np.int32, (4, 5), elements=st.integers(-1, 6)))
    chosen = data.draw(st.sets(st.tuples(st.integers(0, 3), st.integers(0, 6))))
    rows, columns = (np.array([pair[i] for pair in chosen], dtype=np.int64) for i in (0, 1))
    expected = [[(user, movie) in chosen for movie in row] for user, row in enumerate(lists)]
    np.testing.assert_array_equal(membership(rows, columns, lists, width=7), expected)
