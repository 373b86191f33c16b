import datetime

import numpy as np
import polars as pl

from tfrs_lab.data import Vocabulary
from tfrs_lab.data.features import movie_features, title_words
from tfrs_lab.data.tables import movies_table

MOVIES = movies_table(
    pl.DataFrame(
        {
            "movie_id": ["1", "2", "3", "4"],
            "movie_title": ["Heat (1995)", "Jetée, La (1962)", "Eat Drink (Yin shi) (1994)", "unknown"],
            "movie_genres": [["Action", "Crime"], ["Sci-Fi"], [], []],
            "release_year": [1995, 1962, 1994, None],
            "release_date": [datetime.date(1995, 12, 15), None, datetime.date(1994, 8, 3), None],
        }
    )
)


def test_what_each_column_says():
    features = movie_features(MOVIES, Vocabulary(["1", "2", "3", "4", "not in the table"]))
    genres, steps, flags = features[:, :3], features[:, 3:6], features[:, 6:]
    np.testing.assert_array_equal(genres[:4], [[1, 1, 0], [0, 0, 1], [0, 0, 0], [0, 0, 0]])
    np.testing.assert_array_equal(steps[:4], [[1, 1, 1], [1, 0, 0], [1, 1, 0], [1, 1, 0]])  # unknown: as the median
    np.testing.assert_array_equal(flags[:4], [[0, 0, 0], [1, 1, 0], [1, 0, 0], [0, 1, 1]])
    assert not features[4].any()


def test_a_table_without_anything_but_ids():
    bare = movies_table(pl.DataFrame({"movie_id": ["1", "2"]}))
    features = movie_features(bare, Vocabulary(["1", "2"]))
    assert np.isfinite(features).all()


def test_words_of_titles_count_if_two_movies_of_train_have_them():
    movies = movies_table(
        pl.DataFrame(
            {
                "movie_id": ["a", "b", "c", "d"],
                "movie_title": ["Star Wars (1977)", "Star Trek (1979)", "Wars, The (1980)", None],
            }
        )
    )
    everything = Vocabulary(["a", "b", "c", "d", "e"])
    found = title_words(movies, everything, Vocabulary(["a", "b", "c"]), 10)  # star and wars
    np.testing.assert_allclose(found, [[0.5**0.5, 0.5**0.5], [1, 0], [0, 1], [0, 0], [0, 0]], rtol=1e-6)
    assert title_words(movies, everything, Vocabulary(["a", "b"]), 10).shape == (5, 1)  # wars is in one of these
    assert title_words(movies, everything, everything, 1).shape == (5, 1)
    assert title_words(movies, everything, everything, 0).shape == (5, 0)
