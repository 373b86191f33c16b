"""A fitted content model as plain numpy: one vector per user and movie. Needs TensorFlow only to take in new movies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix

from tfrs_lab.data.errors import DataError
from tfrs_lab.data.interactions import Vocabulary
from tfrs_lab.models.content.inputs import raw_movies
from tfrs_lab.models.storage import Stored, named
from tfrs_lab.models.vectors import cosines


@dataclass(frozen=True, eq=False)
class People:
    """Queries of people of whom only demographics are known.

    Attributes:
        ids: Those whose demographics are known.
        features: [people, features] float32.
        queries: [1 + features, dim] float32: the general query, and what each feature adds to it.
    """

    ids: Vocabulary = field(metadata=named(""))
    features: np.ndarray
    queries: np.ndarray

    def queries_for(self, user_ids: Iterable[str] | None, batch: int) -> np.ndarray:
        """[batch, dim] float32 queries from demographics; the general query for users who are not known."""
        return self.design_matrix(user_ids, batch) @ self.queries

    def design_matrix(self, user_ids: Iterable[str] | None, batch: int) -> np.ndarray:
        """[batch, 1 + features] float32: a constant, and the demographics; zeros where they are not known."""
        features = np.zeros((batch, self.features.shape[1]), np.float32)
        if user_ids is not None and len(self.ids):
            place = self.ids.encode(user_ids)
            features[place >= 0] = self.features[place[place >= 0]]
        return np.hstack([np.ones((batch, 1), np.float32), features])


@dataclass(frozen=True, eq=False)
class ContentRecommender(Stored):
    """Scores are dot products of user and movie vectors, which come from content alone.

    Attributes:
        users: The users of train.
        movies: The candidate movies, rated or not.
        queries: [users, dim] float32.
        candidates: [movies, dim] float32.
        histories: [movies, dim] float32: what a movie adds to the query of someone who rated it.
        people: Queries of those who rated nothing.
        prior: Those queries count like this many movies.
        encoder: The arrays of ``content.encoder.ContentEncoder``.
    """

    users: Vocabulary
    movies: Vocabulary
    queries: np.ndarray
    candidates: np.ndarray
    histories: np.ndarray
    people: People = field(metadata=named("people", "_"))
    prior: float
    encoder: Mapping[str, np.ndarray]

    def score(self, users: np.ndarray) -> np.ndarray:
        """[batch, movies] float32 scores of users [batch] int32, -1 for an unknown one."""
        known = users >= 0
        queries = np.where(known[:, None], self.queries[np.where(known, users, 0)], self.people.queries[0])
        return queries @ self.candidates.T

    def score_history(self, history: csr_matrix, user_ids: Iterable[str] | None = None) -> np.ndarray:
        """Scores [batch, movies] float32 for users who were not there in training.

        Args:
            history: [batch, movies], nonzero where the user knows the movie.
            user_ids: [batch] ids, to look up demographics; None if nothing is known of the users.
        """
        return self.history_queries(history, user_ids) @ self.candidates.T

    def history_queries(self, history: csr_matrix, user_ids: Iterable[str] | None = None) -> np.ndarray:
        """[batch, dim] float32: (Σ over the history + prior · demographics) / (n + prior); see ``score_history``."""
        known = history.astype(bool).astype(np.float32)
        total = known @ self.histories + self.prior * self.people.queries_for(user_ids, known.shape[0])
        return (total / (np.diff(known.indptr)[:, None] + self.prior)).astype(np.float32)

    def similarity(self, movies: np.ndarray) -> np.ndarray:
        """[batch, movies] float32: cosines of the candidate vectors."""
        return cosines(self.candidates, movies)

    def with_movies(self, table: pl.DataFrame) -> ContentRecommender:
        """The same model with further candidates; nothing is trained.

        Raises:
            DataError: A movie is there already.
        """
        from tfrs_lab.models.content.encoder import load_encoder

        new = Vocabulary.from_ids(table["movie_id"])
        twice = [movie for movie, place in zip(new.ids, self.movies.encode(new.ids), strict=True) if place >= 0]
        if twice or len(new) < table.height:
            raise DataError(f"expected movies that the model does not know, each once, got {twice or 'one twice'}")
        histories, candidates = load_encoder(self.encoder).vectors(
            raw_movies(table, new, str(self.encoder["vocabulary/sentence_encoder"]))
        )
        movies = Vocabulary.from_ids([*self.movies.ids, *new.ids])
        order = np.argsort(movies.encode([*self.movies.ids, *new.ids]))
        return replace(
            self,
            movies=movies,
            candidates=np.concatenate([self.candidates, candidates])[order],
            histories=np.concatenate([self.histories, histories])[order],
        )
