"""How alike movies are: taste, and what titles and genres tell."""

import tracemalloc

import numpy as np
import polars as pl
import pytest

from tfrs_lab.data import Dataset, Vocabulary
from tfrs_lab.data.tables import movies_table
from tfrs_lab.models.retrieval.likeness import GENRES, TASTE, WORDS, likeness

TITLES = ["Die Hard (1988)", "Die Hard 2 (1990)", "Heat (1995)", "Dying Young (1991)", "Big (1988)", "Dog, The (1999)"]
OF = [["Action"], ["Action"], ["Action", "Crime"], ["Drama"], ["Comedy"], ["Drama"]]


def dataset(titles=TITLES, genres=OF):
    ids = [str(number) for number in range(len(TITLES))]
    ratings = pl.DataFrame({"user_id": ["u"] * len(ids), "movie_id": ids})
    movies = pl.DataFrame({"movie_id": ids, "movie_title": titles or ids, "movie_genres": genres or [[]] * len(ids)})
    return Dataset("made", ratings, movies_table(movies), ratings.select("user_id").unique(), "a test")


def cosines(vectors):
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit @ unit.T


@pytest.fixture
def taste():
    return np.random.default_rng(0).normal(size=(6, 8)).astype(np.float32)


MOVIES = Vocabulary([str(number) for number in range(6)])


def test_rare_words_and_genres_count_beside_taste(taste):
    alike = cosines(likeness(taste, MOVIES, dataset()))
    own = cosines(taste)
    assert alike[0, 1] == pytest.approx(TASTE * own[0, 1] + WORDS + GENRES, abs=1e-4)  # all words and genres in common
    lonely = TASTE**0.5 * (TASTE + GENRES) ** 0.5 * (TASTE + WORDS + GENRES) ** 0.5  # no word is shared with another
    assert alike[0, 3] == pytest.approx(TASTE * own[0, 3] * TASTE**0.5 / lonely, abs=1e-4)


def test_without_titles_and_genres_taste_says_all(taste):
    assert likeness(taste, MOVIES, None) is None
    assert likeness(taste, MOVIES, dataset(titles=None, genres=None)) is None


def test_many_words_keep_their_inner_products(taste):
    """Pairs of titles that share one of three hundred words."""
    titles = [f"word{number // 2} a" for number in range(600)]
    ids = [str(number) for number in range(600)]
    ratings = pl.DataFrame({"user_id": ["u"] * 600, "movie_id": ids})
    named = movies_table(pl.DataFrame({"movie_id": ids, "movie_title": titles}))
    made = Dataset("made", ratings, named, ratings.select("user_id").unique(), "a test")
    movies = Vocabulary.from_ids(ids)
    vectors = likeness(np.ones((600, 1), np.float32), movies, made)
    assert vectors.shape[1] < 300
    place = movies.encode(["0", "1", "2"])
    alike = cosines(vectors)[np.ix_(place, place)]
    assert alike[0, 1] == pytest.approx(1, abs=1e-4)
    assert alike[0, 2] < 0.95


def test_many_titles_of_many_words_take_little_memory():
    """Thirty thousand items, each with words of its own and one that another has: a dense table would be 2 GB."""
    count = 30_000
    ids = [str(number) for number in range(count)]
    ratings = pl.DataFrame({"user_id": ["u"] * count, "movie_id": ids})
    named = movies_table(pl.DataFrame({"movie_id": ids, "movie_title": [f"item word{n // 2}" for n in range(count)]}))
    made = Dataset("made", ratings, named, ratings.select("user_id").unique(), "a test")
    movies = Vocabulary.from_ids(ids)
    tracemalloc.start()
    vectors = likeness(np.ones((count, 1), np.float32), movies, made)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(vectors) == count
    assert most < 300e6
