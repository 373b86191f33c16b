"""nDCG of the same validation rows again and again, as early stopping and weight searches ask for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix

from tfrs_lab.evaluation.judgements import Judgements
from tfrs_lab.evaluation.metrics import ndcg_at_k
from tfrs_lab.evaluation.recommender import Recommender
from tfrs_lab.evaluation.scoring import Scorer, users_at_once
from tfrs_lab.evaluation.topk import membership, top_k_unseen


@dataclass
class Monitor:
    """The value of ``evaluate(...).metrics["ndcg@10"]``, with the tables encoded once.

    Attributes:
        validation: Rows to predict.
        seen: Rows that the recommender was fitted on.
        threshold: Least rating of a relevant row, None for any.
        candidates: Ids of the movies to rank, None for all that the recommender holds.
        k: Cut-off.
        max_users: Of more users than this, a fixed sample is scored.
        max_scores: The sample is smaller where it would take more scores, one per user and movie, but no smaller than
            1,000 users.
        block: Users scored at a time; None: as `evaluate`.
    """

    validation: pl.DataFrame
    seen: pl.DataFrame
    threshold: float | None = None
    candidates: Sequence[str] | None = None
    k: int = 10
    max_users: int = 10_000
    max_scores: int = 200_000_000
    block: int | None = None

    def __call__(self, recommender: Recommender) -> float:
        """Mean nDCG@k over the users; see ``per_user``."""
        return float(self.per_user(recommender).mean())

    def per_user(self, recommender: Recommender) -> np.ndarray:
        """[users] float64 nDCG@k; users whom the recommender does not know are scored from what they have seen.

        Recommenders with the same movies are scored for the same users in the same order.
        """
        scorer = Scorer.of(recommender, self.candidates)
        values = []
        for block in self.blocks(scorer):
            lists, _, _ = top_k_unseen(scorer.scores(block.users, block.history), block.seen, self.k)
            user, movie = block.relevant.nonzero()
            hits = membership(user, movie, lists, width=block.relevant.shape[1])
            values.append(ndcg_at_k(hits, block.counts, self.k))
        return np.concatenate(values)

    def blocks(self, scorer: Scorer) -> Iterator[ValidationUsers]:
        """Who is asked, a few at a time; for recommenders with the same movies the same users in the same order."""
        tables = self._encoded(scorer)
        size = self.block or users_at_once(len(scorer.recommender.movies))
        for start in range(0, len(tables.users), size):
            yield tables.part(slice(start, start + size))

    def _encoded(self, scorer: Scorer) -> ValidationUsers:
        """The tables in the recommender's numbers; they change with its movies only."""
        movies = scorer.recommender.movies.ids
        if getattr(self, "_for", None) is not movies:
            self._for = movies
            self._tables = self._encode(scorer)
        return self._tables

    def _encode(self, scorer: Scorer) -> ValidationUsers:
        judgements = Judgements.from_tables(
            self.validation, self.seen, threshold=self.threshold, candidates=scorer.ranked.ids
        )
        chosen = np.arange(len(judgements.users))
        most = min(self.max_users, max(1_000, self.max_scores // max(len(scorer.ranked), 1)))
        if len(chosen) > most:
            chosen = np.sort(np.random.default_rng(0).choice(chosen, most, replace=False))
        number = judgements.movies.encode(scorer.ranked.ids)
        relevant = judgements.relevant.astype(np.float32)[chosen]
        return ValidationUsers(
            users=[judgements.users.ids[index] for index in chosen],
            history=judgements.seen_among(scorer.recommender.movies)[chosen],
            relevant=relevant[:, number],
            seen=judgements.seen.astype(np.float32)[chosen][:, number],
            counts=np.diff(relevant.indptr),
        )


@dataclass(frozen=True, eq=False)
class ValidationUsers:
    """Users, their histories, and what is relevant and seen among the ranked movies.

    Attributes:
        users: [n] ids.
        history: [n, the recommender's movies], as of ``Recommender.score_history``.
        relevant: [n, ranked].
        seen: [n, ranked].
        counts: [n] numbers of all relevant movies, those that are not ranked among them.
    """

    users: list[str]
    history: csr_matrix
    relevant: csr_matrix
    seen: csr_matrix
    counts: np.ndarray

    def part(self, which: slice) -> ValidationUsers:
        """Some of the users."""
        return replace(self, **{name: table[which] for name, table in vars(self).items()})
