"""Baselines on the real MovieLens-100K against figures known from other evaluations of the same splits."""

from __future__ import annotations

import dataclasses

import polars as pl
import pytest

from tfrs_lab.data import load, split
from tfrs_lab.data.interactions import Interactions
from tfrs_lab.evaluation import Evaluation, evaluate, score_topk
from tfrs_lab.models.baselines import BASELINES

pytestmark = pytest.mark.slow


@dataclasses.dataclass(frozen=True)
class Benchmark:
    """Train rows (with validation) and test rows."""

    train: pl.DataFrame
    test: pl.DataFrame

    def run(self, name: str, seed: int = 0) -> Evaluation:
        model = BASELINES[name].fit(Interactions.from_ratings(self.train), seed=seed)
        return evaluate(model, self.test, seen=self.train)


def benchmark(kind: str) -> Benchmark:
    parts = split(load("100k"), kind)
    return Benchmark(pl.concat([parts.train, parts.validation]), parts.test)


@pytest.fixture(scope="module")
def stratified() -> Benchmark:
    return benchmark("stratified")


@pytest.mark.parametrize(
    ("name", "ndcg", "precision", "recall", "tolerance"),
    [
        ("popularity", 0.2522, 0.2285, 0.1131, 0.001),
        ("itemknn", 0.4254, 0.3664, 0.1996, 0.005),
        ("ease", 0.4806, 0.4168, 0.2264, 0.005),
        ("ials", 0.4879, 0.4217, 0.2298, 0.005),
    ],
)
def test_stratified(stratified: Benchmark, name: str, ndcg: float, precision: float, recall: float, tolerance: float):
    result = stratified.run(name)
    assert (len(stratified.train), len(stratified.test)) == (75_066, 24_934)
    assert result.metrics["users"] == 943
    assert result.metrics["ndcg@10"] == pytest.approx(ndcg, abs=tolerance)
    assert result.metrics["precision@10"] == pytest.approx(precision, abs=tolerance)
    assert result.metrics["recall@10"] == pytest.approx(recall, abs=tolerance)
    low, high = result.confidence["ndcg@10"]
    assert 0.02 < high - low < 0.05


@pytest.mark.parametrize(("seed", "ndcg"), [(1, 0.4856), (2, 0.4846)])
def test_other_seeds_of_ials(stratified: Benchmark, seed: int, ndcg: float):
    metrics = stratified.run("ials", seed).metrics
    assert metrics["ndcg@10"] == pytest.approx(ndcg, abs=0.005)


@pytest.mark.parametrize(
    ("name", "ndcg", "recall"), [("popularity", 0.121, 0.067), ("itemknn", 0.188, 0.117), ("ease", 0.198, 0.121)]
)
def test_temporal_user(name: str, ndcg: float, recall: float):
    metrics = benchmark("temporal-user").run(name).metrics
    assert metrics["ndcg@10"] == pytest.approx(ndcg, abs=0.005)
    assert metrics["recall@10"] == pytest.approx(recall, abs=0.005)


def test_recency_beats_popularity_after_a_global_cut():
    recency, popularity = (benchmark("temporal-global").run(name) for name in ("recency", "popularity"))
    warm = [result.slices["cold_start"]["warm_users"]["ndcg@10"] for result in (recency, popularity)]
    assert warm[0] > warm[1] + 0.03


def test_scoring_the_lists_gives_the_same_numbers(stratified: Benchmark):
    result = stratified.run("ease")
    scored = score_topk(result.topk, stratified.test, stratified.train)
    assert scored.metrics == {k: v for k, v in result.metrics.items() if not k.startswith("factorized")}
    assert scored.slices == result.slices
