from __future__ import annotations

from collections import Counter

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfrs_lab.data import SPLITS, DataError, Dataset, Split, folds, split
from tfrs_lab.data.splits.by_row import protocol_rows, stratified_by_movie
from tfrs_lab.data.splits.labels import places
from tfrs_lab.data.tables import movies_table


def make(rows: list[tuple[str, str, int]], timestamps: bool = True) -> Dataset:
    """A dataset of (user, movie, time)."""
    schema = {"user_id": pl.String, "movie_id": pl.String, "timestamp": pl.Int64}
    ratings = pl.DataFrame(rows, schema=schema, orient="row")
    movies = movies_table(ratings.select(pl.col("movie_id").unique(maintain_order=True)))
    users = ratings.select(pl.col("user_id").unique(maintain_order=True))
    return Dataset("made", ratings if timestamps else ratings.drop("timestamp"), movies, users, "test")


def one_user(times: list[int]) -> Dataset:
    return make([("u", str(movie), time) for movie, time in enumerate(times)])


def movies(part: pl.DataFrame) -> list[str]:
    return part["movie_id"].to_list()


@pytest.mark.parametrize("kind", SPLITS)
def test_parts_are_disjoint_complete_ordered_and_repeatable(small: Dataset, kind: str) -> None:
    parts = split(small, kind, seed=3)
    assert parts.kind == kind
    assert parts.rows is not None
    together = np.sort(np.concatenate(parts.rows))
    assert together.tolist() == list(range(small.ratings.height))
    for rows, part in zip(parts.rows, (parts.train, parts.validation, parts.test), strict=True):
        assert np.all(np.diff(rows) > 0)
        assert part.equals(small.ratings[rows])
    again = split(small, kind, seed=3)
    assert parts.test.equals(again.test)
    assert parts.validation.equals(again.validation)
    fit = np.sort(np.concatenate(parts.rows[:2]))
    assert parts.train_and_validation.equals(small.ratings[fit])


@pytest.mark.parametrize("kind", ["random", "stratified", "k-fold", "cold-items", "cold-users", "mixed"])
def test_another_seed_is_another_split(small: Dataset, kind: str) -> None:
    assert not split(small, kind, seed=1).test.equals(split(small, kind, seed=2).test)


def test_temporal_user_by_hand() -> None:
    # Times by row: the order is rows 9, 8, 3, 2, 4, 5, 6 (5 and 6 at the same time: row order), 0, 7, 1.
    parts = split(one_user([80, 99, 30, 20, 40, 50, 50, 90, 10, 5]), "temporal-user")
    assert movies(parts.train) == ["2", "3", "4", "5", "6", "8", "9"]
    assert movies(parts.validation) == ["0"]
    assert movies(parts.test) == ["1", "7"]


@given(st.lists(st.integers(0, 5), min_size=10, max_size=60))
@settings(max_examples=60, deadline=None)
def test_temporal_user_cuts_each_user_with_python_rounding(times: list[int]) -> None:
    n = len(times)
    parts = split(one_user(times), "temporal-user")
    order = sorted(range(n), key=lambda row: (times[row], row))
    assert set(movies(parts.train)) == {str(row) for row in order[: round(0.7 * n)]}
    assert set(movies(parts.train_and_validation)) == {str(row) for row in order[: round(0.8 * n)]}


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), min_size=12, max_size=60))
@settings(max_examples=60, deadline=None)
def test_temporal_global_puts_nothing_later_into_train(pairs: list[tuple[int, int]]) -> None:
    dataset = make([(f"u{user}", str(row), time) for row, (user, time) in enumerate(pairs)])
    parts = split(dataset, "temporal-global")
    n = len(pairs)
    assert (parts.train.height, parts.validation.height) == (round(0.7 * n), round(0.8 * n) - round(0.7 * n))
    assert parts.rows is not None
    keyed = [[(pairs[row][1], row) for row in rows] for rows in parts.rows]
    assert max(keyed[0]) < min(keyed[1])
    assert max(keyed[1]) < min(keyed[2])


