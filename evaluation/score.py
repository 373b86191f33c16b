"""Scores the ranked lists of any tool under our protocol: what ``recs score`` calls."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from tfrs_lab.data.errors import DataError
from tfrs_lab.evaluation.judgements import Judgements
from tfrs_lab.evaluation.lists import ordered_lists
from tfrs_lab.evaluation.result import Evaluation, RankedLists, check_cutoffs, summarise


def score_topk(
    topk: pl.DataFrame,
    truth: pl.DataFrame,
    seen: pl.DataFrame | None = None,
    *,
    ks: Sequence[int] = (5, 10, 20),
    threshold: float | None = None,
    depth: int = 100,
    seed: int = 0,
    bootstrap: int = 2000,
) -> Evaluation:
    """Evaluates ranked lists; for the lists that `evaluate` returns it gives the same numbers.

    Movies that a user has seen are taken out of the list and the rest moves up. Users of the truth without a
    list count as 0; lists of users without anything relevant are not used. Factorized top-k cannot be told
    from lists, and coverage, novelty, Gini and slices only with ``seen``.

    Args:
        topk: ``user_id``, ``movie_id`` and ``rank`` (1, 2, 3 … for each user) or ``score`` (higher is better,
            of equal scores the lower movie id ranks first). With both, the rank decides.
        truth: As ``test`` in `evaluate`.
        seen: As in `evaluate`; None: nothing is masked.
        ks: Cut-offs.
        threshold: As in `evaluate`.
        depth: Length of the lists in the result, raised to ``max(ks)`` if that is more.
        seed: Of the bootstrap.
        bootstrap: Resamples for the confidence intervals, 0 for none.

    Raises:
        DataError: If a table lacks a column or holds nulls, a list names a movie twice, ranks have gaps,
            scores are NaN, nothing is relevant, a user has already seen what is to be predicted, or no user of the
            truth has a list.
        ValueError: If ``ks`` is not positive.

    >>> lists = pl.DataFrame({"user_id": ["u", "u", "u"], "movie_id": ["a", "b", "c"], "rank": [1, 2, 3]})
    >>> truth = pl.DataFrame({"user_id": ["u", "u"], "movie_id": ["c", "d"]})
    >>> seen = pl.DataFrame({"user_id": ["u"], "movie_id": ["a"]})
    >>> score_topk(lists, truth, seen, ks=(2,)).metrics["mrr@2"]    # c moves up to rank 2
    0.5
    """
    check_cutoffs(ks)
    ordered = ordered_lists(topk)
    nothing = pl.DataFrame(schema={"user_id": pl.String, "movie_id": pl.String})
    judgements = Judgements.from_tables(
        truth, nothing if seen is None else seen, threshold=threshold, candidates=ordered["movie_id"].unique()
    )
    if not ordered["user_id"].is_in(judgements.users.ids).any():
        raise DataError(
            f"none of the {ordered['user_id'].n_unique()} users of the lists is in the truth: "
            f"{ordered['user_id'][0]!r} beside {judgements.users.ids[0]!r}; are they written alike?"
        )
    lists = _as_lists(ordered, judgements, max(depth, *ks))
    return summarise(judgements, lists, ks=ks, bootstrap=bootstrap, seed=seed)


def _as_lists(ordered: pl.DataFrame, judgements: Judgements, depth: int) -> RankedLists:
    """Lists of the test users without seen movies, cut at depth."""
    user = judgements.users.encode(ordered["user_id"])
    movie = judgements.movies.encode(ordered["movie_id"])
    score = ordered["score"].cast(pl.Float32).fill_null(np.nan).to_numpy()
    wanted = user >= 0
    user, movie, score = user[wanted], movie[wanted], score[wanted]
    new = ~np.asarray(judgements.seen[user, movie], dtype=bool).ravel() if len(user) else np.zeros(0, dtype=bool)
    user, movie, score = user[new], movie[new], score[new]
    # the table is sorted by user id and so by index: a row's place is its distance from the user's first row
    place = np.arange(len(user)) - np.searchsorted(user, user)
    shallow = place < depth
    movies = np.full((len(judgements.users), depth), -1, dtype=np.int32)
    scores = np.full(movies.shape, np.nan, dtype=np.float32)
    movies[user[shallow], place[shallow]] = movie[shallow]
    scores[user[shallow], place[shallow]] = score[shallow]
    return RankedLists(movies, scores)
