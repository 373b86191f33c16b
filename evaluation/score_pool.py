"""Scores of several models for the movies that any of them puts first: nDCG of every weighted sum, in milliseconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tfrs_lab.evaluation.metrics import ndcg_at_k
from tfrs_lab.evaluation.monitor import Monitor, ValidationUsers
from tfrs_lab.evaluation.recommender import Recommender
from tfrs_lab.evaluation.scoring import Scorer
from tfrs_lab.evaluation.topk import top_k, top_k_unseen

DEPTH = 100
"""So many movies of each model are in the pool of a user: what a sum puts first, some model puts far in front."""


@dataclass(frozen=True, eq=False)
class ScorePool:
    """Scores of a few movies of each validation user.

    Attributes:
        names: Of the models.
        scores: [models, users, n] float32, -inf for padding.
        relevant: [users, n] bool.
        counts: [users] numbers of relevant movies, those outside the pool among them.
        k: Cut-off of nDCG.
    """

    names: tuple[str, ...]
    scores: np.ndarray
    relevant: np.ndarray
    counts: np.ndarray
    k: int

    @classmethod
    def of(cls, monitor: Monitor, models: Mapping[str, Recommender]) -> ScorePool:
        """Asks each model, which hold the same movies, for the users of a monitor."""
        scorers = [Scorer.of(model, monitor.candidates) for model in models.values()]
        found = [_pooled(block, scorers) for block in monitor.blocks(scorers[0])]
        width = max(relevant.shape[1] for _, relevant, _ in found)
        scores = [_wider(scores, width, -np.inf) for scores, _, _ in found]
        relevant = [_wider(wanted, width, False) for _, wanted, _ in found]
        counts = np.concatenate([counts for *_, counts in found])
        return cls(tuple(models), np.concatenate(scores, axis=1), np.concatenate(relevant), counts, monitor.k)

    def per_user(self, weights: Mapping[str, float]) -> np.ndarray:
        """[users] float64 nDCG@k of the sum of the models' scores, each times its weight ≥ 0 or, without one, 0."""
        total = np.where(np.isneginf(self.scores[0]), np.float32(-np.inf), np.float32(0))
        for name, scores in zip(self.names, self.scores, strict=True):
            if weights.get(name):
                total += np.float32(weights[name]) * scores
        best, _ = top_k(total, self.k)
        hits = np.take_along_axis(self.relevant, np.maximum(best, 0), axis=1) & (best >= 0)
        return ndcg_at_k(hits, self.counts, self.k)


def _pooled(block: ValidationUsers, scorers: list[Scorer]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """[models, users, n] scores, [users, n] whether relevant and [users] counts of some users."""
    every = [scorer.scores(block.users, block.history) for scorer in scorers]
    lists = [top_k_unseen(scores, block.seen, min(DEPTH, scores.shape[1]))[0] for scores in every]
    movies = np.sort(np.concatenate(lists, axis=1), axis=1)
    movies[:, 1:][movies[:, 1:] == movies[:, :-1]] = -1
    movies = np.sort(movies, axis=1)  # ascending, so that ties are broken as everywhere; -1 in front
    movies = movies[:, (movies >= 0).any(axis=0)] if len(movies) else movies
    place = np.maximum(movies, 0)
    scores = [np.where(movies >= 0, np.take_along_axis(each, place, axis=1), -np.inf) for each in every]
    relevant = np.take_along_axis(block.relevant.toarray() > 0, place, axis=1) & (movies >= 0)
    return np.array(scores, dtype=np.float32), relevant, block.counts


def _wider(values: np.ndarray, width: int, filler: float) -> np.ndarray:
    """[..., width]: values with padding in front."""
    missing = [(0, 0)] * (values.ndim - 1) + [(width - values.shape[-1], 0)]
    return np.pad(values, missing, constant_values=filler)
