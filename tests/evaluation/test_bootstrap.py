"""Intervals that cover what they should, and comparisons that find what is there."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from tfrs_lab.evaluation import bootstrap, confidence_intervals, paired


def test_covers_the_true_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    inside = 0
    for trial in range(200):
        low, high = confidence_intervals(rng.exponential(size=(150, 1)), resamples=300, seed=trial)[0]
        inside += low <= 1.0 <= high
    assert 0.88 <= inside / 200 <= 0.99


def test_width_agrees_with_the_standard_error():
    values = np.random.default_rng(1).normal(size=(2000, 3))
    ends = confidence_intervals(values)
    np.testing.assert_allclose(ends[:, 1] - ends[:, 0], 2 * 1.96 * values.std(axis=0) / np.sqrt(2000), rtol=0.08)
    assert (ends[:, 0] < values.mean(axis=0)).all()
    assert (values.mean(axis=0) < ends[:, 1]).all()


def test_weights_give_a_ratio():
    hits, interactions = np.array([[1.0], [30.0]] * 50), np.array([1, 60] * 50)
    low, high = confidence_intervals(hits, interactions)[0]
    assert low < 31 / 61 < high < 0.52


def test_seeded_and_the_same_in_blocks(monkeypatch: pytest.MonkeyPatch):
    values = np.random.default_rng(2).random((40, 2))
    whole = confidence_intervals(values, seed=3)
    monkeypatch.setattr(bootstrap, "_WEIGHTS_AT_ONCE", 500)
    np.testing.assert_allclose(confidence_intervals(values, seed=3), whole, rtol=1e-12)
    assert not np.array_equal(confidence_intervals(values, seed=4), whole)


@pytest.mark.parametrize("options", [{"resamples": 0}, {"level": 1.0}, {"level": 0.0}])
def test_refuses_bad_settings(options: dict[str, float]):
    with pytest.raises(ValueError, match="need users, resamples"):
        confidence_intervals(np.ones((3, 1)), **options)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="need users, resamples"):
        confidence_intervals(np.ones((0, 1)))


def table(values: np.ndarray) -> pl.DataFrame:
    return pl.DataFrame({"user_id": [f"{i:04}" for i in range(len(values))], "ndcg@10": values})


def test_paired_finds_a_small_difference_between_users_who_vary_much():
    rng = np.random.default_rng(3)
    user = rng.random(500)
    a, b = table(user + 0.01 + rng.normal(scale=0.03, size=500)), table(user)
    result = paired(a, b.sample(fraction=1, shuffle=True, seed=0), "ndcg@10")
    assert result.difference == pytest.approx(0.01, abs=0.005)
    assert 0 < result.interval[0] < result.difference < result.interval[1]
    assert result.p_value < 0.001
    assert result.mean_a - result.mean_b == pytest.approx(result.difference)
    assert paired(b, a, "ndcg@10").difference == pytest.approx(-result.difference)


def test_p_values_are_uniform_where_there_is_no_difference():
    rng = np.random.default_rng(4)
    p = [
        paired(table(rng.random(60)), table(rng.random(60)), "ndcg@10", resamples=199, seed=i).p_value
        for i in range(100)
    ]
    assert 0.01 <= np.mean(np.array(p) < 0.1) <= 0.2
    assert 0.4 <= np.mean(p) <= 0.6


def test_equal_recommenders_differ_by_nothing():
    result = paired(table(np.arange(5.0)), table(np.arange(5.0)), "ndcg@10")
    assert (result.difference, result.interval, result.p_value) == (0.0, (0.0, 0.0), 1.0)


def test_refuses_tables_that_do_not_match():
    a = table(np.arange(5.0))
    with pytest.raises(ValueError, match="same users"):
        paired(a, a.head(4), "ndcg@10")
    with pytest.raises(ValueError, match="columns user_id and recall@5"):
        paired(a, a, "recall@5")
