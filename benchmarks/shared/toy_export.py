"""A SavedModel with the signatures of an export, made of given vectors: what the server's tests and benchmark serve."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tfrs_lab.models.backend import tf
from tfrs_lab.serving.http.catalogue import EXTRA, Catalogue, Movie, write_catalogue

Tensor = Any
SIGNATURES = (
    *("recommend", "recommend_filtered", "recommend_since", "recommend_for_history"),
    *("rank", "similar_movies", "embed_user"),
)
FADING = 0.5
"""Each event counts so much of the one after it."""
_IDS = tf.TensorSpec([None], tf.string)
_LISTS = tf.TensorSpec([None, None], tf.string)
_RATINGS = tf.TensorSpec([None, None], tf.float32)
_TIMES = tf.TensorSpec([None, None], tf.int64)
_YEARS = tf.TensorSpec([None], tf.int32)
_K = tf.TensorSpec([], tf.int32)


@dataclass(frozen=True, eq=False)
class Toy:
    """A model by its vectors [users, dim] and [movies, dim] float32, and who has ``seen`` what [users, movies] bool."""

    users: np.ndarray
    movies: np.ndarray
    seen: np.ndarray

    @classmethod
    def random(cls, users: int, movies: int, dim: int, *, seed: int = 0, density: float = 0.06) -> Toy:
        """Normal vectors; everybody has seen something."""
        rng = np.random.default_rng(seed)
        seen = rng.random((users, movies)) < density
        seen[np.arange(users), np.arange(users) % movies] = True
        vectors = [rng.normal(size=(count, dim)).astype(np.float32) for count in (users, movies)]
        return cls(vectors[0], vectors[1], seen)

    @property
    def user_ids(self) -> list[str]:
        """``u0``, ``u1``, ..."""
        return [f"u{user}" for user in range(len(self.users))]

    @property
    def movie_ids(self) -> list[str]:
        """``m0``, ``m1``, ..."""
        return [f"m{movie}" for movie in range(len(self.movies))]

    @property
    def catalogue(self) -> Catalogue:
        """Titles ``Movie 0 (1990)``, ..., genres Drama and Comedy in turns, years from 1990, ratings of 4."""
        movies = {}
        for place, movie_id in enumerate(self.movie_ids):
            year = 1990 + place % 10
            genre = "Comedy" if place % 2 else "Drama"
            movies[movie_id] = Movie(movie_id, f"Movie {place} ({year})", (genre,), year)
        users = {
            user_id: tuple((self.movie_ids[movie], 4.0) for movie in np.flatnonzero(self.seen[place]))
            for place, user_id in enumerate(self.user_ids)
        }
        return Catalogue(movies, users)


def export_toy(toy: Toy, directory: Path, *, catalogue: bool = True, signatures: Sequence[str] = SIGNATURES) -> Path:
    """Writes a version, which appears under its name when it is whole; with titles and histories if wanted."""
    module = _ToyModule(toy)
    temporary = directory.with_name(f".{directory.name}")
    graphs = {"serving_default": module.recommend, **{name: getattr(module, name) for name in signatures}}
    tf.saved_model.save(module, str(temporary), signatures=graphs)
    if catalogue:
        write_catalogue(temporary / EXTRA, toy.catalogue)
    return temporary.rename(directory)


class _ToyModule(tf.Module):
    """Scores are inner products; seen and excluded movies are left out."""

    def __init__(self, toy: Toy):
        super().__init__()
        self.users = tf.Variable(np.vstack([toy.users, np.zeros_like(toy.users[:1])]), trainable=False)
        self.movies = tf.Variable(np.vstack([toy.movies, np.zeros_like(toy.movies[:1])]), trainable=False)
        self.seen = tf.Variable(np.vstack([toy.seen, np.zeros_like(toy.seen[:1])]), trainable=False)
        self.movie_ids = tf.constant(toy.movie_ids)
        movies = toy.catalogue.movies.values()
        self.genres = tf.constant([movie.movie_genres[0] for movie in movies])
        self.years = tf.constant([movie.release_year for movie in movies])
        self.titles = tf.constant([movie.movie_title for movie in movies])
        self.user_rows = _table(toy.user_ids)
        self.movie_rows = _table(toy.movie_ids)

    @tf.function(input_signature=[_IDS, _LISTS, _K])
    def recommend(self, user_id: Tensor, exclude: Tensor, k: Tensor) -> dict[str, Tensor]:
        """The best unseen movies of known users."""
        rows = self.user_rows.lookup(user_id)
        hidden = tf.gather(self.seen, rows) | self._named(exclude)
        return self._best(tf.gather(self.users, rows), hidden, k)

    @tf.function(input_signature=[_IDS, _LISTS, _LISTS, _YEARS, _YEARS, _K])
    def recommend_filtered(
        self, user_id: Tensor, exclude: Tensor, genres: Tensor, year_from: Tensor, year_to: Tensor, k: Tensor
    ) -> dict[str, Tensor]:
        """The same of some genres and years; no genre and year 0 are any."""
        rows = self.user_rows.lookup(user_id)
        of_genre = tf.reduce_any(self.genres[None, :, None] == genres[:, None, :], axis=2)
        of_genre |= tf.reduce_all(genres == "", axis=1, keepdims=True)
        of_years = (self.years >= year_from[:, None]) & ((self.years <= year_to[:, None]) | (year_to[:, None] == 0))
        hidden = tf.gather(self.seen, rows) | self._named(exclude)
        return self._best(tf.gather(self.users, rows), hidden | ~(of_genre & of_years), k)

    @tf.function(input_signature=[_IDS, _LISTS, _RATINGS, _TIMES, _K])
    def recommend_since(
        self, user_id: Tensor, movie_id: Tensor, rating: Tensor, timestamp: Tensor, k: Tensor
    ) -> dict[str, Tensor]:
        """The best unseen movies for users, to whose vectors that sum of later events is added."""
        rows = self.user_rows.lookup(user_id)
        query = tf.gather(self.users, rows) + self._told(movie_id, rating, timestamp)
        return self._best(query, tf.gather(self.seen, rows) | self._named(movie_id), k)

    @tf.function(input_signature=[_LISTS, _RATINGS, _TIMES, _K])
    def recommend_for_history(
        self, movie_id: Tensor, rating: Tensor, timestamp: Tensor, k: Tensor
    ) -> dict[str, Tensor]:
        """The best movies for the rated sum of a history, in which older events fade."""
        return self._best(self._told(movie_id, rating, timestamp), self._named(movie_id), k)

    @tf.function(input_signature=[_IDS, _LISTS])
    def rank(self, user_id: Tensor, movie_id: Tensor) -> dict[str, Tensor]:
        """Scores of given movies; a rating is 3 and the score."""
        users = tf.gather(self.users, self.user_rows.lookup(user_id))
        score = tf.einsum("bd,bcd->bc", users, tf.gather(self.movies, self.movie_rows.lookup(movie_id)))
        return {"score": score, "rating": 3.0 + score}

    @tf.function(input_signature=[_IDS, _K])
    def similar_movies(self, movie_id: Tensor, k: Tensor) -> dict[str, Tensor]:
        """Cosine neighbours."""
        query = tf.math.l2_normalize(tf.gather(self.movies, self.movie_rows.lookup(movie_id)), axis=1)
        return self._best(query, self._named(movie_id[:, None]), k, tf.math.l2_normalize(self.movies, axis=1))

    @tf.function(input_signature=[_IDS])
    def embed_user(self, user_id: Tensor) -> dict[str, Tensor]:
        """Users' vectors."""
        return {"embedding": tf.gather(self.users, self.user_rows.lookup(user_id))}

    def _told(self, movie_id: Tensor, rating: Tensor, timestamp: Tensor) -> Tensor:
        """[batch, dim] rated sums of events [batch, any]; unknown movies are passed over."""
        order = tf.argsort(timestamp, axis=1, stable=True)
        rows = self.movie_rows.lookup(tf.gather(movie_id, order, batch_dims=1))
        known = tf.cast(rows < tf.shape(self.movies)[0] - 1, tf.float32)
        weight = FADING ** tf.cumsum(known, axis=1, exclusive=True, reverse=True)
        weight *= tf.gather(rating, order, batch_dims=1)
        return tf.reduce_sum(tf.gather(self.movies, rows) * weight[:, :, None], axis=1)

    def _named(self, movie_id: Tensor) -> Tensor:
        """[batch, movies] bool: which movies are named in [batch, any] ids."""
        count = tf.shape(self.movies)[0]
        rows = self.movie_rows.lookup(movie_id)
        return tf.reduce_any(tf.one_hot(rows, count, on_value=True, off_value=False, dtype=tf.bool), axis=1)[:, :-1]

    def _best(self, query: Tensor, hidden: Tensor, k: Tensor, movies: Tensor | None = None) -> dict[str, Tensor]:
        """The k best, padded with "" and minus infinity."""
        vectors = (self.movies if movies is None else movies)[:-1]
        scores = tf.where(hidden, -np.inf, tf.matmul(query, vectors, transpose_b=True))
        missing = tf.maximum(k - tf.shape(vectors)[0], 0)
        score, index = tf.math.top_k(tf.pad(scores, [[0, 0], [0, missing]], constant_values=-np.inf), k)
        index = tf.where(tf.math.is_finite(score), index, 0)
        named = {"movie_id": self.movie_ids, "movie_title": self.titles}
        texts = {name: tf.where(tf.math.is_finite(score), tf.gather(text, index), "") for name, text in named.items()}
        return {**texts, "score": score}


def _table(ids: list[str]) -> Any:
    """Id → row; the row after the last for what is unknown."""
    rows = tf.range(len(ids), dtype=tf.int32)
    initializer = tf.lookup.KeyValueTensorInitializer(tf.constant(ids), rows)
    return tf.lookup.StaticHashTable(initializer, default_value=len(ids))


if __name__ == "__main__":  # of MovieLens-100K's size
    export_toy(Toy.random(943, 1682, 128), Path(sys.argv[1]))
