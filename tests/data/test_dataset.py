from __future__ import annotations

import datetime
import subprocess
import sys

import polars as pl
import pytest

from tfrs_lab.data import DataError, Dataset, fingerprint, info


def test_importing_data_leaves_slow_libraries_alone() -> None:
    slow = {"tensorflow", "tensorflow_datasets", "keras", "tf_keras", "pandas", "sklearn", "matplotlib"}
    code = f"import sys, data; print(sorted({slow} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_fingerprint_follows_content_and_order_only(small: Dataset) -> None:
    ratings = small.ratings
    assert fingerprint(ratings.rechunk()) == fingerprint(pl.concat([ratings[:700], ratings[700:]], rechunk=False))
    assert fingerprint(ratings.select(reversed(ratings.columns))) == small.fingerprint
    changed = ratings.with_columns(timestamp=pl.col("timestamp") + (pl.int_range(pl.len()) == 5))
    others = [ratings.reverse(), ratings[:-1], changed, ratings.drop("timestamp")]
    assert len({small.fingerprint, *map(fingerprint, others)}) == 5


def test_fingerprint_tells_where_one_id_ends() -> None:
    frames = [pl.DataFrame({"user_id": ids, "movie_id": ["1", "1"]}) for ids in (["1", "23"], ["12", "3"])]
    assert fingerprint(frames[0]) != fingerprint(frames[1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r.drop("movie_id"), "ratings: expected the columns"),
        (lambda r: r.with_columns(pl.col("timestamp").cast(pl.Int32)), "column timestamp: expected Int64, got Int32"),
        (lambda r: r.with_columns(extra=1), "got also extra"),
        (lambda r: r[:0], "expected ratings, got none"),
        (lambda r: r.with_columns(user_id=pl.lit(None, pl.String)), "expected an id in each row, got null"),
    ],
)
def test_a_dataset_refuses_wrong_tables(small: Dataset, change, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Dataset("x", change(small.ratings), small.movies, small.users, "test")


def test_a_dataset_has_each_movie_once(small: Dataset) -> None:
    with pytest.raises(DataError, match="one row for each movie_id, got 1 more"):
        Dataset("x", small.ratings, pl.concat([small.movies, small.movies[:1]]), small.users, "test")


def test_info_counts() -> None:
    ratings = pl.DataFrame(
        {
            "user_id": ["1", "1", "2"],
            "movie_id": ["1", "2", "1"],
            "user_rating": [1.0, 5.0, 5.0],
            "timestamp": [0, 60, 86400],
        },
        schema_overrides={"user_rating": pl.Float32},
    )
    movies = pl.DataFrame(
        {
            "movie_id": ["1", "2", "3"],
            "movie_title": ["A (1990)", "B", "C (2001)"],
            "movie_genres": [["Drama"], ["Comedy", "Drama"], []],
            "release_year": [1990, None, 2001],
            "release_date": [datetime.date(1990, 1, 1), None, None],
            "tags": [[], [], []],
        },
        schema_overrides={"release_year": pl.Int32, "movie_genres": pl.List(pl.String), "tags": pl.List(pl.String)},
    )
    dataset = Dataset("x", ratings, movies, pl.DataFrame({"user_id": ["1", "2"]}), "test")
    told = info(dataset)
    assert (told["ratings"], told["users"], told["movies"], told["rated_movies"]) == (3, 2, 3, 2)
    assert told["density"] == 3 / 4
    assert told["ratings_per_user"] == {"min": 1, "median": 1.5, "mean": 1.5, "max": 2}
    assert told["user_rating"] == {"min": 1, "max": 5, "mean": pytest.approx(11 / 3), "counts": {"1.0": 1, "5.0": 2}}
    assert told["timestamp"] == {"first": "1970-01-01T00:00:00+00:00", "last": "1970-01-02T00:00:00+00:00"}
    assert told["genres"] == {"Drama": 2, "Comedy": 1}
    assert told["years"] == {"first": 1990, "last": 2001, "known": 2}
    assert told["fingerprint"] == dataset.fingerprint
