"""What a ranker knows of a user and a candidate movie, as of the user's moment. Needs no TensorFlow.

A two-tower retriever scores by one inner product of a user's and a movie's vector. What depends on both sides in
another way, or on the moment at which the user is asked, it cannot express; that is what these features hold.

They are made of the rows that the retriever was fitted on. How popular and how old a movie is, is counted over those
that are not later than the user's moment, which may be long before that of others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from data.interactions import Interactions
from models.combine import Vectors, standardised
from models.histories import Histories
from models.linear import LinearConfig, linear_vectors
from models.movie_facts import DAYS_A_YEAR, MovieFacts
from models.recency_config import RecencyConfig
from models.session import session_vectors
from models.timeline import DAY, Counts, Timeline

LATEST = 10
"""So many of a user's latest movies are looked at."""
LATEST_DECAY = 0.8
"""Each movie further back counts so much of the one after it."""
PRIOR = 10.0
"""Means are shrunk towards nothing as if so many ratings of no leaning came first."""
SPREAD = 50.0
"""So many ratings spread like overall popularity are added to decayed counts."""
FOLLOWING = RecencyConfig(latest_movies=1, reach=5, reach_decay=0.7, shrink=10.0)
"""What directly follows the latest movie, sharper than what the retriever has."""
STAGES = (5, 10, 20, 40, 80, 160, 320)
"""A user with fewer ratings than the first number is in the first stage, and so on."""


