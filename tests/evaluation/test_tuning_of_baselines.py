"""Baselines choose their open numbers on validation: the search finds a planted best, within bounds, reproducibly."""

from __future__ import annotations

from dataclasses import replace
from math import log2
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.evaluation.cases import FixedScores, ids
from tfrs_lab.data import Interactions, generate, split
from tfrs_lab.evaluation.monitor import Monitor
from tfrs_lab.models.baselines import (
    BASELINES,
    Baseline,
    EaseConfig,
    IALSConfig,
    ItemKNNConfig,
    RecencyConfig,
    SameForAll,
)
from tfrs_lab.models.baselines import tuning as searching
from tfrs_lab.models.baselines.base import Range
from tfrs_lab.models.baselines.tuning import tune

DAY = 86_400


def monitor(rows: Any) -> Monitor:
    return Monitor(rows.validation, rows.train)


def hidden(users: int) -> tuple[Interactions, Monitor]:
    """Each user knows the first movie and will see the last of 40."""
    names, movies = ids("u", users), ids("m", 40)
    first = pl.DataFrame({"user_id": names, "movie_id": movies[:1] * users})
    known = pl.concat([first, pl.DataFrame({"user_id": ["other"] * 39, "movie_id": movies[1:]})])
    to_come = pl.DataFrame({"user_id": names, "movie_id": movies[-1:] * users})
    return Interactions.from_ratings(known), Monitor(to_come, first)


class Planted:
    """A baseline whose lists are the better the nearer its numbers are to the best ones; counts its fits."""

    def __init__(self, best: dict[str, float], ranges: dict[str, Range[Any]], config: type = EaseConfig, **more: Any):
        self.best, self.fitted = best, []
        self.baseline = Baseline(config, self.fit, SameForAll.from_state, ranges=ranges, **more)

    def fit(self, rows: Interactions, config: Any, *, seed: int, now: int | None) -> FixedScores:
        values = {name: getattr(config, name) for name in self.best}
        self.fitted.append(values)
        away = sum(abs(log2(values[name] / best)) for name, best in self.best.items())
        scores = np.zeros((len(rows.users), len(rows.movies)))
        scores[:, -1] = -away
        scores[:, 1:-1] = -0.3 * 1.6 ** np.arange(38)  # the farther away, the more movies are ahead of the one to come
        return FixedScores(rows.users, rows.movies, scores)


LAMBDA = {"regularization": BASELINES["ease"].ranges["regularization"]}


@pytest.mark.parametrize("best", [800.0, 2.0, 130.0, 20_000.0])
def test_it_finds_the_best_value_wherever_it_lies(best: float):
    rows, validation = hidden(60)
    planted = Planted({"regularization": best}, LAMBDA)
    choice = tune(planted.baseline, rows, EaseConfig(), validation)
    assert abs(log2(choice.values["regularization"] / best)) <= 0.5
    assert len(choice.tried) == len(planted.fitted) <= 16
    assert len({found["regularization"] for found in choice.tried}) == len(choice.tried)
    scored = {found["regularization"]: found["ndcg@10"] for found in choice.tried}
    assert scored[choice.values["regularization"]] == max(scored.values())
    assert next(iter(scored)) == 800.0


def test_it_finds_the_best_of_several_numbers_together():
    rows, validation = hidden(60)
    planted = Planted({"alpha": 20.0, "regularization": 5.0}, dict(BASELINES["ials"].ranges), IALSConfig)
    choice = tune(planted.baseline, rows, IALSConfig(), validation)
    assert (choice.values["alpha"], choice.values["factors"]) == (20.0, 32)
    assert abs(log2(choice.values["regularization"] / 5.0)) <= 0.5


def test_what_is_given_is_kept_and_not_searched():
    rows, validation = hidden(60)
    planted = Planted({"alpha": 20.0, "regularization": 5.0}, dict(BASELINES["ials"].ranges), IALSConfig)
    choice = tune(planted.baseline, rows, IALSConfig(regularization=100.0, factors=16), validation)
    assert choice.values == {"alpha": 20.0}
    assert {values["regularization"] for values in planted.fitted} == {100.0}


def test_the_model_is_fitted_with_what_was_chosen_and_not_once_more(planted: Any):
    rows = Interactions.from_ratings(planted.train)
    counted = Planted({"regularization": 130.0}, LAMBDA)
    known, validation = hidden(60)
    choice = tune(counted.baseline, known, EaseConfig(), validation)
    assert len(counted.fitted) == len(choice.tried)
    ease = tune(BASELINES["ease"], rows, EaseConfig(), monitor(planted))
    anew = BASELINES["ease"].fit(rows, EaseConfig(**ease.values))
    np.testing.assert_array_equal(ease.model.score(np.arange(60)), anew.score(np.arange(60)))


def test_settings_that_validation_cannot_tell_apart_end_the_search():
    rows, validation = hidden(60)
    constant = Planted({}, LAMBDA)
    choice = tune(constant.baseline, rows, EaseConfig(), validation)
    assert choice.values == {"regularization": 800.0}
    assert len(choice.tried) == 3


