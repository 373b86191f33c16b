"""Ranking metrics against hand-computed values and against ir-measures."""

from __future__ import annotations

import ir_measures
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from ir_measures import AP, RR, P, R, Success, nDCG

from tests.evaluation.cases import FixedScores, Vocabulary, pairs, random_case
from tfrs_lab.evaluation import evaluate
from tfrs_lab.evaluation.metrics import RANKING_METRICS, ranking_metrics
from tfrs_lab.evaluation.rating_metrics import mae, rmse


def test_five_relevant_ten_predicted_two_hits():
    movies = [f"m{i}" for i in range(10)]
    recommender = FixedScores(Vocabulary(["u"]), Vocabulary(movies), np.arange(10, 0, -1, dtype=np.float32)[None])
    test = pairs([("u", "m3"), ("u", "m7"), ("u", "x"), ("u", "y"), ("u", "z")])
    metrics = evaluate(recommender, test, seen=pairs([("v", "m0")]), ks=(10,), bootstrap=0).metrics
    assert metrics["precision@10"] == pytest.approx(0.2)
    assert metrics["recall@10"] == pytest.approx(0.4)
    assert metrics["mrr@10"] == pytest.approx(1 / 4)
    assert metrics["map@10"] == pytest.approx((1 / 4 + 2 / 8) / 5)
    assert metrics["hit_rate@10"] == 1.0
    ideal = sum(1 / np.log2(rank + 1) for rank in range(1, 6))
    assert metrics["ndcg@10"] == pytest.approx((1 / np.log2(5) + 1 / np.log2(9)) / ideal)


@pytest.mark.parametrize("seed", range(8))
def test_agrees_with_ir_measures(seed: int):
    case = random_case(seed)
    ks = (1, 3, 10, 60)  # there are 40 candidates: 60 is more than anybody can get
    result = evaluate(case.recommender, case.test, seen=case.seen, ks=ks, bootstrap=0)
    qrels = case.test.select("user_id", "movie_id").iter_rows()
    run = result.topk.select("user_id", "movie_id", -pl.col("rank").cast(pl.Float64)).iter_rows()
    measured = list(
        ir_measures.iter_calc(
            [measure @ k for measure in (P, R, nDCG, RR, Success, AP) for k in ks],
            [ir_measures.Qrel(user, movie, 1) for user, movie in qrels],
            [ir_measures.ScoredDoc(user, movie, score) for user, movie, score in run],
        )
    )
    reference = {(str(value.measure), value.query_id): value.value for value in measured}
    names = {"precision": P, "recall": R, "ndcg": nDCG, "mrr": RR, "hit_rate": Success, "map": AP}
    relevant = dict(case.test.group_by("user_id").len().iter_rows())
    compared = 0
    for row in result.per_user.iter_rows(named=True):
        user = row["user_id"]
        for name, measure in names.items():
            for k in ks:
                expected = reference.get((str(measure @ k), user), 0.0)
                if name == "map":  # theirs divides by all relevant movies
                    expected *= relevant[user] / min(k, relevant[user])
                assert row[f"{name}@{k}"] == pytest.approx(expected, abs=1e-9), (user, name, k)
                compared += expected > 0
    assert compared > 300
    assert set(result.per_user["user_id"]) == set(relevant)


matrices = arrays(bool, st.tuples(st.integers(1, 6), st.integers(1, 12)))


@given(hits=matrices, extra=st.integers(0, 9), k=st.integers(1, 15))
def test_values_lie_between_nothing_and_perfection(hits: np.ndarray, extra: int, k: int):
    relevant = hits.sum(axis=1) + extra
    for name, values in ranking_metrics(hits, relevant, [k]).items():
        assert values.shape == (len(hits),), name
        assert ((values >= 0) & (values <= 1 + 1e-12)).all(), name
        assert (values[relevant == 0] == 0).all(), name


@given(relevant=st.integers(1, 20), k=st.integers(1, 20))
def test_a_perfect_list_scores_one(relevant: int, k: int):
    hits = np.arange(20)[None] < relevant
    values = ranking_metrics(hits, np.array([relevant]), [k])
    for name in ("ndcg", "map", "mrr", "hit_rate"):
        assert values[f"{name}@{k}"][0] == pytest.approx(1.0)
    assert values[f"precision@{k}"][0] == pytest.approx(min(relevant, k) / k)
    assert values[f"recall@{k}"][0] == pytest.approx(min(relevant, k) / relevant)


@given(hits=matrices, k=st.integers(1, 12), data=st.data())
def test_moving_a_hit_up_never_hurts(hits: np.ndarray, k: int, data: st.DataObject):
    place = data.draw(st.integers(0, hits.shape[1] - 1))
    better = hits.copy()
    better[:, : place + 1] = np.sort(hits[:, : place + 1], axis=1)[:, ::-1]
    relevant = hits.sum(axis=1)
    for name, metric in RANKING_METRICS.items():
        assert (metric(better, relevant, k) >= metric(hits, relevant, k) - 1e-12).all(), name


def test_empty_lists_score_zero():
    values = ranking_metrics(np.zeros((2, 0), dtype=bool), np.array([3, 1]), [5])
    assert all((value == 0).all() for value in values.values())


def test_rating_errors():
    truth, prediction = np.array([1.0, 5.0, 3.0]), np.array([2.0, 3.0, 3.0])
    assert rmse(truth, prediction) == pytest.approx(np.sqrt(5 / 3))
    assert mae(truth, prediction) == pytest.approx(1.0)
    for bad in (np.array([1.0, np.nan, 2.0]), np.array([1.0]), np.zeros((3, 1))):
        with pytest.raises(ValueError, match=r"expected|finite"):
            rmse(truth, bad)
