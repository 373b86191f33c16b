"""MovieLens-shaped data of any size with planted tastes, for tests and benchmarks."""

from __future__ import annotations

import numpy as np
import polars as pl

from tfrs_lab.data.dataset import Dataset
from tfrs_lab.data.errors import DataError
from tfrs_lab.data.tables import bucketized_age, movies_table, users_table

# A taste shows in a movie's first genre, in a word of its title and in what its users do for a living.
_GENRES = [
    *("Action", "Comedy", "Drama", "Horror", "Romance", "Sci-Fi", "Thriller", "Western", "Children", "Crime"),
    *("Documentary", "Fantasy"),
]
_SECOND_GENRES = ("Adventure", "Animation", "Musical", "Mystery", "War", "Film-Noir")
_WORDS = ["Fist", "Laugh", "Tears", "Scream", "Kiss", "Star", "Chase", "Saddle", "Puppy", "Heist", "Planet", "Dragon"]
_FILLERS = [
    *("Last", "Golden", "Silent", "Red", "Lost", "Hidden", "First", "Broken", "Endless", "Little", "Dark", "Summer"),
    *("Winter", "Stolen", "Royal"),
]
# Those that both 100k and 1m know, so that the tables can be written in either format.
_JOBS = ("artist", "homemaker", "lawyer", "programmer", "retired", "scientist", "writer")
_BLOCK_USERS = 1 << 14  # drawn at a time: bounds the memory of a large dataset
_ROUNDS = 12


def generate(
    users: int,
    movies: int,
    ratings: int,
    *,
    tastes: int = 8,
    noise: float = 0.3,
    half_stars: bool = False,
    by_user: bool = False,
    seed: int = 0,
) -> Dataset:
    """Draws a dataset.

    Each user and each movie belongs to one of ``tastes`` groups (``(id - 1) % tastes``, see ``taste``). Users pick
    movies by popularity, which falls like Zipf's law, and mostly from their own group, which they also rate higher. The
    group shows in the movie's first genre and one word of its title, and for most users in their occupation. Users join
    at different times and rate within 100 days. The sizes of users are log-normal, like MovieLens's.

    Args:
        users: How many; each has at least one rating, and 20 where ``ratings`` allows it.
        movies: How many; some may stay unrated.
        ratings: How many; met exactly.
        tastes: Number of groups, at most 12.
        noise: Fraction of ratings outside the user's own group, and of users whose occupation says nothing.
        half_stars: Ratings from .5 to 5 in halves instead of 1 to 5.
        by_user: Rows ordered by user and movie as in GroupLens's CSV files, instead of at random as in u.data.
        seed: Everything follows from it.

    Returns:
        A dataset named ``synthetic`` with all columns of 100k.

    Raises:
        DataError: If the sizes are impossible.
    """
    _check(users, movies, ratings, tastes, noise)
    rng = np.random.default_rng(seed)
    user, movie = _pairs(rng, users, movies, ratings, tastes, noise)
    stars = _stars(rng, user % tastes == movie % tastes, movie, half_stars)
    joined = rng.integers(874_000_000, 874_000_000 + 900 * 86_400, users)
    timestamp = joined[user] + rng.integers(0, 100 * 86_400, ratings)
    order = slice(None) if by_user else rng.permutation(ratings)
    table = pl.DataFrame({"user_id": user[order] + 1, "movie_id": movie[order] + 1}).with_columns(
        pl.all().cast(pl.String)
    )
    table = table.with_columns(user_rating=pl.Series(stars[order]), timestamp=pl.Series(timestamp[order]))
    source = f"generated: {users} users, {movies} movies, {ratings} ratings, {tastes} tastes, seed {seed}"
    return Dataset("synthetic", table, _movies(rng, movies, tastes), _users(rng, users, tastes, noise), source)


def taste(ids: pl.Series, tastes: int) -> np.ndarray:
    """[n] int64 from 0 to tastes - 1: the planted groups of users or movies [n]."""
    return (ids.cast(pl.Int64).to_numpy() - 1) % tastes


def _check(users: int, movies: int, ratings: int, tastes: int, noise: float) -> None:
    if not 1 <= tastes <= min(len(_GENRES), movies, users):
        raise DataError(f"expected between 1 and {min(len(_GENRES), movies, users)} tastes, got {tastes}")
    if not 0 <= noise <= 1:
        raise DataError(f"expected a noise between 0 and 1, got {noise}")
    most = users * _most_ratings(movies, tastes, noise)
    if not users <= ratings <= most:
        raise DataError(f"expected between {users} and {most} ratings for so many users and movies, got {ratings}")


def _most_ratings(movies: int, tastes: int, noise: float) -> int:
    """How many movies a user can rate: without noise those of the own group, of which the smallest counts."""
    return movies if noise > 0 else movies // tastes


