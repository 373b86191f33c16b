"""A pool of scores says what a monitor says of every weighted sum, without asking the models again."""

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_matrix

from tests.evaluation.cases import FixedScores, ids, pairs
from tfrs_lab.data.interactions import Vocabulary
from tfrs_lab.evaluation import score_pool
from tfrs_lab.evaluation.monitor import Monitor
from tfrs_lab.evaluation.score_pool import ScorePool

USERS, MOVIES = 40, 25
NAMES = ("taste", "order", "trend")
WEIGHTS = (
    {"taste": 1.0},
    {"order": 1.0, "trend": 0.5},
    {"taste": 2.0, "order": 1.0, "trend": 3.0},
    {"trend": 0.0, "order": 0.0},
)


class ByHistory(FixedScores):
    """Scores histories too: the movies next to known ones."""

    def score_history(self, history, user_ids=None):
        return self.scores[0] + np.roll(csr_matrix(history).toarray(), 1, axis=1)


@pytest.fixture(scope="module", params=[8, 3], ids=["few ties", "many ties"])
def models(request):
    """Whole numbers, so that sums are exact; the last eight users are unknown."""
    random = np.random.default_rng(request.param)
    users, movies = Vocabulary(ids("u", USERS)[:-8]), Vocabulary(ids("m", MOVIES))
    return {
        name: ByHistory(users, movies, random.integers(0, request.param, (len(users), MOVIES)).astype(np.float32))
        for name in NAMES
    }


@pytest.fixture(scope="module")
def monitor():
    """Users have seen between none and all movies, some have nothing relevant but a movie that is no candidate."""
    random = np.random.default_rng(0)
    seen, wanted = [], []
    for number, user in enumerate(ids("u", USERS)):
        order = random.permutation(ids("m", MOVIES))
        known = (0, 5, 12, 23, 25)[number % 5]
        seen += [(user, movie) for movie in order[:known]]
        wanted += [(user, movie) for movie in [*order[known : known + number % 4], "nowhere"]]
    return Monitor(pairs(wanted), pairs(seen), k=5, block=7)


def summed(models, weights):
    """The weighted sum as a recommender of its own."""

    class Sum(FixedScores):
        def score(self, users):
            return sum(weight * models[name].score(users) for name, weight in weights.items())

        def score_history(self, history, user_ids=None):
            return sum(weight * models[name].score_history(history) for name, weight in weights.items())

    first = models["taste"]
    return Sum(first.users, first.movies, first.scores)


@pytest.mark.parametrize("weights", WEIGHTS)
def test_it_is_the_monitors_figure_where_the_pool_holds_every_movie(models, monitor, weights):
    pool = ScorePool.of(monitor, models)
    values = pool.per_user(weights)
    np.testing.assert_allclose(values, monitor.per_user(summed(models, weights)))
    assert 0 < values.mean() < 1


@pytest.mark.parametrize("name", NAMES)
def test_of_a_model_alone_it_is_exact_at_any_depth_and_holds_few_movies(models, monitor, monkeypatch, name):
    monkeypatch.setattr(score_pool, "DEPTH", 5)
    pool = ScorePool.of(monitor, models)
    assert pool.scores.shape[:2] == (3, USERS)
    assert pool.scores.shape[2] <= 15
    np.testing.assert_allclose(pool.per_user({name: 1.0}), monitor.per_user(models[name]))


def test_of_a_sum_it_ranks_what_some_model_puts_first(models, monitor, monkeypatch):
    monkeypatch.setattr(score_pool, "DEPTH", 8)
    pool, weights = ScorePool.of(monitor, models), {"taste": 1.0, "order": 1.0}
    assert pool.per_user(weights).mean() == pytest.approx(monitor(summed(models, weights)), abs=0.05)


def test_padding_stands_in_front_and_wins_nothing(models, monitor):
    pool = ScorePool.of(monitor, models)
    padding = np.isneginf(pool.scores)
    assert (padding == padding[:1]).all()
    assert padding[0].any()
    assert (padding[0][:, :-1] >= padding[0][:, 1:]).all()
    assert not pool.relevant[padding[0]].any()
    everything_seen = np.flatnonzero(padding[0].all(axis=1))
    assert len(everything_seen) == USERS // 5
    assert not pool.per_user({"taste": 1.0})[everything_seen].any()


def test_relevant_movies_outside_the_pool_count_as_missed(models, monitor):
    pool = ScorePool.of(monitor, models)
    assert (pool.counts >= pool.relevant.sum(axis=1) + 1).all()  # one is no candidate


def test_candidates_of_the_monitor_are_ranked_alone(models):
    few = ids("m", MOVIES)[::2]
    random = np.random.default_rng(1)
    wanted = pl.concat([pairs([(user, movie) for movie in random.choice(few, 3, False)]) for user in ids("u", USERS)])
    monitor = Monitor(wanted, wanted.clear(), candidates=few, k=3)
    pool = ScorePool.of(monitor, models)
    assert pool.scores.shape == (3, USERS, len(few))
    weights = {"taste": 1.0, "trend": 2.0}
    np.testing.assert_allclose(pool.per_user(weights), monitor.per_user(summed(models, weights)))
