"""How ready-made files were split is told from their rows, and validation is cut alike."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from tfrs_lab.data import SPLITS, DataError, Dataset, Split, detect_split, generate, split, with_validation
from tfrs_lab.data.splits.kinds import NEED_TIMESTAMPS

DRAWN = ("random", "stratified", "k-fold")


@pytest.fixture(scope="module")
def releases() -> Dataset:
    """People and movies that come and go over time."""
    return generate(150, 120, 6_000, tastes=4, seed=5)


def as_files(parts: Split, *, validation: bool = False) -> Split:
    """The split as it comes from files, with or without a validation file."""
    if validation:
        return Split("files", parts.train, parts.validation, parts.test)
    return Split("files", parts.train_and_validation, parts.test[:0], parts.test)


def whole(parts: Split, dataset: Dataset) -> Dataset:
    """The dataset that ``load_split_files`` makes of a split without validation."""
    return Dataset("files", pl.concat([parts.train, parts.test]), dataset.movies, dataset.users, "test")


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", SPLITS)
def test_every_kind_of_split_is_told_from_its_rows(releases: Dataset, kind: str, seed: int) -> None:
    expected = "random" if kind in DRAWN else kind
    parts = split(releases, kind, seed=seed)
    assert detect_split(parts.train_and_validation, parts.test) == expected
    files = as_files(parts, validation=True)
    assert (files.asks, files.validation_asks) == (expected, expected)
    assert files.validates_as_tested


@pytest.mark.parametrize("kind", SPLITS)
def test_validation_is_cut_as_test_was(releases: Dataset, kind: str) -> None:
    files = as_files(split(releases, kind, seed=1))
    dataset = whole(files, releases)
    cut = with_validation(files, dataset, seed=4)
    assert cut.validates_as_tested
    assert cut.asks == files.asks
    assert detect_split(cut.train, cut.validation) == files.asks
    assert cut.train.height + cut.validation.height == files.train.height
    assert cut.train_and_validation.equals(files.train)  # in the order of the file
    assert cut.validation.equals(with_validation(files, dataset, seed=4).validation)
    drawn = kind not in NEED_TIMESTAMPS
    assert cut.validation.equals(with_validation(files, dataset, seed=5).validation) != drawn
    again = cut.encoded("train").to_ratings()
    assert again.equals(cut.train.select(again.columns))


def test_validation_of_a_split_in_time_is_the_splits_own(releases: Dataset) -> None:
    for kind in ("leave-one-out", "temporal-global"):
        parts = split(releases, kind)
        files = as_files(parts)
        cut = with_validation(files, whole(files, releases))
        assert cut.validation.equals(parts.validation)


def test_one_user_out_of_order_changes_nothing(releases: Dataset) -> None:
    parts = split(releases, "temporal-user")
    user = parts.test["user_id"][0]
    turned = pl.when(pl.col("user_id") == user).then(-pl.col("timestamp")).otherwise("timestamp").alias("timestamp")
    assert detect_split(parts.train.with_columns(turned), parts.test.with_columns(turned)) == "temporal-user"


def test_what_is_neither_later_nor_drawn_is_not_guessed(releases: Dataset) -> None:
    """Of the later half of each user every second row is test."""
    ratings = releases.ratings.sort("user_id", "timestamp")
    place = ratings.select((pl.int_range(pl.len()) / pl.len()).over("user_id")).to_series().to_numpy()
    held = (place >= 0.5) & (np.arange(len(place)) % 2 == 0)
    assert detect_split(ratings.filter(~held), ratings.filter(held)) is None
    files = Split("files", ratings.filter(~held), ratings[:0], ratings.filter(held))
    assert (files.asks, files.validates_as_tested) == ("files", False)
    believed = with_validation(files, whole(files, releases), kind="temporal-user")
    assert (believed.asks, believed.validation_asks) == ("temporal-user", "temporal-user")
    drawn = with_validation(files, whole(files, releases))
    assert (drawn.asks, drawn.validation_asks, drawn.validates_as_tested) == ("files", "random", False)


def test_a_validation_that_asks_something_else_is_known_as_such(releases: Dataset) -> None:
    drawn, later = split(releases, "random"), split(releases, "temporal-user")
    files = Split("files", later.train, later.validation, later.test)
    assert files.validates_as_tested
    rows = np.random.default_rng(0).permutation(later.train_and_validation.height)
    known = later.train_and_validation
    assert not Split("files", known[rows[600:]], known[rows[:600]], later.test).validates_as_tested
    wanted = as_files(drawn)
    assert not with_validation(wanted, whole(wanted, releases), kind="leave-one-out").validates_as_tested


def test_files_without_times_are_a_draw(releases: Dataset) -> None:
    bare = releases.ratings.drop("timestamp")
    same = releases.ratings.with_columns(timestamp=pl.lit(5, pl.Int64))
    for ratings in (bare, same):
        assert detect_split(ratings[:5_000], ratings[5_000:]) == "random"
    files = Split("files", bare[:5_000], bare[:0], bare[5_000:])
    with pytest.raises(DataError, match="leave-one-out does needs the column timestamp"):
        with_validation(files, whole(files, releases), kind="leave-one-out")
    with pytest.raises(DataError, match=r"expected one of temporal-user, .* got 'newest'"):
        with_validation(files, whole(files, releases), kind="newest")


def test_where_nothing_can_be_cut_validation_stays_empty() -> None:
    rows = pl.DataFrame({"user_id": ["a", "a"], "movie_id": ["x", "y"], "timestamp": [1, 2]})
    files = Split("files", rows[:1], rows[:0], rows[1:])
    cut = with_validation(files, Dataset("two", rows, *tables(rows), "test"))
    assert cut.validation.is_empty()
    assert cut.train.equals(files.train)


def tables(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    from tfrs_lab.data.tables import movies_table

    return movies_table(rows.select("movie_id").unique()), rows.select("user_id").unique()
