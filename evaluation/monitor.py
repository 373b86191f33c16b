"""nDCG of the same validation rows again and again, as early stopping and weight searches ask for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix

from data.interactions import Vocabulary
from evaluation.judgements import Judgements
from evaluation.metrics import ndcg_at_k
from evaluation.recommender import Recommender
from evaluation.topk import membership, top_k


@dataclass
class Monitor:
    """The value of ``evaluate(...).metrics["ndcg@10"]``, with the tables encoded once.

    Attributes:
        validation: Rows to predict.
        seen: Rows that the recommender was fitted on.
        threshold: Least rating of a relevant row, None for any.
        k: Cut-off.
        max_users: With more users than this, a fixed sample of so many is scored.
        block: Users scored at a time.
    """

    validation: pl.DataFrame
    seen: pl.DataFrame
    threshold: float | None = None
    k: int = 10
    max_users: int = 10_000
    block: int = 1024

    def __call__(self, recommender: Recommender) -> float:
        """Mean nDCG@k over the users; those whom the recommender does not know get its fallback."""
        users, relevant, seen, counts = self._encoded(recommender)
        values = []
        for start in range(0, len(users), self.block):
            part = slice(start, start + self.block)
            scores = np.array(recommender.score(users[part]), dtype=np.float32)
            scores[seen[part].nonzero()] = -np.inf
            lists, _ = top_k(scores, self.k)
            user, movie = relevant[part].nonzero()
            hits = membership(user, movie, lists, width=scores.shape[1])
            values.append(ndcg_at_k(hits, counts[part], self.k))
        return float(np.concatenate(values).mean())

    def _encoded(self, recommender: Recommender) -> tuple[np.ndarray, csr_matrix, csr_matrix, np.ndarray]:
        """Users, relevant and seen movies in the recommender's numbers, and how many movies are relevant."""
        vocabularies = (recommender.users.ids, recommender.movies.ids)
        if getattr(self, "_for", None) != tuple(map(id, vocabularies)):
            self._for = tuple(map(id, vocabularies))
            self._keep = vocabularies  # alive, so that no other list gets their identity
            self._cache = self._encode(recommender.users, recommender.movies)
        return self._cache

    def _encode(self, users: Vocabulary, movies: Vocabulary) -> tuple[np.ndarray, csr_matrix, csr_matrix, np.ndarray]:
        judgements = Judgements.from_tables(self.validation, self.seen, threshold=self.threshold, candidates=movies.ids)
        chosen = np.arange(len(judgements.users))
        if len(chosen) > self.max_users:
            chosen = np.sort(np.random.default_rng(0).choice(chosen, self.max_users, replace=False))
        number = judgements.movies.encode(movies.ids)
        relevant = judgements.relevant.astype(np.float32)[chosen]
        return (
            users.encode(judgements.users.ids)[chosen],
            relevant[:, number],
            judgements.seen.astype(np.float32)[chosen][:, number],
            np.diff(relevant.indptr),
        )
