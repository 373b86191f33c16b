"""Parquet, and tables in memory."""

import datetime

import polars as pl
import pyarrow
import pytest

from tfrs_lab.data import DataError, load_files, load_split_files

ROWS = {"userId": [10, 9], "item": ["a", "b"], "score": [4, 3], "when": [1, 2]}


class Table:
    """What any library's table has: Arrow's stream."""

    def __init__(self, columns):
        self._table = pyarrow.table(columns)

    def __arrow_c_stream__(self, requested_schema=None):
        return self._table.__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize("kind", [pl.DataFrame, pl.LazyFrame, pyarrow.table, Table])
def test_a_table_in_place_of_a_path(kind):
    said = []
    dataset = load_files(kind(ROWS), report=said.append)
    assert dataset.ratings.rows() == [("10", "a", 4.0), ("9", "b", 3.0)]
    assert "2 rows: 2 kept, 0 merged, 0 skipped; 2 users, 2 items" in said[0]
    assert "passed over: when" in said[0]
    assert dataset.name == "table"


def test_tables_go_through_the_same_checks():
    bad = pl.DataFrame({"user": ["u1", None], "item": ["a", "b"]})
    with pytest.raises(DataError, match="polars DataFrame, line 2, column user: expected an id, got nothing"):
        load_files(bad)
    assert load_files(bad, skip_bad_lines=True).dropped_lines == 1
    with pytest.raises(DataError, match="expected a path or a table of polars, pandas or Arrow, got list"):
        load_files([1, 2])
    movies = pl.DataFrame({"id": ["a"], "title": ["A (1999)"], "genres": [["x", "y"]]})
    dataset = load_files(pl.DataFrame(ROWS), movies=movies)
    assert dataset.movies.select("movie_title", "release_year").rows()[0] == ("A (1999)", 1999)
    _, split = load_split_files(pl.DataFrame(ROWS), pl.DataFrame({"userId": [9], "item": ["a"], "score": [1]}))
    assert split.test.rows() == [("9", "a", 1.0)]


@pytest.mark.parametrize(
    ("ids", "read"),
    [
        (pl.Series([1, 2], dtype=pl.UInt8), ["1", "2"]),
        (pl.Series([-1, 2**62], dtype=pl.Int64), ["-1", str(2**62)]),
        (pl.Series(["x", "y"], dtype=pl.Categorical), ["x", "y"]),
        (pl.Series(["x", "y"], dtype=pl.Enum(["x", "y"])), ["x", "y"]),
        (pl.Series([12.0, 7.0]), ["12", "7"]),
        (pl.Series([b"x", b"y"]), ["x", "y"]),
    ],
)
def test_ids_of_any_type(tmp_path, ids, read):
    path = tmp_path / "r.parquet"
    pl.DataFrame({"user_id": ids, "movie_id": ["a", "b"]}).write_parquet(path)
    dataset = load_files(path)
    assert dataset.ratings["user_id"].to_list() == read
    assert ("a point" in dataset.reading[0].line) == (ids.dtype == pl.Float64)


@pytest.mark.parametrize(
    "ids",
    [
        pl.Series([1.5, 2.0]),
        pl.Series([True, False]),
        pl.Series([[1], [2]]),
        pl.Series([datetime.date(2020, 1, 1)] * 2),
    ],
)
def test_what_is_no_id_is_refused_without_names_of_types(ids):
    with pytest.raises(DataError, match="column user_id: expected ids that are text or whole numbers, got") as caught:
        load_files(pl.DataFrame({"user_id": ids, "movie_id": ["a", "b"]}))
    assert not {"Float64", "Boolean", "List", "Date"} & set(str(caught.value).replace("(", " ").split())


def test_columns_of_other_kinds_are_named_in_plain_words():
    ids = {"user_id": ["u"], "movie_id": ["a"]}
    with pytest.raises(DataError, match="column rating: expected numbers, got a column of another kind"):
        load_files(pl.DataFrame({**ids, "rating": [[1]]}))
    with pytest.raises(
        DataError, match="column timestamp: expected times, such as seconds since 1970, got a column of"
    ):
        load_files(pl.DataFrame({**ids, "timestamp": [datetime.time(1)]}))


def test_typed_times_and_missing_values():
    moment = datetime.datetime(2017, 7, 14, 2, 41, 40, tzinfo=datetime.timezone.utc)
    table = {"user_id": ["u", "u"], "movie_id": ["a", "b"], "timestamp": [moment, None], "rating": [1, 2]}
    with pytest.raises(DataError, match="line 2, column timestamp: expected a time from 1970 to 2100, got nothing"):
        load_files(pl.DataFrame(table))
    dataset = load_files(pl.DataFrame(table), skip_bad_lines=True)
    assert dataset.ratings["timestamp"].to_list() == [1_500_000_100]
    assert "dates and times, 2017-07-14 to 2017-07-14" in dataset.reading[0].line


def test_a_table_read_without_its_header_is_recognised():
    with pytest.raises(DataError, match="look like data: was a file without a header read as if it had one"):
        load_files(pl.DataFrame({"1": [2], "1193": [661], "5": [3]}))
