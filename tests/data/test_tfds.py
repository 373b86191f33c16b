"""The direct route and the one through TensorFlow Datasets give the same tables. Slow: each step imports TensorFlow."""

from __future__ import annotations

import subprocess
import sys

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tfrs_lab.data import DataError, Dataset, load, prepare_tfds
from tfrs_lab.data.catalogue import release
from tfrs_lab.data.sources import tfds_bridge

pytestmark = pytest.mark.slow

# What anyone's code would do, in a process that has none of ours; any attempt at a connection fails at once.
_ELSEWHERE = """
import socket, sys
def refuse(*arguments, **options): raise AssertionError("network")
socket.socket.connect = socket.create_connection = refuse
import tensorflow_datasets as tfds
for options in ({}, {"download": False}):
    for table in ("ratings", "movies"):
        data = tfds.load(f"movielens/{sys.argv[1]}-{table}", split="train", **options)
        print(len(data), sorted(data.element_spec))
"""


def restored(name: str) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    from tfrs_lab.data.tables import movies_table, users_table

    ratings, movies, users = tfds_bridge.restore(release(name))
    return ratings, movies_table(movies), users_table(users)


@pytest.mark.parametrize(("name", "layout"), [("100k", "100k"), ("latest-small", "csv"), ("1m", "dat")])
def test_both_routes_give_the_same_tables(
    small: Dataset, sorted_small: Dataset, official, name: str, layout: str
) -> None:
    source = small if layout == "100k" else sorted_small
    said: list[str] = []
    folder = official(source, layout, release(name).folder)
    direct = load(name, data_dir=folder, prepare_tfds=True, report=said.append)
    assert any(line.startswith("preparing the TFDS datasets") for line in said)
    assert direct.ratings.equals(source.ratings)

    ratings, movies, users = restored(name)
    assert_frame_equal(ratings, direct.ratings)
    assert_frame_equal(
        users,
        direct.users.filter(pl.col("user_id").is_in(ratings["user_id"].to_list())) if layout != "csv" else direct.users,
    )
    by_name = pl.col("movie_genres").list.sort()
    expected = direct.movies.with_columns(by_name)
    if layout == "100k":  # TFDS drops the dates; the year is in the titles
        expected = expected.with_columns(release_date=pl.lit(None, pl.Date))
    assert_frame_equal(movies.with_columns(by_name), expected)

    said.clear()
    prepare_tfds(direct, report=said.append)
    assert said == []  # once is enough
    if layout == "100k":
        run = subprocess.run([sys.executable, "-c", _ELSEWHERE, name], capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
        assert [line.split()[0] for line in run.stdout.splitlines()] == ["1500", "50", "1500", "50"]


def test_prepared_data_is_a_source(sorted_small: Dataset, official, tmp_path, monkeypatch) -> None:
    folder = official(sorted_small, "csv", "ml-latest-small")
    direct = load("latest-small", data_dir=folder, prepare_tfds=True)
    monkeypatch.setattr("tfrs_lab.data.sources.loading.is_official", lambda dataset: True)
    said: list[str] = []
    through = load("latest-small", cache_dir=tmp_path / "other", report=said.append)
    assert "as prepared by TFDS" in said[0]
    assert through.fingerprint == direct.fingerprint
    assert "TFDS" in through.source


def test_an_order_that_cannot_be_restored_is_not_passed_off_as_one(small: Dataset, official) -> None:
    """Files that are not in GroupLens's order cannot be told from an unknown shuffle."""
    folder = official(small, "csv", "ml-latest-small")
    load("latest-small", data_dir=folder, prepare_tfds=True)
    with pytest.raises(DataError, match=r"row order .* cannot be restored"):
        tfds_bridge.restore(release("latest-small"))


def test_a_failed_preparation_leaves_nothing(small: Dataset) -> None:
    stranger = small.users.with_columns(user_occupation_text=pl.lit("astronaut"))
    dataset = Dataset("100k", small.ratings, small.movies, stranger, "test")
    with pytest.raises(DataError, match=r"TFDS could not prepare 100k: .*astronaut"):
        prepare_tfds(dataset)
    assert not tfds_bridge.is_prepared("100k")
