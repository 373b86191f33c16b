"""Slices and catalogue metrics, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.evaluation.cases import FixedScores, pairs, random_case
from tfrs_lab.data.interactions import Vocabulary
from tfrs_lab.evaluation import Evaluation, evaluate
from tfrs_lab.evaluation.exposure import coverage, exposure, gini, novelty
from tfrs_lab.evaluation.slices import popularity_groups


@pytest.fixture
def result() -> Evaluation:
    """Everybody gets a, b, c, d in this order; ``old`` has seen a, ``cold`` nothing; ``new`` is no candidate."""
    movies = Vocabulary(["a", "b", "c", "d"])
    scores = np.tile(np.array([4, 3, 2, 1], dtype=np.float32), (1, 1))
    test = pairs([("old", "b"), ("old", "new"), ("cold", "d")])
    seen = pairs([("old", "a"), ("x", "a"), ("x", "b"), ("y", "a"), ("y", "c"), ("y", "b")])

    class Same(FixedScores):
        def score(self, users: np.ndarray) -> np.ndarray:
            return np.repeat(self.scores, len(users), axis=0)

    return evaluate(Same(Vocabulary(["old"]), movies, scores), test, seen=seen, ks=(2,), bootstrap=0)


def test_slices_by_user(result: Evaluation):
    cold, warm = result.slices["cold_start"]["cold_users"], result.slices["cold_start"]["warm_users"]
    assert (cold["users"], cold["interactions"], cold["recall@2"]) == (1, 1, 0.0)
    assert (warm["users"], warm["interactions"], warm["recall@2"]) == (1, 2, 0.5)
    assert result.slices["history_length"] == {"0": cold, "1-20": warm}


def test_slices_by_movie(result: Evaluation):
    cold, warm = result.slices["cold_start"]["cold_items"], result.slices["cold_start"]["warm_items"]
    assert (cold["users"], cold["interactions"], cold["recall@2"]) == (2, 2, 0.0)  # d and new
    assert (warm["users"], warm["interactions"], warm["recall@2"]) == (1, 1, 1.0)  # b, first in old's list
    # 6 seen rows: a holds rows 0-2 and b rows 3-4, c row 5
    assert set(result.slices["item_popularity"]) == {"mid"}
    assert result.slices["item_popularity"]["mid"] == warm


def test_catalogue_metrics(result: Evaluation):
    # the catalogue is a, b, c, d, new; old gets b, c and cold gets a, b
    assert result.metrics["coverage@2"] == 3 / 5
    assert result.metrics["novelty@2"] == pytest.approx(-np.log2([2 / 3, 1 / 3, 1, 2 / 3]).mean())
    assert result.metrics["gini@2"] == pytest.approx((0 * -4 + 0 * -2 + 1 * 0 + 1 * 2 + 2 * 4) / (5 * 4))


def test_user_slices_partition_the_users():
    case = random_case(1)
    result = evaluate(case.recommender, case.test, seen=case.seen, bootstrap=0)
    cold_start = result.slices["cold_start"]
    by_warmth = [cold_start[name] for name in ("warm_users", "cold_users") if name in cold_start]
    for slices in ([*result.slices["history_length"].values()], by_warmth):
        assert sum(part["users"] for part in slices) == result.metrics["users"]
        mean = sum(part["ndcg@10"] * part["users"] for part in slices) / result.metrics["users"]
        assert mean == pytest.approx(result.metrics["ndcg@10"])


@given(raters=arrays(np.int64, st.integers(1, 40), elements=st.integers(0, 50)))
def test_popularity_groups_partition_the_rated_movies(raters: np.ndarray):
    head, mid, tail = popularity_groups(raters).values()
    np.testing.assert_array_equal(head.astype(int) + mid + tail, raters > 0)
    if raters.any():
        assert raters[head].sum() >= raters.sum() / 3
    for more, less in ((head, mid), (mid, tail), (head, tail)):
        if more.any() and less.any():
            assert raters[more].min() >= raters[less].max()


@given(shown=arrays(np.int64, st.integers(1, 30), elements=st.integers(0, 9)))
def test_gini_is_the_mean_absolute_difference(shown: np.ndarray):
    expected = np.abs(shown[:, None] - shown).sum() / (2 * len(shown) * max(shown.sum(), 1))
    assert gini(shown) == pytest.approx(expected)


def test_nothing_shown():
    shown = exposure(np.full((3, 5), -1), k=5, movies=4)
    assert (coverage(shown), novelty(shown, np.ones(4), 2), gini(shown)) == (0.0, 0.0, 0.0)


def test_movies_without_raters_keep_novelty_finite():
    assert novelty(np.array([1, 0]), raters=np.array([0, 4]), users=4) == 2.0
