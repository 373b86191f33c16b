"""Features of a user and a candidate movie, as of the moment at which the user is asked. Needs no TensorFlow.

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

from tfrs_lab.models.cascade.signals import LATEST, RankingSignals
from tfrs_lab.models.cascade.timeline import DAY, Counts
from tfrs_lab.models.content.inputs import DAYS_PER_YEAR

LATEST_DECAY = 0.8
"""Weight of each movie further back, relative to the one after it."""
PSEUDO_COUNT = 50.0
"""Ratings, distributed like overall popularity, that are added to decayed counts."""


@dataclass(frozen=True, eq=False)
class Lists:
    """Users with their candidates, and where a retriever puts these.

    Attributes:
        signals: What features are made of.
        users: [batch] int32.
        moments: [batch] float64 seconds, when each is asked.
        candidates: [batch, n] int32 movies, best first.
        scores: [batch, n] float32 standardised scores of the retriever.
    """

    signals: RankingSignals
    users: np.ndarray
    moments: np.ndarray
    candidates: np.ndarray
    scores: np.ndarray

    @cached_property
    def counts(self) -> Counts:
        """Ratings of the candidates by then: plain counts, then one for each half-life."""
        return self.signals.timeline.counts(self.moments, self.candidates, (np.inf, *self.signals.half_lives_days))

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
    share = (plain + 0.5) / (total + 0.5 * len(lists.signals.rows.movies))
    decayed, totals = lists.counts.decayed[..., 1:], lists.counts.totals[:, None, 1:]
    rising = np.log((decayed + PSEUDO_COUNT * share[..., None]) / (totals + PSEUDO_COUNT)) - np.log(share)[..., None]
    return [np.log(share), *np.moveaxis(rising, 2, 0)]


def _age(lists: Lists) -> list[np.ndarray]:
    """Log months since the first rating, or none yet; log years since the release, or not released, or not known."""
    first = lists.counts.age
    since = (lists.moments / DAY)[:, None] - lists.signals.facts.released[lists.candidates]
    unknown = np.isnan(since)
    since = np.where(unknown, 0, since)
    return [
        np.log1p(np.maximum(first, 0) / 30),
        first < 0,
        np.log1p(np.maximum(since, 0) / DAYS_PER_YEAR),
        since < 0,
        unknown,
    ]


def _models(lists: Lists) -> list[np.ndarray]:
    """Scores of closed-form models."""
    every = lists.signals.of_models(lists.users)
    return [np.take_along_axis(scores, lists.candidates, axis=1) for scores in every]


def _latest(lists: Lists) -> list[np.ndarray]:
    """Similarity to the latest movie, to the latest ones, to the most similar of them; distance in release years."""
    signals, latest = lists.signals, lists.signals.latest[lists.users]
    there = (latest >= 0).astype(np.float32)
    alike = signals.unit[latest] @ signals.unit[lists.candidates].transpose(0, 2, 1) * there[:, :, None]
    weights = LATEST_DECAY ** np.arange(LATEST) * there
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)
    released = signals.facts.released / DAYS_PER_YEAR
    dated = there * ~np.isnan(released[latest])
    usual = (np.nan_to_num(released[latest]) * dated).sum(axis=1) / np.maximum(dated.sum(axis=1), 1)
    distance = np.where(dated.any(axis=1)[:, None], np.nan_to_num(released[lists.candidates] - usual[:, None]), 0)
    return [alike[:, 0], (weights[:, None, :] @ alike)[:, 0], alike.max(axis=1), np.log1p(np.abs(distance))]


def _genres(lists: Lists) -> list[np.ndarray]:
    """Whether the user rates such genres often, has done so lately, and rates them well."""
    products = (taste[lists.users] @ lists.signals.facts.genres.T for taste in lists.signals.genre_preferences)
    return [np.take_along_axis(scores, lists.candidates, axis=1) for scores in products]


def _ratings(lists: Lists) -> list[np.ndarray]:
    """How well others rate the movie."""
    return [lists.signals.biases[1][lists.candidates]]


def _people(lists: Lists) -> list[np.ndarray]:
    """Whether people like the user rate the movie more often than others."""
    scores = lists.signals.people[lists.users] @ lists.signals.demographic_affinity
    return [np.take_along_axis(scores, lists.candidates, axis=1)]


def _stage(lists: Lists) -> list[np.ndarray]:
    """Whether the movie is usually rated by users who have rated as much as this one."""
    lift, stages = lists.signals.stages
    return [lift[stages[lists.users][:, None], lists.candidates]]


def _activity(lists: Lists) -> list[np.ndarray]:
    """Log length of the history, log days since its end."""
    signals = lists.signals
    idle = np.maximum(lists.moments - signals.last_time[lists.users], 0) / DAY
    return [np.log1p(signals.lengths[lists.users])[:, None], np.log1p(idle)[:, None]]


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
