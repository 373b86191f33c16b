"""Signals of users and movies that ranking features are made of. Needs no TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix

from tfrs_lab.data.interactions import Interactions, Vocabulary
from tfrs_lab.models.cascade.timeline import Timeline
from tfrs_lab.models.closed_form.linear import LinearConfig, linear_vectors
from tfrs_lab.models.closed_form.neighbours import NeighbourTable, recent_places
from tfrs_lab.models.closed_form.transitions import TransitionsConfig, fit_transitions
from tfrs_lab.models.content.inputs import DAYS_PER_YEAR, raw_movies
from tfrs_lab.models.retrieval.combine import deviation
from tfrs_lab.models.training.histories import Histories
from tfrs_lab.models.vectors import unit_length


@dataclass(frozen=True, eq=False)
class MovieFacts:
    """Genres and release dates.

    Attributes:
        genres: [movies, genres] float32 rows that sum to 1, or zeros where no genre is known.
        released: [movies] float32 days since 1970, the middle of the year where only that is known; else NaN.
    """

    genres: np.ndarray
    released: np.ndarray

    @classmethod
    def of(cls, movies: pl.DataFrame | None, vocabulary: Vocabulary) -> MovieFacts:
        """Facts in the order of a vocabulary, from columns of ``Dataset.movies``; None where nothing is known."""
        if movies is None:
            return cls(np.zeros((len(vocabulary), 0), np.float32), np.full(len(vocabulary), np.nan, np.float32))
        raw = raw_movies(movies, vocabulary)
        names = np.setdiff1d(raw["movie_genres"], [""])
        having = (raw["movie_genres"][:, :, None] == names).any(axis=1).astype(np.float32)
        middle = (raw["release_year"] - 1970 + 0.5) * DAYS_PER_YEAR
        released = np.where(np.isnan(raw["release_date"]), middle, raw["release_date"])
        return cls(having / np.maximum(having.sum(axis=1, keepdims=True), 1), released.astype(np.float32))


LATEST = 10
"""Number of a user's latest movies that features use."""
PRIOR = 10.0
"""Pseudo-count that shrinks means to 0."""
FOLLOWING = (
    TransitionsConfig(reach=40, reach_decay=0.95, latest_decay=0.8, shrink=50.0),
    TransitionsConfig(latest=1, reach=5, reach_decay=0.7, backward=0.0),
)
"""What follows the latest movies, and what directly follows the latest one, sharper than what the retriever has."""
STAGES = (5, 10, 20, 40, 80, 160, 320)
"""A user with fewer ratings than the first number is in the first stage, and so on."""


