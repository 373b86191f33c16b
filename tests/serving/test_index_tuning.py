import numpy as np
import pytest

from tfrs_lab.serving import tuning
from tfrs_lab.serving.index import ExactIndex, IndexSetting, ScannIndex
from tfrs_lab.serving.measure import Search, recall
from tfrs_lab.serving.tuning import tune


@pytest.fixture
def vectors(monkeypatch):
    """Vectors, one kind of index to try, and a clock that depends on the setting alone."""
    random = np.random.default_rng(0)
    monkeypatch.setattr(
        tuning, "builds", lambda movies, dim, seed: iter([IndexSetting("scann", 30, 30, 2, 0.2, seed=seed)])
    )
    return random.normal(size=(900, 8)).astype(np.float32), random.normal(size=(80, 8)).astype(np.float32)


def clock(monkeypatch, brute, scann):
    def speed(self, queries, k, setting=None, seconds=0.0):
        return brute if isinstance(self.index, ExactIndex) else scann / setting.leaves_to_search

    monkeypatch.setattr(Search, "speed", speed)


def test_the_fewest_leaves_that_reach_the_target_win(vectors, monkeypatch):
    clock(monkeypatch, brute=1.0, scann=1000.0)
    found = tune(*vectors, k=10, target=0.9)
    assert found.chosen.setting.kind == "scann"
    assert found.chosen.recall >= 0.9
    own = Search(ScannIndex(vectors[0], np.arange(900, dtype=np.int32), found.chosen.setting))
    true = np.argsort(-vectors[1] @ vectors[0].T, axis=1)[:, :10]
    assert recall(own.rows(vectors[1], 10), true) >= 0.88  # both halves of the queries together
    faster = [one for one in found.trials if one.speed > found.chosen.speed and one.recall >= 0.9]
    assert len(faster) <= 1  # such a one has failed on the other half of the queries
    assert len({one.setting.reorder for one in found.trials}) == 4


def test_brute_force_wins_where_it_is_faster(vectors, monkeypatch):
    clock(monkeypatch, brute=1e6, scann=1.0)
    found = tune(*vectors, k=10, target=0.9)
    assert found.chosen.setting == IndexSetting()
    assert found.chosen.recall == 1.0
    assert found.trials
    alone = tune(*vectors, k=10, target=0.9, only_scann=True)
    assert alone.chosen.setting.kind == "scann"


def test_a_target_out_of_reach_leaves_brute_force_or_an_error(vectors, monkeypatch):
    clock(monkeypatch, brute=1.0, scann=1000.0)
    monkeypatch.setattr(tuning, "REORDERS", (1,))
    monkeypatch.setattr(tuning, "SHARES", (0.04,))
    assert tune(*vectors, k=10, target=1.0).chosen.setting.kind == "brute-force"
    with pytest.raises(ValueError, match=r"recall@10 of 1.0, got at most 0\.\d+"):
        tune(*vectors, k=10, target=1.0, only_scann=True)


def test_few_movies_and_nonsense(vectors, monkeypatch):
    clock(monkeypatch, brute=1.0, scann=1000.0)
    assert tune(vectors[0][:20], vectors[1], k=10, target=0.9).chosen.setting.kind == "brute-force"
    with pytest.raises(ValueError, match="at least 2 queries"):
        tune(vectors[0], vectors[1][:1], k=10, target=0.9)


def test_the_real_clock_runs(vectors):
    search = Search(ExactIndex(vectors[0], np.arange(900, dtype=np.int32)))
    assert search.speed(vectors[1], 10) > 0


def test_recall_counts_what_exists():
    true = np.array([[1, 2, -1], [3, 4, 5]])
    assert recall(np.array([[2, 9, -1], [5, 4, 3]]), true) == pytest.approx((1 / 2 + 1) / 2)
