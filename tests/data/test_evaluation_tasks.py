import polars as pl
import pytest

from tfrs_lab import data
from tfrs_lab.data import DataError, evaluation_task

TRAIN = pl.DataFrame({"user_id": ["t"], "movie_id": ["1"], "timestamp": [0]})
HELD = pl.DataFrame(
    {
        "user_id": ["u", "u", "u", "u", "v", "v"],
        "movie_id": ["4", "2", "10", "3", "2", "1"],
        "timestamp": [40, 20, 20, 30, 7, 6],
    }
)


def rows(table: pl.DataFrame) -> list[tuple[str, str]]:
    return table.select("user_id", "movie_id").rows()


@pytest.mark.parametrize("kind", ["stratified", "temporal-user", "mixed", "files"])
def test_most_splits_ask_for_everything(kind):
    asked = evaluation_task(kind, TRAIN, HELD)
    assert asked.rows is HELD
    assert asked.seen is TRAIN
    assert asked.candidates is None


def test_cold_items_are_ranked_among_each_other():
    asked = evaluation_task("cold-items", TRAIN, HELD)
    assert asked.rows is HELD
    assert asked.seen is TRAIN
    assert asked.candidates == ["1", "10", "2", "3", "4"]


def test_cold_users_are_asked_about_the_same_rows_however_much_is_shown():
    known = {}
    for shown in (0, 1, 2, None):
        asked = evaluation_task("cold-users", TRAIN, HELD, reveal_counts=(0, 1, 2), revealed=shown)
        assert rows(asked.rows) == [("u", "4"), ("u", "3")]  # v has no more ratings than are revealed
        known[shown] = rows(asked.seen)
    assert known[0] == [("t", "1")]
    assert known[1] == [("t", "1"), ("u", "2")]  # the first by time, of equal ones the first row
    assert known[2] == known[None] == [("t", "1"), ("u", "2"), ("u", "10")]


def test_without_timestamps_the_first_rows_are_shown():
    asked = evaluation_task("cold-users", TRAIN.drop("timestamp"), HELD.drop("timestamp"), reveal_counts=(1,))
    assert rows(asked.seen) == [("t", "1"), ("u", "4"), ("v", "2")]


def test_more_than_anyone_has_is_refused():
    with pytest.raises(DataError, match="users with more than 10 ratings"):
        evaluation_task("cold-users", TRAIN, HELD)


def test_revealed_rows_are_never_rows_to_predict():
    cold = data.split(data.generate(users=40, movies=60, ratings=1200, seed=0), "cold-users", seed=1)
    for shown in (0, 3, 5):
        asked = evaluation_task("cold-users", cold.train, cold.test, reveal_counts=(0, 3, 5), revealed=shown)
        assert not set(rows(asked.seen)) & set(rows(asked.rows))
        per_user = asked.seen.join(asked.rows, on="user_id", how="semi").group_by("user_id").len()
        assert shown == 0 or set(per_user["len"]) == {shown}