@dataclass(frozen=True, eq=False)
class RankingSignals:
    """What features of any user and movie are made of.

    Attributes:
        rows: Rows that count as known.
        facts: Of the movies.
        people: [users, features] float32 demographics; may have no columns.
        vectors: [movies, dim] float32, the retriever's; their cosine is similarity.
        half_lives_days: Of decayed counts.
        seed: Of a singular value decomposition.
    """

    rows: Interactions
    facts: MovieFacts
    people: np.ndarray
    vectors: np.ndarray
    half_lives_days: tuple[float, ...]
    seed: int

    @cached_property
    def timeline(self) -> Timeline:
        """The rows in order of time."""
        return Timeline.of(self.rows)

    @cached_property
    def lengths(self) -> np.ndarray:
        """[users] int32 how many movies each user knows."""
        return Histories.from_interactions(self.rows).lengths

    @cached_property
    def latest(self) -> np.ndarray:
        """[users, LATEST] int32 each user's latest movies, latest first; -1 where there are fewer."""
        histories = Histories.from_interactions(self.rows)
        place = histories.starts[1:, None] - 1 - np.arange(LATEST)
        movies = histories.movie[np.maximum(place, 0)]
        return np.where(place >= histories.starts[:-1, None], movies, -1)

    @cached_property
    def last_time(self) -> np.ndarray:
        """[users] float64 seconds of each user's latest row."""
        last = np.zeros(len(self.rows.users))
        if self.rows.timestamp is not None:
            last[:] = self.rows.timestamp.min(initial=0)
            np.maximum.at(last, self.rows.user, self.rows.timestamp.astype(np.float64))
        return last

    @cached_property
    def unit(self) -> np.ndarray:
        """[movies, dim] float32 vectors of length 1."""
        return unit_length(self.vectors)

    @cached_property
    def linear(self) -> tuple[np.ndarray, np.ndarray]:
        """EASE in low rank: queries [users, dim], and candidates [movies, dim] for scores of standard deviation 1."""
        queries, candidates = linear_vectors(LinearConfig(), self.rows, self.seed)
        return queries, candidates / np.float32(deviation(queries, candidates))

    @cached_property
    def followers(self) -> list[NeighbourTable]:
        """Transitions from the latest movies, and from the latest one; none without timestamps."""
        if self.rows.timestamp is None:
            return []
        return [fit_transitions(config, self.rows) for config in FOLLOWING]

    @cached_property
    def recent(self) -> csr_matrix:
        """[users, movies] places of the users' latest movies."""
        return recent_places(self.rows, max(config.latest for config in FOLLOWING))

    def of_models(self, users: np.ndarray) -> list[np.ndarray]:
        """[batch, movies] scores of closed-form models for users [batch]: linear, and what follows."""
        queries, candidates = self.linear
        following = [table.scores(self.recent[users]).toarray() for table in self.followers]
        return [queries[users] @ candidates.T, *following]

    @cached_property
    def stages(self) -> tuple[np.ndarray, np.ndarray]:
        """How much more often than others a movie is rated at a stage, [stages, movies], and the users' stages [users].

        Some movies are typically rated early in a history, others late.
        """
        histories = Histories.from_interactions(self.rows)
        place = np.arange(len(histories.movie)) - np.repeat(histories.starts[:-1], histories.lengths)
        counts = np.zeros((len(STAGES) + 1, len(self.rows.movies)))
        np.add.at(counts, (np.digitize(place, STAGES), histories.movie), 1)
        share = counts.sum(axis=1, keepdims=True) / max(counts.sum(), 1)
        lift = np.log((counts + PRIOR * share) / ((counts.sum(axis=0) + PRIOR) * share + 1e-12) + 1e-12)
        return lift, np.digitize(self.lengths, STAGES)

    @cached_property
    def biases(self) -> tuple[np.ndarray, np.ndarray]:
        """Rating biases of users and movies, shrunk: [users] and [movies] float64."""
        users, movies = np.zeros(len(self.rows.users)), np.zeros(len(self.rows.movies))
        if self.rows.rating is not None:
            residual = self.rows.rating - self.rows.rating.mean(dtype=np.float64)
            users = _shrunk_means(self.rows.user, residual, len(users))
            movies = _shrunk_means(self.rows.movie, residual - users[self.rows.user], len(movies))
        return users, movies

    @cached_property
    def genre_preferences(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """How much more often, lately and higher than others users rate genres: three [users, genres] float32."""
        genres, rows = self.facts.genres, self.rows
        usual = (rows.movie_counts @ genres) / max(len(rows), 1)
        lengths = np.asarray(self.lengths, dtype=np.float64)[:, None]
        often = (rows.matrix @ genres - lengths * usual) / (lengths + PRIOR)
        known = (self.latest >= 0)[:, :, None]
        lately = (genres[self.latest] - usual) * known
        well = np.zeros_like(often)
        if rows.rating is not None:
            users, movies = self.biases
            residual = rows.rating - rows.rating.mean(dtype=np.float64) - users[rows.user] - movies[rows.movie]
            for genre, share in enumerate(genres.T):
                weight = share[rows.movie]
                total = np.bincount(rows.user, weights=weight * residual, minlength=len(users))
                well[:, genre] = total / (np.bincount(rows.user, weights=weight, minlength=len(users)) + PRIOR)
        return often.astype(np.float32), lately.mean(axis=1).astype(np.float32), well.astype(np.float32)

    @cached_property
    def demographic_affinity(self) -> np.ndarray:
        """[features, movies] float32: log of how much more often users with a feature rate a movie than all do."""
        counts = self.people.T @ self.rows.matrix
        share = (self.rows.movie_counts + 0.5) / (len(self.rows) + 0.5 * len(self.rows.movies))
        expected = counts.sum(axis=1, keepdims=True) * share
        return np.log((counts + PRIOR) / (expected + PRIOR)).astype(np.float32)


def _shrunk_means(groups: np.ndarray, values: np.ndarray, size: int) -> np.ndarray:
    """[size] float64: Σ values / (n + PRIOR) in each group."""
    return np.bincount(groups, weights=values, minlength=size) / (np.bincount(groups, minlength=size) + PRIOR)