def test_the_effort_is_bounded_by_sizes_and_not_by_a_clock():
    rows, validation = hidden(60)
    best = {"regularization": 2.0}
    slow = Planted(best, LAMBDA, effort=lambda rows, config: 1000.0)
    assert len(tune(slow.baseline, rows, EaseConfig(), validation).tried) == 1 + searching.LEAST_TRIED
    some = Planted(best, LAMBDA, effort=lambda rows, config: searching.BUDGET / 6.5)
    assert len(tune(some.baseline, rows, EaseConfig(), validation).tried) == 6
    longer = searching.BUDGET * 8 / 6
    assert len(tune(some.baseline, rows, EaseConfig(), validation, budget=longer).tried) == 8


def test_few_users_move_nothing_unless_they_agree(monkeypatch: pytest.MonkeyPatch):
    rows, validation = hidden(8)
    planted = Planted({"regularization": 130.0}, LAMBDA)
    assert tune(planted.baseline, rows, EaseConfig(), validation).values != {"regularization": 800.0}
    monkeypatch.setattr(Monitor, "per_user", lambda self, model: model.scores[0, -1] * np.array([1] * 5 + [-1] * 3))
    choice = tune(planted.baseline, rows, EaseConfig(), validation)
    assert choice.values == {"regularization": 800.0}
    assert "8 users tell too little" in choice.note
    assert len(choice.tried) > 1
    assert choice.model.scores[0, -1] == pytest.approx(-log2(800 / 130))
    monkeypatch.setattr(searching, "FEW_USERS", 8)
    assert tune(planted.baseline, rows, EaseConfig(), validation).values != {"regularization": 800.0}


def test_large_catalogues_are_searched_on_the_movies_with_most_rows():
    data = generate(users=120, movies=60, ratings=2500, seed=0)
    cut = split(data, "stratified", seed=0)
    rows = Interactions.from_ratings(cut.train)
    fitted = []

    def fit(rows: Interactions, config: Any, **more: Any) -> Any:
        fitted.append(rows)
        return BASELINES["ease"].fitter(rows, config, **more)

    choice = tune(replace(BASELINES["ease"], fitter=fit, tuned_on=20), rows, EaseConfig(), monitor(cut))
    assert {len(used.movies) for used in fitted[:-1]} == {20}
    top = sorted(rows.movie_counts)[-20:]
    assert sorted(fitted[0].movie_counts) == top
    assert fitted[-1] is rows
    assert choice.model.movies is rows.movies


def test_ease_comes_near_the_best_of_a_fine_grid():
    data = generate(users=300, movies=80, ratings=5000, seed=1)
    cut = split(data, "stratified", seed=0)
    rows, validation = Interactions.from_ratings(cut.train), monitor(cut)
    choice = tune(BASELINES["ease"], rows, EaseConfig(), validation)
    grid = [validation(BASELINES["ease"].fit(rows, EaseConfig(regularization=2.0**power))) for power in range(14)]
    assert validation(choice.model) >= max(grid) - 0.002
    assert max(grid) > min(grid) + 0.01


def fashions(period_days: float, seed: int = 0) -> tuple[pl.DataFrame, pl.DataFrame]:
    """200 users, five rows each over 400 days, of movies that are in fashion for a period; the last day is to come."""
    rng = np.random.default_rng(seed)
    day = np.sort(rng.uniform(0, 400, 4000))
    season = (day // period_days).astype(int)
    movie = (season * 3 + rng.integers(0, 5, len(day))) % 60
    user = rng.integers(0, 200, len(day))
    rows = pl.DataFrame(
        {
            "user_id": [f"u{number:03}" for number in user],
            "movie_id": [f"m{number:02}" for number in movie],
            "timestamp": (day * DAY).astype(np.int64),
        }
    ).unique(["user_id", "movie_id"], keep="first", maintain_order=True)
    return rows[:-150], rows[-150:]


def test_half_life_follows_how_fast_fashion_changes():
    chosen = {}
    for period in (2.0, 400.0):
        known, to_come = fashions(period)
        choice = tune(BASELINES["recency"], Interactions.from_ratings(known), RecencyConfig(), Monitor(to_come, known))
        chosen[period] = choice.values["half_life_days"]
    assert chosen[2.0] < 10 < chosen[400.0]


@pytest.mark.parametrize(("name", "config"), [("itemknn", ItemKNNConfig), ("ials", IALSConfig)])
def test_the_same_rows_give_the_same_choice(name: str, config: type):
    data = generate(users=80, movies=40, ratings=1500, seed=0)
    cut = split(data, "random", seed=0)
    first, second = (
        tune(BASELINES[name], Interactions.from_ratings(cut.train), config(), monitor(cut), seed=3) for _ in range(2)
    )
    assert (first.values, first.tried) == (second.values, second.tried)
    assert first.values.keys() == BASELINES[name].ranges.keys()
    np.testing.assert_array_equal(first.model.score(np.arange(80)), second.model.score(np.arange(80)))


@pytest.mark.parametrize("name", [name for name, baseline in BASELINES.items() if baseline.ranges])
def test_defaults_are_what_nothing_given_means(name: str):
    baseline = BASELINES[name]
    settled = baseline.settled(baseline.config())
    for field, found in baseline.ranges.items():
        assert getattr(baseline.config(), field) is None
        assert getattr(settled, field) == found.default == found.at(0)
        assert found.low <= found.default <= found.high
