"""Users' candidate lists from a retriever: with what became of them to learn from, and ranked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from tfrs_lab.data.holdout import Held
from tfrs_lab.evaluation.topk import top_k
from tfrs_lab.models.cascade.features import Lists
from tfrs_lab.models.cascade.ranker import Examples, RankingNetwork
from tfrs_lab.models.cascade.recommender import standardised_scores
from tfrs_lab.models.cascade.signals import RankingSignals
from tfrs_lab.models.retrieval.recommender import FactorRecommender

BLOCK = 256
"""Users whose lists are made at a time."""


@dataclass(frozen=True, eq=False)
class CandidateLists:
    """Makes lists of what a retriever puts first and the user does not know yet.

    Attributes:
        retriever: Fitted on the known rows.
        signals: What features are made of; the same users and movies.
        depth: Length of the lists.
        groups: Of features.
    """

    retriever: FactorRecommender
    signals: RankingSignals
    depth: int
    groups: tuple[str, ...]

    def of(self, users: np.ndarray, moments: np.ndarray) -> Iterator[Lists]:
        """Lists of users [n] int32 who are asked at moments [n], a block at a time."""
        for start in range(0, len(users), BLOCK):
            part = slice(start, start + BLOCK)
            scores = standardised_scores(self.retriever.score(users[part]))
            scores[self.signals.rows.matrix[users[part]].nonzero()] = -np.inf
            candidates, values = top_k(scores, self.depth)
            values = np.where(candidates >= 0, values, 0)
            yield Lists(self.signals, users[part], moments[part], candidates, values)

    def examples(self, held: Held, threshold: float | None, most: int, seed: int) -> Examples | None:
        """Lists in which something relevant was held out, with what it was, of ``most`` users; None if there are none.

        Relevant are ratings from ``threshold`` on, or all for None.
        """
        rows, truth = self.signals.rows, held.truth(self.signals.rows, threshold)
        users = np.flatnonzero(np.diff(truth.indptr)).astype(np.int32)
        if len(users) > most:
            users = np.sort(np.random.default_rng(seed).choice(users, most, replace=False))
        moments = self.signals.last_time[users]
        if held.returning_users:
            moments = np.where(
                np.isin(np.array(rows.users.ids)[users], list(held.returning_users)), held.moment, moments
            )
        features, there, numbers = [], [], []
        for lists in self.of(users, moments):
            wanted = looked_up(truth, lists)
            useful = wanted.any(axis=1)
            features.append(lists.features(self.groups)[useful])
            there.append(lists.candidates[useful] >= 0)
            numbers.append(wanted[useful])
        if not sum(map(len, features)):
            return None
        number = np.concatenate(numbers)
        ratings = np.where(number > 0, held.ratings[number - 1], 0).astype(np.float32)
        return Examples(np.concatenate(features), np.concatenate(there), number > 0, ratings)

    def ranked(self, network: RankingNetwork, moments: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """All users' candidates [users, depth] int32 and the network's scores of them [users, depth] float32."""
        everybody = np.arange(len(moments), dtype=np.int32)
        blocks = [(lists.candidates, network(lists.features(self.groups))) for lists in self.of(everybody, moments)]
        candidates, scores = (np.concatenate(column) for column in zip(*blocks, strict=True))
        return candidates, scores


def looked_up(matrix: csr_matrix, lists: Lists) -> np.ndarray:
    """[batch, n] the matrix's values [users, movies] of the candidates; 0 for padding."""
    values = np.take_along_axis(matrix[lists.users].toarray(), lists.candidates, axis=1)
    return np.where(lists.candidates >= 0, values, 0)
