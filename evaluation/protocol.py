"""The one function that says what a recommender is worth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix

from evaluation.factorized import TFRS_KS, factorized_hits
from evaluation.judgements import Judgements
from evaluation.recommender import Recommender
from evaluation.result import Evaluation, RankedLists, check_cutoffs, summarise
from evaluation.topk import top_k


def evaluate(
    recommender: Recommender,
    test: pl.DataFrame,
    *,
    seen: pl.DataFrame,
    ks: Sequence[int] = (5, 10, 20),
    threshold: float | None = None,
    depth: int = 100,
    block: int = 1024,
    seed: int = 0,
    bootstrap: int = 2000,
) -> Evaluation:
    """Ranks the full catalogue for every test user and compares with what they went on to rate.

    - Test users are those with at least one relevant row in ``test``; per-user metrics are averaged over
      them.
    - Candidates are ``recommender.movies`` without what the user has in ``seen``. No sampling.
    - Relevant movies that are no candidates stay in the denominators of recall, nDCG and MAP.
    - Of equal scores the lower movie id ranks first, so a constant scorer gets no credit.
    - Users whom the recommender does not know but who have seen something are scored by `score_history` from
      that; users with no history at all by `score` with index -1.
    - ``factorized_top_k`` is TFRS's `FactorizedTopK`: per interaction and without masking, see
      `evaluation.factorized`.
    - Coverage, novelty and Gini are over all movies that ``seen`` or ``test`` names; popularity is users in
      ``seen``.

    Args:
        recommender: What to evaluate.
        test: ``user_id``, ``movie_id`` and, with a threshold, ``user_rating``.
        seen: ``user_id``, ``movie_id``: train rows, and when testing also validation rows.
        ks: Cut-offs.
        threshold: Rows with a rating below this are not relevant; None: all rows are.
        depth: Length of the lists in the result, raised to ``max(ks)`` if that is more.
        block: Users scored at a time: [block, movies] float32 is what has to fit into memory.
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
    if block < 1 or depth < 1:
        raise ValueError(f"block and depth must be positive, got {block} and {depth}")
    judgements = Judgements.from_tables(test, seen, threshold=threshold, candidates=recommender.movies.ids)
    factorized_ks = sorted({*TFRS_KS, *ks})
    lists, hits = _rank(recommender, judgements, max(depth, *ks), factorized_ks, block)
    factorized = {f"factorized_top_{k}": hits[:, column] for column, k in enumerate(factorized_ks)}
    return summarise(judgements, lists, ks=ks, bootstrap=bootstrap, seed=seed, factorized=factorized)


def _rank(
    recommender: Recommender, judgements: Judgements, depth: int, factorized_ks: Sequence[int], block: int
) -> tuple[RankedLists, np.ndarray]:
    """Ranked lists of every test user, and factorized hits [users, factorized_ks] int64."""
    users = len(judgements.users)
    # both vocabularies are sorted, so candidates keep their order, and ties theirs, when renumbered
    number = judgements.movies.encode(recommender.movies.ids)
    known = recommender.users.encode(judgements.users.ids)
    seen, relevant = _columns(judgements.seen, number), _columns(judgements.relevant, number)
    movies = np.empty((users, depth), dtype=np.int32)
    values = np.empty((users, depth), dtype=np.float32)
    hits = np.empty((users, len(factorized_ks)), dtype=np.int64)
    for start in range(0, users, block):
        part = slice(start, start + block)
        scores = _scores(recommender, known[part], seen[part])
        rows, columns = relevant[part].nonzero()
        hits[part] = factorized_hits(scores, rows, columns, factorized_ks)
        scores[seen[part].nonzero()] = -np.inf
        best, values[part] = top_k(scores, depth)
        movies[part] = np.where(best >= 0, number[best], -1) if len(number) else -1
    return RankedLists(movies, values), hits


def _columns(matrix: csr_matrix, columns: np.ndarray) -> csr_matrix:
    """[users, candidates] float32: the matrix's columns of the candidates."""
    return matrix.astype(np.float32)[:, columns]


def _scores(recommender: Recommender, known: np.ndarray, seen: csr_matrix) -> np.ndarray:
    """[batch, candidates] float32 that the caller may write to.

    Args:
        recommender: What scores.
        known: [batch] int32 indices into its users, -1 for unknown ones.
        seen: [batch, candidates] what each user has seen.
    """
    expected = (len(known), len(recommender.movies))
    scores = _checked(recommender.score(known), expected)
    by_history = np.flatnonzero((known < 0) & (np.diff(seen.indptr) > 0))
    if len(by_history):
        scores[by_history] = _checked(recommender.score_history(seen[by_history]), (len(by_history), expected[1]))
    return scores


def _checked(scores: np.ndarray, expected: tuple[int, int]) -> np.ndarray:
    """A float32 copy of scores that have the right shape and no NaN."""
    if scores.shape != expected:
        raise ValueError(f"expected scores of shape [batch, movies] = {expected}, got {scores.shape}")
    scores = np.array(scores, dtype=np.float32)
    missing = np.isnan(scores).any(axis=1).sum()
    if missing:
        raise ValueError(
            f"expected scores that can be ordered, got NaN for {missing} of a block of {len(scores)} users"
        )
    return scores
