"""Ids in integers: by text, by number and cut from a larger table they are the same."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfrs_lab.data import SPLITS, Dataset, Interactions, split


def assert_equal(one: Interactions, other: Interactions) -> None:
    for field in fields(Interactions):
        left, right = getattr(one, field.name), getattr(other, field.name)
        if isinstance(left, np.ndarray):
            assert left.dtype == right.dtype, field.name
            assert left.tolist() == right.tolist(), field.name
        else:
            assert left == right, field.name


def table(pairs: list[tuple[int, int]]) -> pl.DataFrame:
    schema = {"user_id": pl.UInt32, "movie_id": pl.UInt32}
    ratings = pl.DataFrame(pairs, schema=schema, orient="row")
    columns = {"user_rating": pl.lit(3.5, pl.Float32), "timestamp": pl.int_range(pl.len(), dtype=pl.Int64)}
    return ratings.with_columns(**columns)


numbers = st.one_of(st.integers(0, 30), st.integers(0, 2**32 - 1))


@given(st.lists(st.tuples(numbers, numbers), max_size=40))
def test_numbers_are_encoded_as_their_digits(pairs) -> None:
    by_number = table(pairs)
    by_text = by_number.with_columns(pl.col("user_id", "movie_id").cast(pl.String))
    found = Interactions.from_ratings(by_number)
    assert_equal(found, Interactions.from_ratings(by_text))
    assert found.to_ratings().equals(by_text)


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=40), st.data())
def test_some_rows_are_as_if_encoded_alone(pairs, data) -> None:
    whole = table(pairs).with_columns(pl.col("user_id", "movie_id").cast(pl.String))
    rows = np.array(data.draw(st.lists(st.integers(0, len(pairs) - 1), max_size=20)), dtype=np.int64)
    assert_equal(Interactions.from_ratings(whole).take(rows), Interactions.from_ratings(whole[rows]))


def test_without_ratings_and_times_there_are_none() -> None:
    bare = pl.DataFrame({"user_id": ["b", "a"], "movie_id": ["x", "y"]})
    encoded = Interactions.from_ratings(bare)
    assert encoded.to_ratings().equals(bare)
    assert encoded.take(np.array([1])).rating is None
    assert encoded.take(np.array([1])).timestamp is None


@pytest.mark.parametrize("kind", SPLITS)
def test_parts_of_a_split_are_cut_from_what_is_encoded(small: Dataset, kind: str) -> None:
    parts = split(small, kind, seed=3)
    assert_equal(parts.encoded("train"), Interactions.from_ratings(parts.train))
    assert_equal(parts.encoded("train_and_validation"), Interactions.from_ratings(parts.train_and_validation))
