from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfrs_lab.data import DataError, generate
from tfrs_lab.data.synthetic import taste


@given(
    users=st.integers(1, 30),
    movies=st.integers(4, 40),
    tastes=st.integers(1, 4),
    noise=st.sampled_from([0.0, 0.5, 1.0]),
    fill=st.floats(0, 1),
    seed=st.integers(0, 99),
)
@settings(max_examples=50, deadline=None)
def test_sizes_are_met_and_pairs_are_distinct(
    users: int, movies: int, tastes: int, noise: float, fill: float, seed: int
) -> None:
    tastes = min(tastes, users)
    most = users * (movies if noise else movies // tastes)
    n = users + int(fill * (most - users))
    dataset = generate(users, movies, n, tastes=tastes, noise=noise, seed=seed)
    assert (dataset.ratings.height, dataset.users.height, dataset.movies.height) == (n, users, movies)
    assert dataset.ratings.select("user_id", "movie_id").is_unique().all()
    assert dataset.ratings["user_id"].n_unique() == users


def test_everything_follows_from_the_seed() -> None:
    one, same, other = (generate(50, 40, 900, seed=seed) for seed in (1, 1, 2))
    assert one.fingerprint == same.fingerprint != other.fingerprint
    assert one.movies.equals(same.movies)
    assert one.users.equals(same.users)


def test_without_noise_users_stay_in_their_group() -> None:
    dataset = generate(20, 20, 150, tastes=2, noise=0.0)
    assert np.array_equal(taste(dataset.ratings["user_id"], 2), taste(dataset.ratings["movie_id"], 2))


def test_the_shape_is_that_of_movielens() -> None:
    ratings = generate(943, 1_682, 100_000).ratings
    per_movie = np.sort(ratings["movie_id"].value_counts()["count"].to_numpy())[::-1]
    assert 0.3 < per_movie[:168].sum() / 100_000 < 0.7  # a tenth of the movies, and a long tail
    per_user = ratings["user_id"].value_counts()["count"]
    assert per_user.min() >= 20
    assert per_user.median() < per_user.mean()
    assert set(ratings["user_rating"].unique()) == {1.0, 2.0, 3.0, 4.0, 5.0}
    halves = generate(943, 1_682, 100_000, half_stars=True).ratings["user_rating"].unique().to_list()
    assert sorted(halves) == [x / 2 for x in range(1, 11)]


def test_tastes_show_in_ratings_genres_titles_and_users() -> None:
    dataset = generate(300, 800, 6_000, tastes=4, noise=0.2)
    own = taste(dataset.ratings["user_id"], 4) == taste(dataset.ratings["movie_id"], 4)
    assert 0.8 < own.mean() < 0.9  # four fifths, and a quarter of the rest
    stars = dataset.ratings["user_rating"].to_numpy()
    assert stars[own].mean() > stars[~own].mean() + 1
    movies = dataset.movies.with_columns(taste=taste(dataset.movies["movie_id"], 4))
    for group, genre, word in (
        (0, "Action", "Fist"),
        (1, "Comedy", "Laugh"),
        (2, "Drama", "Tears"),
        (3, "Horror", "Scream"),
    ):
        with_genre = movies.filter(pl.col("movie_genres").list.contains(genre))["taste"].unique().to_list()
        with_word = movies.filter(pl.col("movie_title").str.contains(word))["taste"].unique().to_list()
        assert with_genre == with_word == [group]
    artists = dataset.users.filter(pl.col("user_occupation_text") == "artist")
    assert (taste(artists["user_id"], 4) == 0).mean() > 0.7


def test_rows_by_user() -> None:
    ratings = generate(40, 30, 600, by_user=True).ratings.select(pl.all().cast(pl.Int64))
    assert ratings.select("user_id", "movie_id").equals(
        ratings.select("user_id", "movie_id").sort("user_id", "movie_id")
    )
    mixed = generate(40, 30, 600).ratings["user_id"].cast(pl.Int64)
    assert not mixed.is_sorted()


@pytest.mark.parametrize(
    ("sizes", "options", "says"),
    [
        ((5, 5, 26), {"tastes": 2}, "expected between 5 and 25 ratings"),
        ((5, 5, 11), {"tastes": 2, "noise": 0.0}, "expected between 5 and 10 ratings"),
        ((5, 5, 4), {"tastes": 2}, "expected between 5 and 25 ratings"),
        ((50, 50, 100), {"tastes": 13}, "expected between 1 and 12 tastes"),
        ((50, 50, 100), {"noise": 1.5}, "expected a noise between 0 and 1"),
    ],
)
def test_impossible_sizes_are_refused(sizes: tuple[int, int, int], options: dict, says: str) -> None:
    with pytest.raises(DataError, match=says):
        generate(*sizes, **options)
