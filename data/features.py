"""What is known of users and movies besides ratings, as numbers: one row per id of a vocabulary."""

from __future__ import annotations

import numpy as np
import polars as pl

from tfrs_lab.data.interactions import Vocabulary

RELEASE_STEPS = 32
"""Steps of release dates, evenly over the movies: fine where there are many."""
FOREIGN_TITLE = (
    r"(?i), (le|la|les|l'|il|el|los|las|lo|der|die|das|un|une|det|den|o|os|i)( \(|$)|\([^)]*\pL[^)]*\) \(\d{4}\)$"
)
"""A foreign article behind the title ("Jetée, La"), or a second title in brackets."""


def movie_features(movies: pl.DataFrame, vocabulary: Vocabulary) -> np.ndarray:
    """[movies, features] float32 of 0 and 1: what a movie is, without its ratings; zeros where the table lacks it.

    A column per genre of the table in alphabetical order; a column per step of release dates, 1 from that step on,
    so that movies of one time are alike; then whether the title looks foreign, whether only the year of the release
    is known, and whether not even that.
    """
    genres = movies["movie_genres"].explode(empty_as_null=True).drop_nulls().unique().sort()
    titles = movies.select(pl.col("movie_title").fill_null(""))["movie_title"]
    released = _released(movies)
    steps = np.unique(released[~np.isnan(released)])
    if len(steps) > RELEASE_STEPS:
        shares = np.arange(1, RELEASE_STEPS + 1) / (RELEASE_STEPS + 1)
        steps = np.unique(np.nanquantile(released, shares, method="nearest"))
    typical = np.nanmedian(released) if len(steps) else 0.0
    columns = [
        *(movies["movie_genres"].list.contains(genre).fill_null(False).to_numpy() for genre in genres),
        *(np.where(np.isnan(released), typical, released) >= step for step in steps),
        titles.str.contains(FOREIGN_TITLE).to_numpy(),
        movies["release_date"].is_null().to_numpy(),
        np.isnan(released),
    ]
    features = np.zeros((len(vocabulary), len(columns)), dtype=np.float32)
    rows = vocabulary.encode(movies["movie_id"])
    features[rows[rows >= 0]] = np.column_stack(columns)[rows >= 0]
    return features


def title_words(movies: pl.DataFrame, vocabulary: Vocabulary, known: Vocabulary, count: int) -> np.ndarray:
    """[movies, words] float32: 1 / √(the title's words that count), 0 for words that the title lacks.

    A word counts if at least two of the train movies ``known`` have it, and at most ``count`` words, those of most
    train movies; of equals the first in alphabetical order.
    """
    titles = movies.select("movie_id", word=pl.col("movie_title").fill_null("").str.to_lowercase())
    words = titles.with_columns(pl.col("word").str.extract_all(r"\pL{2,}").list.unique()).explode("word").drop_nulls()
    often = words.filter(pl.col("movie_id").is_in(known.ids)).group_by("word").len().filter(pl.col("len") > 1)
    chosen = Vocabulary.from_ids(often.sort("len", "word", descending=[True, False]).head(count)["word"])
    row, column = vocabulary.encode(words["movie_id"]), chosen.encode(words["word"])
    there = (row >= 0) & (column >= 0)
    features = np.zeros((len(vocabulary), len(chosen)), dtype=np.float32)
    features[row[there], column[there]] = 1.0
    return features / np.sqrt(np.maximum(features.sum(axis=1, keepdims=True), 1.0))


def _released(movies: pl.DataFrame) -> np.ndarray:
    """[movies] days since 1970, the middle of the year where only that is known; NaN where nothing is."""
    middle = pl.date(pl.col("release_year"), 7, 1)
    days = movies.select(pl.coalesce("release_date", middle).to_physical().cast(pl.Float64))
    return days.to_series().fill_null(float("nan")).to_numpy()


def user_features(users: pl.DataFrame, vocabulary: Vocabulary) -> np.ndarray:
    """[users, features] float32 of 0 and 1: gender, age group and occupation; zeros for users that the table lacks.

    A column per value that occurs, in this order; no column where the source has none.
    """
    rows = vocabulary.encode(users["user_id"])
    blocks = []
    for name in ("user_gender", "bucketized_user_age", "user_occupation_text"):
        if name in users.columns:
            values = users[name].unique().drop_nulls().sort()
            block = np.zeros((len(vocabulary), len(values)), dtype=np.float32)
            for index, value in enumerate(values):
                having = rows[(users[name] == value).fill_null(False).to_numpy()]
                block[having[having >= 0], index] = 1.0
            blocks.append(block)
    return np.hstack(blocks) if blocks else np.zeros((len(vocabulary), 0), dtype=np.float32)
