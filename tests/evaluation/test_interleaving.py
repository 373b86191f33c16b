"""One list of two models' picks: whose they are, and whose are wanted."""

import numpy as np
import pytest

from tfrs_lab.evaluation.interleaving import credits_of, preference, team_draft


def test_each_round_both_add_their_best_that_is_not_there_yet():
    """Whoever begins, after two picks both lists have had their say."""
    first, second = ["a", "b", "c", "d"], ["x", "a", "y", "z"]
    begun = set()
    for seed in range(20):
        picked, teams = team_draft(first, second, 4, np.random.default_rng(seed))
        assert {picked[0], picked[1]} == {"a", "x"}
        assert sorted(teams[:2]) == sorted(teams[2:]) == [0, 1]
        assert [movie in (first, second)[team] for movie, team in zip(picked, teams, strict=True)] == [True] * 4
        assert len(set(picked)) == 4
        begun.add(teams[0])
    assert begun == {0, 1}


def test_lists_that_end_are_gone_on_without():
    assert team_draft(["a"], ["a"], 5, np.random.default_rng(0))[0] == ["a"]
    assert team_draft([], ["x", "y"], 5, np.random.default_rng(0)) == (["x", "y"], [1, 1])
    assert team_draft(["a", "b"], [], 1, np.random.default_rng(0)) == (["a"], [0])


def test_credit_goes_to_whose_pick_was_wanted():
    wanted = ["a", "x", "none"] * 200
    credit = credits_of(wanted, [["a", "b"]] * 600, [["x", "y"]] * 600, k=4)
    assert credit.tolist() == [1, -1, 0] * 200
    same = credits_of(["a"] * 600, [["a", "b"]] * 600, [["a", "b"]] * 600, k=2)
    assert set(same) == {1, -1}  # equal lists share it by the coin
    assert abs(same.mean()) < 0.15


def test_preference_is_over_what_was_decided_and_its_interval_over_users():
    users = [f"u{number % 40}" for number in range(400)]
    credit = np.tile(np.array([1, 1, 1, -1, 0], np.int8), 80)
    found = preference(users, credit, resamples=300)
    assert (found["first"], found["second"]) == (240, 80)
    assert found["preference"] == pytest.approx(0.5)
    low, high = found["interval"]
    assert low < 0.5 < high
    assert np.isnan(preference(users, np.zeros(400, np.int8))["preference"])