def test_cuts_test_windows_of_the_later_half_each_from_all_before() -> None:
    """Of twenty rows in time, two windows of five; the rows are given in reverse."""
    dataset = make([("u", f"m{time}", time) for time in reversed(range(20))])
    for cut, first in enumerate((10, 15)):
        parts = split(dataset, "temporal-global", cut=cut, cuts=2)
        found = [sorted(part["timestamp"].to_list()) for part in (parts.train, parts.validation, parts.test)]
        assert found == [[*range(first - 2)], [first - 2, first - 1], [*range(first, first + 5)]]
    with pytest.raises(DataError, match="expected a cut from 0 to 1"):
        split(dataset, "temporal-global", cut=2, cuts=2)


def test_leave_one_out_by_hand() -> None:
    dataset = make([("a", "1", 5), ("a", "2", 9), ("a", "3", 9), ("b", "1", 1), ("b", "2", 0), ("c", "1", 0)])
    parts = split(dataset, "leave-one-out")
    pairs = [part.select("user_id", "movie_id").rows() for part in (parts.train, parts.validation, parts.test)]
    assert pairs == [[("a", "1"), ("b", "2"), ("c", "1")], [("a", "2")], [("a", "3"), ("b", "1")]]


def test_random_has_the_right_sizes(small: Dataset) -> None:
    parts = split(small, "random", test=0.25, validation=0.15)
    assert (parts.train.height, parts.validation.height, parts.test.height) == (900, 225, 375)


@given(st.lists(st.integers(0, 6), min_size=1, max_size=200), st.floats(0.01, 0.99), st.integers(0, 2**32))
@settings(max_examples=100, deadline=None)
def test_stratified_draws_the_same_fraction_of_each_movie(ids: list[int], fraction: float, seed: int) -> None:
    ratings = pl.DataFrame({"user_id": "u", "movie_id": [str(id) for id in ids]})
    drawn = stratified_by_movie(ratings, fraction, np.random.default_rng(seed))
    counts, taken = Counter(ids), Counter(id for id, is_drawn in zip(ids, drawn, strict=True) if is_drawn)
    assert abs(drawn.sum() - fraction * len(ids)) < 1
    for id, count in counts.items():
        assert abs(taken[id] - fraction * count) < 1 + 1e-9


def test_the_protocol_is_for_the_official_rows_only(small: Dataset) -> None:
    rows = protocol_rows()
    assert len(rows) == 24_934
    assert len(set(rows.tolist())) == 24_934
    assert (rows.min(), rows.max() < 100_000) == (1, True)
    impostor = Dataset("100k", small.ratings, small.movies, small.users, "test")
    with pytest.raises(DataError, match=r"numbers the rows of the official u\.data .* got other ratings"):
        split(impostor, "stratified")
    assert split(small, "stratified").test.height == 375


def test_the_protocol_split_of_100k(small: Dataset, monkeypatch) -> None:
    """With a fingerprint that matches, the test rows are the protocol's, whatever the seed."""
    rows = np.array([3, 5, 1_000])
    monkeypatch.setattr("tfrs_lab.data.splits.by_row.FINGERPRINT_100K", small.fingerprint)
    monkeypatch.setattr("tfrs_lab.data.splits.by_row.protocol_rows", lambda: rows)
    parts = [split(small, "stratified", seed=seed) for seed in (0, 1)]
    for part in parts:
        assert part.test.equals(small.ratings[rows])
        assert part.validation.height == pytest.approx(149.7, abs=1)
    assert not parts[0].validation.equals(parts[1].validation)
    with pytest.raises(DataError, match="fixed"):
        split(small, "stratified", test=0.3)


def test_cold_items_are_those_of_numpys_choice(small: Dataset) -> None:
    parts = split(small, "cold-items", seed=7)
    counts = Counter(small.ratings["movie_id"].to_list())
    ids = sorted((int(id) for id, count in counts.items() if count >= 5))
    drawn = np.random.default_rng(7).choice(ids, round(0.1 * len(ids)), replace=False)
    assert set(movies(parts.test)) == {str(id) for id in drawn}
    sets = [set(movies(part)) for part in (parts.train, parts.validation, parts.test)]
    assert sum(map(len, sets)) == len(set.union(*sets))


def test_cold_users_have_no_train_row(small: Dataset) -> None:
    cold = split(small, "cold-users", seed=1)
    assert len(set(cold.test["user_id"])) == 6
    assert not set(cold.test["user_id"]) & set(cold.train_and_validation["user_id"])


