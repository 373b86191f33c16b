"""The one function that says what a recommender is worth."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix

from tfrs_lab.evaluation.factorized import TFRS_KS, hits_within
from tfrs_lab.evaluation.judgements import Judgements
from tfrs_lab.evaluation.recommender import Recommender
from tfrs_lab.evaluation.result import Evaluation, RankedLists, check_cutoffs, summarise
from tfrs_lab.evaluation.scoring import Scorer, users_at_once
from tfrs_lab.evaluation.topk import top_k_unseen


def evaluate(
    recommender: Recommender,
    test: pl.DataFrame,
    *,
    seen: pl.DataFrame,
    candidates: Sequence[str] | None = None,
    ks: Sequence[int] = (5, 10, 20),
    threshold: float | None = None,
    depth: int = 100,
    block: int | None = None,
    seed: int = 0,
    bootstrap: int = 2000,
) -> Evaluation:
    """Ranks the full catalogue for every test user and compares with what they went on to rate.

    - Test users are those with at least one relevant row in ``test``; per-user metrics are averaged over
      them.
    - Ranked are ``candidates``, by default ``recommender.movies``, without what the user has in ``seen``. No sampling.
      Candidates that the recommender does not hold come last.
    - Relevant movies that are no candidates stay in the denominators of recall, nDCG and MAP.
    - Of equal scores the lower movie id ranks first, so a constant scorer gets no credit.
    - Users whom the recommender does not know are scored by `score_history` from what they have seen, if anything.
    - ``factorized_top_k`` is TFRS's `FactorizedTopK`: per interaction and without masking, see
      `tfrs_lab.evaluation.factorized`.
    - Coverage, novelty and Gini are over all movies that ``seen`` or ``test`` names; popularity is users in
      ``seen``.

    Args:
        recommender: What to evaluate.
        test: ``user_id``, ``movie_id`` and, with a threshold, ``user_rating``.
        seen: ``user_id``, ``movie_id``: train rows, and when testing also validation rows.
        candidates: Ids of the movies to rank, such as the new ones; None for all.
        ks: Cut-offs.
        threshold: Rows with a rating below this are not relevant; None: all rows are.
        depth: Length of the lists in the result, raised to ``max(ks)`` if that is more.
        block: Users scored at a time: [block, movies] float32 is what has to fit into memory. None: 1,024, or as many
            as take 64 MB.
        seed: Of the bootstrap.
        bootstrap: Resamples for the confidence intervals, 0 for none.

    Returns:
        Metrics, intervals, slices, per-user values and ranked lists.

    Raises:
        DataError: If a table lacks a column, nothing is relevant, or a user has already seen what is to be
            predicted.
        ValueError: If ``ks`` or ``block`` is not positive, or the scores are NaN or of the wrong shape.
    """
    check_cutoffs(ks)
    if (block is not None and block < 1) or depth < 1:
        raise ValueError(f"block and depth must be positive, got {block} and {depth}")
    scorer = Scorer.of(recommender, candidates)
    judgements = Judgements.from_tables(test, seen, threshold=threshold, candidates=scorer.ranked.ids)
    factorized_ks = sorted({*TFRS_KS, *ks})
    block = users_at_once(len(recommender.movies)) if block is None else block
    lists, hits = _rank(scorer, judgements, max(depth, *ks), factorized_ks, block)
    factorized = {f"factorized_top_{k}": hits[:, column] for column, k in enumerate(factorized_ks)}
    return summarise(judgements, lists, ks=ks, bootstrap=bootstrap, seed=seed, factorized=factorized)


def _rank(
    scorer: Scorer, judgements: Judgements, depth: int, factorized_ks: Sequence[int], block: int
) -> tuple[RankedLists, np.ndarray]:
    """Ranked lists of every test user, and factorized hits [users, factorized_ks] int64."""
    users = len(judgements.users)
    # all vocabularies are sorted, so candidates keep their order, and ties theirs, when renumbered
    number = judgements.movies.encode(scorer.ranked.ids)
    seen, relevant = _columns(judgements.seen, number), _columns(judgements.relevant, number)
    history = judgements.seen_among(scorer.recommender.movies)
    movies = np.empty((users, depth), dtype=np.int32)
    values = np.empty((users, depth), dtype=np.float32)
    hits = np.empty((users, len(factorized_ks)), dtype=np.int64)

    def rank(part: slice, scores: np.ndarray) -> None:
        best, values[part], every = top_k_unseen(scores, seen[part], depth, max(factorized_ks))
        rows, columns = relevant[part].nonzero()
        hits[part] = hits_within(every, rows, columns, scores.shape[1], factorized_ks)
        movies[part] = np.where(best >= 0, number[best], -1) if len(number) else -1

    with ThreadPoolExecutor(1) as other:  # one block is ranked while the next is scored
        ranked: Future[None] | None = None
        for start in range(0, users, block):
            part = slice(start, start + block)
            scores = scorer.scores(judgements.users.ids[part], history[part])
            if ranked is not None:
                ranked.result()
            ranked = other.submit(rank, part, scores)
        if ranked is not None:
            ranked.result()
    return RankedLists(movies, values), hits


def _columns(matrix: csr_matrix, columns: np.ndarray) -> csr_matrix:
    """[users, candidates] float32: the matrix's columns of the candidates."""
    return matrix.astype(np.float32)[:, columns]
