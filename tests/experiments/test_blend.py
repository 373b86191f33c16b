"""How much time and order count: chosen on validation, and only for a clear gain."""

from dataclasses import replace

import numpy as np
import pytest

from tfrs_lab.data import Interactions
from tfrs_lab.models.closed_form.recency import fit_recency_part
from tfrs_lab.models.closed_form.recency_config import RecencyConfig, RecencyWeights
from tfrs_lab.models.retrieval.blend import LEAST_GAIN, Blend, choose_blend
from tfrs_lab.models.retrieval.combine import PartSum
from tfrs_lab.models.retrieval.query_tower import QueryTower


@pytest.fixture(scope="module")
def rows(planted):
    return Interactions.from_ratings(planted.train)


@pytest.fixture(scope="module")
def parts(rows):
    rng = np.random.default_rng(0)

    def vectors(size):
        return rng.normal(size=(size, 6)).astype(np.float32)

    parts = {name: (vectors(len(rows.users)), vectors(len(rows.movies))) for name in ("history", "sequence")}
    return PartSum.of(parts, {name: QueryTower.mean_of(candidates) for name, (_, candidates) in parts.items()})


@pytest.fixture(scope="module")
def recency(rows):
    return fit_recency_part(RecencyConfig(), rows, 0)


def chosen(parts, recency, rows, monkeypatch, worth):
    """What is chosen where validation says that a blend is worth ``worth(blend)``."""
    monkeypatch.setattr(Blend, "recommender", lambda blend, *arguments: blend)
    return choose_blend(parts, recency, rows, 16, worth)


def test_without_validation_time_and_order_stay_out(parts, recency, rows):
    blend = choose_blend(parts, recency, rows, 16, None)
    assert blend == Blend({"history": 1.0, "sequence": 0.0, "recency": 1.0}, 16, RecencyWeights(0.0, 0.0))


@pytest.mark.parametrize(("gain", "enters"), [(0.5 * LEAST_GAIN, False), (LEAST_GAIN, False), (1.5 * LEAST_GAIN, True)])
def test_time_and_order_enter_for_more_than_noise_of_one_validation(parts, recency, rows, monkeypatch, gain, enters):
    def order(blend):
        return 1.0 + gain * (blend.weights["sequence"] == 1.0)

    def time(blend):
        return 1.0 + gain * (blend.recency.session == 0.5 and blend.recency.now == "user")

    by_order = chosen(parts, recency, rows, monkeypatch, order)
    assert by_order.weights["sequence"] == float(enters)
    by_time = chosen(parts, recency, rows, monkeypatch, time)
    assert (by_time.recency.session, by_time.recency.now) == ((0.5, "user") if enters else (0.0, "latest"))


def test_the_best_of_those_that_gain_is_taken_not_the_first(parts, recency, rows, monkeypatch):
    blend = chosen(parts, recency, rows, monkeypatch, lambda blend: 1 + blend.weights["sequence"])
    assert blend.weights == {"history": 1.0, "sequence": 2.0, "recency": 1.0}


def test_new_users_get_the_trend_for_any_gain_and_popularity_at_a_tie(parts, recency, rows, monkeypatch):
    assert chosen(parts, recency, rows, monkeypatch, lambda blend: 1.0).new_users == "popularity"
    slightly = chosen(parts, recency, rows, monkeypatch, lambda blend: 1 + 1e-4 * (blend.new_users == "trend"))
    assert slightly.new_users == "trend"


@pytest.mark.parametrize("best", [16, 8, 4])
def test_the_length_that_validates_best_is_taken(parts, recency, rows, monkeypatch, best):
    assert chosen(parts, recency, rows, monkeypatch, lambda blend: float(blend.dimension == best)).dimension == best


def test_a_blend_is_the_sum_of_its_parts_scores(parts, recency, rows):
    blend = Blend({"history": 1.0, "sequence": 0.5, "recency": 1.0}, None, RecencyWeights(2.0, 1.0))
    model = blend.recommender(parts, recency, rows)
    queries, candidates, _ = parts.weighted({"history": 1.0, "sequence": 0.5})
    timed = recency.weighted(blend.recency)
    expected = queries @ candidates.T + timed.queries @ timed.candidates.T
    np.testing.assert_allclose(model.queries @ model.candidates.T, expected, rtol=1e-4, atol=1e-4)
    assert Blend.from_plan(blend.to_plan()) == blend
    shorter = replace(blend, dimension=4).recommender(parts, recency, rows)
    assert shorter.queries.shape == (len(rows.users), 4)
