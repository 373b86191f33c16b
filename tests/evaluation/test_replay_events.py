import numpy as np
import polars as pl
import pytest

from tfrs_lab.evaluation.replay import Request, ask, gains, requests, summarise

KNOWN = pl.DataFrame({"user_id": ["a", "a", "b"], "movie_id": ["2", "1", "3"], "timestamp": [5, 1, 2]})
EVENTS = pl.DataFrame(
    {"user_id": ["a", "b", "a", "a", "new"], "movie_id": ["3", "1", "4", "1", "2"], "timestamp": [9, 7, 8, 10, 11]}
)


def test_events_come_in_order_of_time_and_histories_grow():
    asked, rows = requests(KNOWN, EVENTS)
    assert asked == [
        Request("b", ("3",), ()),
        Request("a", ("1", "2"), ()),
        Request("a", ("1", "2"), ("4",)),
        Request("new", (), ()),
    ]
    assert rows["movie_id"].to_list() == ["1", "4", "3", "2"]  # what a user has had is no event


def test_a_gain_is_that_of_the_place_in_the_list():
    asked, rows = requests(KNOWN, EVENTS)
    lists = {"first": ["1", "4", "3", "2"], "third": ["9", "8", "2", "1"]}
    answers = {
        "live": lambda block: [[rows["movie_id"][asked.index(one)]] for one in block],
        "frozen": lambda block: [lists["third"] for _ in block],
    }
    played = gains(asked, rows["movie_id"].to_list(), ask(asked, answers, k=3, block=2))
    assert played["live"].to_list() == [1.0] * 4
    assert played["frozen"].to_list() == [0.0, 0.0, 0.0, 0.5]  # "1" is fourth, and lists have three
    assert played["since"].to_list() == [0, 0, 1, 0]


def test_groups_and_differences():
    played = pl.DataFrame(
        {"user_id": ["a", "a", "b"], "since": [0, 1, 0], "live": [1.0, 0.5, 0.0], "frozen": [0.0, 0.5, 0.0]},
        schema_overrides={"since": pl.Int32},
    )
    found = summarise(played, ["live", "frozen"], against="frozen", resamples=200)
    every, none, one = found["groups"]
    assert [group["since"] for group in found["groups"]] == ["all", "0", "1–2"]
    assert (every["events"], every["users"]) == (3, 2)
    assert every["live"]["ndcg"] == pytest.approx(0.5)
    assert every["live"]["hit_rate"] == pytest.approx(2 / 3)
    assert every["live"]["difference"] == pytest.approx(1 / 3)
    low, high = every["live"]["difference_interval"]
    assert low <= 1 / 3 <= high
    assert none["frozen"]["ndcg"] == 0
    assert np.isclose(one["live"]["difference"], 0)
