"""Repeated events are one interaction."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from own_rows import HEADER, ROWS

from tfrs_lab.data import DataError, load_files, load_split_files
from tfrs_lab.data.reading.ratings import merge


def test_the_latest_counts_wherever_it_stands(read):
    lines = [HEADER, "u1,a,5,1500009000", "u1,a,1,1500000100", *ROWS[1:]]
    dataset, said = read(lines)
    assert dataset.ratings.rows()[0] == ("u1", "a", 5.0, 1_500_009_000)
    assert "6 rows: 5 kept, 1 merged (repeated events: the latest counts), 0 skipped" in said[0]


def test_without_times_and_at_one_time_the_last_line_counts(read):
    dataset, said = read(["user_id,movie_id,user_rating", "u1,a,1", "u1,b,2", "u1,a,3"])
    assert dataset.ratings.rows() == [("u1", "b", 2.0), ("u1", "a", 3.0)]
    assert "the last line counts" in said[0]
    dataset, _ = read([HEADER, "u1,a,1,1500000100", "u1,a,3,1500000100"])
    assert dataset.ratings["user_rating"].to_list() == [3.0]


def test_parquet_and_implicit(tmp_path):
    path = tmp_path / "r.parquet"
    pl.DataFrame({"user_id": [1, 1, 2], "movie_id": [7, 7, 7]}).write_parquet(path)
    dataset = load_files(path)
    assert dataset.ratings.rows() == [("1", "7"), ("2", "7")]
    assert dataset.reading[0].merged == 1


def test_within_a_part_they_merge_and_between_parts_they_leak(write):
    train = write([HEADER, *ROWS, ROWS[0]], "train.csv")
    test = write([HEADER, "u1,c,1,1500003000", "u1,c,2,1500003100"], "test.csv")
    dataset, parts = load_split_files(train, test)
    assert [summary.merged for summary in dataset.reading] == [1, 1]
    assert parts.test.rows() == [("u1", "c", 2.0, 1_500_003_100)]
    leak = write([HEADER, "u1,a,1,1500003000"], "leak.csv")
    with pytest.raises(DataError, match=r"expected parts without a common rating, got 1 .* user u1, movie a; leave"):
        load_split_files(train, leak)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.integers(0, 3)), max_size=30))
def test_as_a_dictionary_would_do_it(rows):
    table = pl.DataFrame(
        rows, schema={"user_id": pl.String, "movie_id": pl.String, "timestamp": pl.Int64}, orient="row"
    )
    latest = {}
    for place, (user, movie, time) in enumerate(rows):
        if (user, movie) not in latest or latest[user, movie][0] <= time:
            latest[user, movie] = (time, place)
    kept = sorted(place for _, place in latest.values())
    assert merge(table).rows() == [rows[place] for place in kept]