def _pairs(
    rng: np.random.Generator, users: int, movies: int, ratings: int, tastes: int, noise: float
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of user and movie, each once: [ratings] int32 users, ascending, and [ratings] int32 movies, both from 0."""
    quota = _activity(rng, users, ratings, _most_ratings(movies, tastes, noise))
    ranked = rng.permutation(movies).astype(np.int32)  # most popular first
    blocks = []
    for start in range(0, users, _BLOCK_USERS):
        block = np.arange(start, min(start + _BLOCK_USERS, users))
        blocks.append(_block_pairs(rng, block, quota[block], ranked, tastes, noise))
    keys = np.concatenate(blocks)
    return (keys // movies).astype(np.int32), (keys % movies).astype(np.int32)


def _activity(rng: np.random.Generator, users: int, ratings: int, most: int) -> np.ndarray:
    """[users] int64 that sum to ``ratings``: a minimum of 20 if possible, the rest log-normal, none above ``most``."""
    quota = np.full(users, min(20, ratings // users, most))
    weights = rng.lognormal(sigma=0.9, size=users)
    while (left := ratings - quota.sum()) > 0:
        room = quota < most
        share = np.where(room, weights, 0) / weights[room].sum() * left
        more = np.floor(share).astype(np.int64)
        if not more.any():
            more[np.argsort(-share, kind="stable")[: min(left, room.sum())]] = 1
        quota = np.minimum(quota + more, most)
    return quota


def _block_pairs(
    rng: np.random.Generator, block: np.ndarray, quota: np.ndarray, ranked: np.ndarray, tastes: int, noise: float
) -> np.ndarray:
    """Distinct keys user · movies + movie of some users, ascending, as many of each user as its quota.

    Draws what is missing, drops what came twice, and again; who then still lacks some gets the most popular ones.
    """
    movies = len(ranked)
    keys = np.zeros(0, dtype=np.int64)
    missing = quota
    for _ in range(_ROUNDS):
        drawing = np.repeat(block, missing)
        keys = _union(keys, drawing * movies + _draw(rng, drawing % tastes, ranked, tastes, noise))
        missing = quota - np.bincount(keys // movies - block[0], minlength=len(block))
        if not missing.any():
            return keys
    rest = []
    for index in np.flatnonzero(missing):
        user = block[index]
        own = ranked % tastes == user % tastes
        preferred = np.concatenate([ranked[own], ranked[~own]])
        mine = keys[np.searchsorted(keys, user * movies) : np.searchsorted(keys, (user + 1) * movies)] % movies
        rest.append(user * movies + preferred[~np.isin(preferred, mine)][: missing[index]])
    return _union(keys, np.concatenate(rest))


def _union(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Sorted distinct values of both; numpy's own hashes integers, which takes 50 times as long on such keys."""
    both = np.sort(np.concatenate([one, other]), kind="stable")
    return both[np.diff(both, prepend=both[:1] - 1) > 0]


def _draw(rng: np.random.Generator, groups: np.ndarray, ranked: np.ndarray, tastes: int, noise: float) -> np.ndarray:
    """A movie for each draw: of the group, or with probability ``noise`` of all, by popularity."""
    drawn = np.empty(len(groups), dtype=np.int32)
    anywhere = rng.random(len(groups)) < noise
    for group in range(-1, tastes):
        rows = np.flatnonzero(anywhere if group < 0 else ~anywhere & (groups == group))
        choice = ranked if group < 0 else ranked[ranked % tastes == group]
        weights = (np.arange(len(choice)) + 1 + len(choice) / 10) ** -2.5  # Zipf–Mandelbrot: a flatter head
        cumulative = np.cumsum(weights) / weights.sum()
        drawn[rows] = choice[np.minimum(np.searchsorted(cumulative, rng.random(len(rows))), len(choice) - 1)]
    return drawn


def _stars(rng: np.random.Generator, liked: np.ndarray, movie: np.ndarray, half_stars: bool) -> np.ndarray:
    """[n] float32: better for the own group, better for good movies."""
    quality = rng.normal(scale=0.4, size=movie.max() + 1).astype(np.float32)
    felt = np.where(liked, np.float32(4.0), np.float32(2.4)) + quality[movie]
    felt += rng.standard_normal(len(movie), dtype=np.float32) * np.float32(0.7)
    return np.clip(np.round(felt * 2) / 2, 0.5, 5) if half_stars else np.clip(np.round(felt), 1, 5)


def _movies(rng: np.random.Generator, movies: int, tastes: int) -> pl.DataFrame:
    group = np.arange(movies) % tastes
    days = np.maximum(10_500 - rng.exponential(2_500, movies), -14_000).astype(np.int32)  # since 1970: 1931 to 1998
    released = pl.Series(days).cast(pl.Date)
    fillers = rng.integers(len(_FILLERS), size=movies)
    seconds = np.where(rng.random(movies) < 0.4, rng.integers(len(_SECOND_GENRES), size=movies), -1)
    years = released.dt.year().to_list()
    table = {
        "movie_id": [str(id) for id in range(1, movies + 1)],
        "movie_title": [
            f"{_FILLERS[filler]} {_WORDS[g]}, The ({year})"
            for filler, g, year in zip(fillers, group, years, strict=True)
        ],
        "movie_genres": [
            sorted([_GENRES[g]] + ([_SECOND_GENRES[s]] if s >= 0 else [])) for g, s in zip(group, seconds, strict=True)
        ],
        "release_date": released,
    }
    return movies_table(pl.DataFrame(table))


def _users(rng: np.random.Generator, users: int, tastes: int, noise: float) -> pl.DataFrame:
    group = np.arange(users) % tastes
    telling = rng.random(users) >= noise
    job = np.where(telling, group % len(_JOBS), rng.integers(len(_JOBS), size=users))
    age = np.clip(rng.normal(22 + 3 * group, 6), 7, 73).astype(np.int64)
    return users_table(
        pl.DataFrame(
            {
                "user_id": [str(id) for id in range(1, users + 1)],
                "user_gender": rng.random(users) < np.where(group % 2 == 0, 0.85, 0.55),
                "raw_user_age": age,
                "bucketized_user_age": [bucketized_age(years) for years in age.tolist()],
                "user_occupation_text": np.array(_JOBS)[job],
                "user_zip_code": [f"{code:05d}" for code in rng.integers(100_000, size=users)],
            }
        )
    )
