"""Sentence vectors: any encoder, each sentence once, and movies that join later get theirs too."""

import importlib.util
from typing import ClassVar

import numpy as np
import polars as pl
import pytest

from tfrs_lab.data import Dataset, Interactions
from tfrs_lab.data.tables import movies_table
from tfrs_lab.models.content import sentences
from tfrs_lab.models.content.config import ContentConfig, FeatureConfig
from tfrs_lab.models.content.fit import fit_content
from tfrs_lab.models.content.sentences import ENCODERS, sentence_vectors
from tfrs_lab.models.specification import FitContext


class Letters:
    """Counts a, b and c; remembers what it was asked."""

    asked: ClassVar[list[str]] = []

    def encode(self, texts):
        Letters.asked += texts
        return [[text.count(letter) for letter in "abc"] for text in texts]


@pytest.fixture(autouse=True)
def letters(monkeypatch, tmp_path):
    monkeypatch.setitem(ENCODERS, "letters", Letters)
    monkeypatch.setattr(sentences, "cache_root", lambda given: given or tmp_path)
    Letters.asked = []


def test_each_sentence_is_encoded_once():
    first = sentence_vectors(["abba", "", "cab", "abba"], "letters")
    np.testing.assert_array_equal(first, [[2, 2, 0], [0, 0, 0], [1, 1, 1], [2, 2, 0]])
    assert first.dtype == np.float32
    again = sentence_vectors(["cab", "bab"], "letters")
    np.testing.assert_array_equal(again, [[1, 1, 1], [1, 2, 0]])
    assert Letters.asked == ["abba", "cab", "bab"]
    assert sentence_vectors([""], "letters").shape == (1, 3)


def test_nonsense_is_refused(monkeypatch):
    with pytest.raises(ValueError, match="expected one of wordllama, letters, got 'word2vec'"):
        sentence_vectors(["a"], "word2vec")
    monkeypatch.setattr(Letters, "encode", lambda self, texts: np.zeros((len(texts) + 1, 3)))
    with pytest.raises(ValueError, match=r"letters: expected 1 vectors, got an array of shape \(2, 3\)"):
        sentence_vectors(["a"], "letters")


@pytest.mark.skipif(importlib.util.find_spec("wordllama") is None, reason="wordllama is not installed")
def test_wordllama_knows_what_belongs_together():
    star, wars, kiss = sentence_vectors(["Spaceship to the stars", "Galaxy and planets", "A wedding kiss"], "wordllama")
    assert star.shape == (256,)
    assert star @ wars > star @ kiss


def test_a_missing_encoder_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "wordllama", None)
    with pytest.raises(ImportError, match=r"pip install 'tfrs-lab\[sentences\]'"):
        sentence_vectors(["a"], "wordllama")


@pytest.mark.parametrize("part", ["kernel", "tower"])
def test_a_content_model_reads_them_also_of_movies_that_join_later(part, tmp_path):
    titles = ["aaa (1990)", "aa a", "a aa", "a-a-a", "bbb (1991)", "bb b", "b bb", "b-b-b"]
    ids = [f"{title[0]}{number}" for number, title in enumerate(titles)]
    movies = movies_table(pl.DataFrame({"movie_id": ids, "movie_title": titles}))
    rows = [(f"u{user:02}", movie, 5.0) for user in range(20) for movie in ids if (movie[0] == "a") == (user < 10)]
    ratings = pl.DataFrame(rows, schema=["user_id", "movie_id", "user_rating"], orient="row")
    ratings = ratings.with_columns(pl.col("user_rating").cast(pl.Float32))
    dataset = Dataset("planted", ratings, movies, ratings.select("user_id").unique(), "a test")
    config = ContentConfig(parts=(part,), features=FeatureConfig(words=0, grams=0, sentences="letters"))
    context = FitContext(seed=0, checkpoints=tmp_path / "c", tensorboard=tmp_path / "t", dataset=dataset)
    model = fit_content(config, Interactions.from_ratings(ratings), context).recommender
    grown = model.with_movies(pl.DataFrame({"movie_id": ["x", "y"], "movie_title": ["aaaa", "bbbb"]}))
    scores = grown.score(np.arange(20, dtype=np.int32))[:, grown.movies.encode(["x", "y"])]
    assert (scores[:10, 0] > scores[:10, 1]).all()
    assert (scores[10:, 1] > scores[10:, 0]).all()