def test_mixed_has_warm_and_cold_movies(small: Dataset) -> None:
    parts = split(small, "mixed", seed=1)
    train, validation, test = (set(movies(part)) for part in (parts.train, parts.validation, parts.test))
    assert len(test - train - validation) == 5
    assert len(validation - train) == round(0.1 * 45)
    warm = parts.test.filter(pl.col("movie_id").is_in(train | validation))
    assert warm.height == round(0.2 * (1_500 - (parts.test.height - warm.height)))


@pytest.mark.parametrize("total", [10, 103])
def test_folds_are_those_of_scikit_learn(total: int) -> None:
    """``KFold(5, shuffle=True, random_state=42)``, whose first folds are on record for ten rows."""
    dataset = make([(f"u{row % 7}", str(row), row) for row in range(total)])
    parts = folds(dataset, n=5)
    tests = [part.rows[2].tolist() for part in parts if part.rows is not None]
    assert sorted(row for rows in tests for row in rows) == list(range(total))
    if total == 10:
        assert tests == [[1, 8], [0, 5], [2, 7], [4, 9], [3, 6]]
    else:
        assert [len(rows) for rows in tests] == [21, 21, 21, 20, 20]
    assert split(dataset, "k-fold", seed=42, fold=3).test.equals(parts[3].test)


def test_folds_reject_nonsense(small: Dataset) -> None:
    with pytest.raises(DataError, match="expected a fold from 0 to 4, got 5"):
        split(small, "k-fold", fold=5)
    with pytest.raises(DataError, match="between 2 and 1500 folds, got 1"):
        folds(small, n=1)


def test_without_timestamps(small: Dataset) -> None:
    bare = Dataset("bare", small.ratings.drop("timestamp"), small.movies, small.users, "test")
    assert split(bare).kind == "random"
    assert split(small).kind == "temporal-user"
    with pytest.raises(DataError, match=r"temporal-global needs the column timestamp, .* allowed: random, stratified,"):
        split(bare, "temporal-global")
    assert split(bare, "cold-users").test.height > 0


@pytest.mark.parametrize(
    "options", [{"test": 0}, {"test": 1.0}, {"test": 0.6, "validation": 0.4}, {"validation": -0.1}]
)
def test_fractions_must_make_sense(small: Dataset, options: dict[str, float]) -> None:
    with pytest.raises(DataError, match="expected"):
        split(small, "random", **options)


def test_unknown_and_empty_splits(small: Dataset) -> None:
    with pytest.raises(DataError, match="unknown split 'newest', expected one of temporal-user,"):
        split(small, "newest")
    with pytest.raises(DataError, match=r"empty split: temporal-user .* got 1 train, 0 validation, 0 test"):
        split(one_user([1]), "temporal-user")
    with pytest.raises(DataError, match="empty split: expected two or more of movie_id with 5 ratings"):
        split(one_user([1, 2, 3]), "cold-items")
    with pytest.raises(DataError, match="empty split: files"):
        Split("files", small.ratings, small.ratings[:0], small.ratings[:0])


@pytest.mark.parametrize(
    ("ratings", "sizes"), [(2, (1, 0, 1)), (3, (1, 1, 1)), (4, (2, 1, 1)), (5, (3, 1, 1)), (8, (5, 1, 2))]
)
def test_of_short_histories_test_has_a_row_first_then_validation(ratings: int, sizes: tuple[int, int, int]) -> None:
    parts = split(one_user(list(range(ratings))), "temporal-user")
    assert (parts.train.height, parts.validation.height, parts.test.height) == sizes
    assert movies(parts.test)[-1] == str(ratings - 1)


@pytest.mark.parametrize("widest", [100, 1 << 61, 0.5])
def test_places_are_the_same_by_one_key_and_by_several(widest: float) -> None:
    random = np.random.default_rng(0)
    groups, key = random.integers(50, size=1000), random.integers(-3, 4, size=1000) * widest
    place, _ = places(groups, key)
    order = np.lexsort((key, groups))
    assert [place[groups == group].tolist() for group in range(50)] == [
        np.argsort(np.argsort(key[groups == group], kind="stable")).tolist() for group in range(50)
    ]
    assert (place[order][1:] == np.where(np.diff(groups[order]), 0, place[order][:-1] + 1)).all()


def test_places() -> None:
    place, size = places(np.array([1, 0, 1, 1]), np.array([5, 1, 5, 2]))
    assert place.tolist() == [1, 0, 2, 0]
    assert size.tolist() == [3, 1, 3, 3]