@dataclass(frozen=True, eq=False)
class Knowledge:
    """All that is known, from which features of any user and movie are made.

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
        return self.vectors / np.maximum(np.linalg.norm(self.vectors, axis=1, keepdims=True), 1e-12)

    @cached_property
    def models(self) -> list[Vectors]:
        """Standardised vectors of closed-form models: who rates what, what follows the latest movies, or the latest."""
        sessions = (session_vectors(config, self.rows, self.seed) for config in (RecencyConfig(), FOLLOWING))
        return [standardised(*each) for each in (linear_vectors(LinearConfig(), self.rows, self.seed), *sessions)]

    @cached_property
    def stages(self) -> tuple[np.ndarray, np.ndarray]:
        """How much more often than others a movie is rated at a stage, [stages, movies], and the users' stages [users].

        Some movies are among the first that anybody rates, others come late: a history's length tells which are due.
        """
        histories = Histories.from_interactions(self.rows)
        place = np.arange(len(histories.movie)) - np.repeat(histories.starts[:-1], histories.lengths)
        counts = np.zeros((len(STAGES) + 1, len(self.rows.movies)))
        np.add.at(counts, (np.digitize(place, STAGES), histories.movie), 1)
        share = counts.sum(axis=1, keepdims=True) / max(counts.sum(), 1)
        lift = np.log((counts + PRIOR * share) / ((counts.sum(axis=0) + PRIOR) * share + 1e-12) + 1e-12)
        return lift, np.digitize(self.lengths, STAGES)

    @cached_property
    def leanings(self) -> tuple[np.ndarray, np.ndarray]:
        """How much better than others' a user's ratings are, and a movie's: [users] and [movies] float64, shrunk."""
        users, movies = np.zeros(len(self.rows.users)), np.zeros(len(self.rows.movies))
        if self.rows.rating is not None:
            residual = self.rows.rating - self.rows.rating.mean(dtype=np.float64)
            users = _shrunk_means(self.rows.user, residual, len(users))
            movies = _shrunk_means(self.rows.movie, residual - users[self.rows.user], len(movies))
        return users, movies

    @cached_property
    def tastes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What genres users rate more than others, lately too, and how well: three of [users, genres] float32."""
        genres, rows = self.facts.genres, self.rows
        usual = (rows.movie_counts @ genres) / max(len(rows), 1)
        lengths = np.asarray(self.lengths, dtype=np.float64)[:, None]
        often = (rows.matrix @ genres - lengths * usual) / (lengths + PRIOR)
        known = (self.latest >= 0)[:, :, None]
        lately = (genres[self.latest] - usual) * known
        well = np.zeros_like(often)
        if rows.rating is not None:
            users, movies = self.leanings
            residual = rows.rating - rows.rating.mean(dtype=np.float64) - users[rows.user] - movies[rows.movie]
            for genre, share in enumerate(genres.T):
                weight = share[rows.movie]
                total = np.bincount(rows.user, weights=weight * residual, minlength=len(users))
                well[:, genre] = total / (np.bincount(rows.user, weights=weight, minlength=len(users)) + PRIOR)
        return often.astype(np.float32), lately.mean(axis=1).astype(np.float32), well.astype(np.float32)

    @cached_property
    def crowd(self) -> np.ndarray:
        """[features, movies] float32: log of how much more often people with a feature rate a movie than all do."""
        counts = self.people.T @ self.rows.matrix
        share = (self.rows.movie_counts + 0.5) / (len(self.rows) + 0.5 * len(self.rows.movies))
        expected = counts.sum(axis=1, keepdims=True) * share
        return np.log((counts + PRIOR) / (expected + PRIOR)).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Lists:
    """Users with their candidates, and where a retriever puts these.

    Attributes:
        known: What is known.
        users: [batch] int32.
        moments: [batch] float64 seconds, when each is asked.
        candidates: [batch, n] int32 movies, best first.
        scores: [batch, n] float32 standardised scores of the retriever.
    """

    known: Knowledge
    users: np.ndarray
    moments: np.ndarray
    candidates: np.ndarray
    scores: np.ndarray

    @cached_property
    def counts(self) -> Counts:
        """Ratings of the candidates by then: plain counts, then one for each half-life."""
        return self.known.timeline.counts(self.moments, self.candidates, (np.inf, *self.known.half_lives_days))

    def features(self, groups: Sequence[str]) -> np.ndarray:
        """[batch, n, features] float32, the columns of the groups one after the other."""
        columns = [column for group in groups for column in GROUPS[group](self)]
        shape = self.candidates.shape
        return np.stack([np.broadcast_to(column, shape) for column in columns], axis=2).astype(np.float32)


def _retrieval(lists: Lists) -> list[np.ndarray]:
    """Standardised score, log rank."""
    return [lists.scores, np.log1p(np.arange(lists.candidates.shape[1]))[None, :]]


def _popularity(lists: Lists) -> list[np.ndarray]:
    """Log share of the ratings by then, and by how much more of the recent ones, for each half-life."""
    plain, total = lists.counts.decayed[..., 0], lists.counts.totals[:, :1]
    share = (plain + 0.5) / (total + 0.5 * len(lists.known.rows.movies))
    decayed, totals = lists.counts.decayed[..., 1:], lists.counts.totals[:, None, 1:]
    rising = np.log((decayed + SPREAD * share[..., None]) / (totals + SPREAD)) - np.log(share)[..., None]
    return [np.log(share), *np.moveaxis(rising, 2, 0)]


def _age(lists: Lists) -> list[np.ndarray]:
    """Log months since the first rating, or none yet; log years since the release, or not released, or not known."""
    first = lists.counts.age
    since = (lists.moments / DAY)[:, None] - lists.known.facts.released[lists.candidates]
    unknown = np.isnan(since)
    since = np.where(unknown, 0, since)
    return [
        np.log1p(np.maximum(first, 0) / 30),
        first < 0,
        np.log1p(np.maximum(since, 0) / DAYS_A_YEAR),
        since < 0,
        unknown,
    ]


def _models(lists: Lists) -> list[np.ndarray]:
    """Scores of closed-form models."""
    products = (queries[lists.users] @ candidates.T for queries, candidates in lists.known.models)
    return [np.take_along_axis(scores, lists.candidates, axis=1) for scores in products]


def _latest(lists: Lists) -> list[np.ndarray]:
    """Similarity to the latest movie, to the latest ones, to the most similar of them; distance in release years."""
    known, latest = lists.known, lists.known.latest[lists.users]
    there = (latest >= 0).astype(np.float32)
    alike = known.unit[latest] @ known.unit[lists.candidates].transpose(0, 2, 1) * there[:, :, None]
    weights = LATEST_DECAY ** np.arange(LATEST) * there
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)
    released = known.facts.released / DAYS_A_YEAR
    dated = there * ~np.isnan(released[latest])
    usual = (np.nan_to_num(released[latest]) * dated).sum(axis=1) / np.maximum(dated.sum(axis=1), 1)
    apart = np.where(dated.any(axis=1)[:, None], np.nan_to_num(released[lists.candidates] - usual[:, None]), 0)
    return [alike[:, 0], (weights[:, None, :] @ alike)[:, 0], alike.max(axis=1), np.log1p(np.abs(apart))]


def _genres(lists: Lists) -> list[np.ndarray]:
    """Whether the user rates such genres often, has done so lately, and rates them well."""
    products = (taste[lists.users] @ lists.known.facts.genres.T for taste in lists.known.tastes)
    return [np.take_along_axis(scores, lists.candidates, axis=1) for scores in products]


def _ratings(lists: Lists) -> list[np.ndarray]:
    """How well others rate the movie."""
    return [lists.known.leanings[1][lists.candidates]]


def _people(lists: Lists) -> list[np.ndarray]:
    """Whether people like the user rate the movie more often than others."""
    scores = lists.known.people[lists.users] @ lists.known.crowd
    return [np.take_along_axis(scores, lists.candidates, axis=1)]


def _stage(lists: Lists) -> list[np.ndarray]:
    """Whether the movie is usually rated by users who have rated as much as this one."""
    lift, stages = lists.known.stages
    return [lift[stages[lists.users][:, None], lists.candidates]]


def _activity(lists: Lists) -> list[np.ndarray]:
    """Log length of the history, log days since its end."""
    known = lists.known
    idle = np.maximum(lists.moments - known.last_time[lists.users], 0) / DAY
    return [np.log1p(known.lengths[lists.users])[:, None], np.log1p(idle)[:, None]]


GROUPS: dict[str, Callable[[Lists], list[np.ndarray]]] = {
    "retrieval": _retrieval,
    "models": _models,
    "popularity": _popularity,
    "age": _age,
    "latest": _latest,
    "genres": _genres,
    "ratings": _ratings,
    "people": _people,
    "stage": _stage,
    "activity": _activity,
}


def _shrunk_means(groups: np.ndarray, values: np.ndarray, size: int) -> np.ndarray:
    """[size] float64: Σ values / (n + PRIOR) in each group."""
    return np.bincount(groups, weights=values, minlength=size) / (np.bincount(groups, minlength=size) + PRIOR)
