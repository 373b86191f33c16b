"""Where a recommender is weak: its metrics over groups of users and groups of movies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tfrs_lab.evaluation.judgements import Judgements
from tfrs_lab.evaluation.metrics import ranking_metrics
from tfrs_lab.evaluation.topk import membership

# name → (fewest, most) movies that a user of the slice has seen
HISTORY_LENGTHS: dict[str, tuple[int, float]] = {
    "0": (0, 0),
    "1-20": (1, 20),
    "21-50": (21, 50),
    "51-100": (51, 100),
    "101+": (101, float("inf")),
}

Slices = dict[str, dict[str, dict[str, float]]]


def slice_metrics(
    judgements: Judgements, lists: np.ndarray, per_user: dict[str, np.ndarray], ks: Sequence[int]
) -> Slices:
    """Metrics by slice; slices without users are left out.

    Families and their slices:

    - ``history_length``: users by how many movies they have seen, see `HISTORY_LENGTHS`;
    - ``item_popularity``: ``head``, ``mid`` and ``tail``, see `popularity_groups`;
    - ``cold_start``: ``warm_users`` and ``cold_users`` (have seen nothing), ``warm_items`` and ``cold_items``
      (nobody has seen them).

    A slice of users averages over those users. A slice of movies calls only those movies relevant and averages over the
    users who have such a movie; the lists stay what they are, ranked over the full catalogue. ``lists`` are [users,
    depth] int movie indices padded with -1, ``per_user`` [users] values by metric.

    Returns:
        Family → slice → metric → value; also "users", the users averaged over, and "interactions", their
        relevant movies in the slice.
    """
    history = judgements.history
    warm = judgements.raters > 0
    by_users = {
        "history_length": {name: (history >= low) & (history <= high) for name, (low, high) in HISTORY_LENGTHS.items()},
        "cold_start": {"warm_users": history > 0, "cold_users": history == 0},
    }
    by_movies = {
        "item_popularity": popularity_groups(judgements.raters),
        "cold_start": {"warm_items": warm, "cold_items": ~warm},
    }
    relevant = np.diff(judgements.relevant.indptr)
    result: Slices = {"history_length": {}, "item_popularity": {}, "cold_start": {}}
    for family, users_in in by_users.items():
        for name, chosen in users_in.items():
            if chosen.any():
                result[family][name] = _averages(per_user, chosen, relevant)
    for family, movies_in in by_movies.items():
        for name, chosen in movies_in.items():
            hits, of_group = _restrict(judgements, lists, chosen)
            if of_group.any():
                result[family][name] = _averages(ranking_metrics(hits, of_group, ks), of_group > 0, of_group)
    return result


def popularity_groups(raters: np.ndarray) -> dict[str, np.ndarray]:
    """Splits the rated movies into three groups that hold about a third of the seen rows each.

    Movies are taken from the most rated to the least (of equals, the lower index first). ``head`` are those
    that start within the first third of all rows, ``mid`` within the second, ``tail`` within the last. Movies
    that nobody has rated are in no group: they are the slice ``cold_items``.

    >>> groups = popularity_groups(np.array([3, 1, 1, 1, 0]))
    >>> {name: np.flatnonzero(movies).tolist() for name, movies in groups.items()}
    {'head': [0], 'mid': [1], 'tail': [2, 3]}
    """
    order = np.argsort(-raters, kind="stable")
    before = np.empty(len(raters), dtype=np.int64)
    before[order] = np.cumsum(raters[order]) - raters[order]
    third = np.minimum(before * 3 // max(int(raters.sum()), 1), 2)
    return {name: (third == place) & (raters > 0) for place, name in enumerate(("head", "mid", "tail"))}


def _restrict(judgements: Judgements, lists: np.ndarray, movies: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Hits [users, depth] and relevant movies [users] if only ``movies`` [movies] bool can be relevant."""
    user, movie = judgements.relevant.nonzero()
    user, movie = user[movies[movie]], movie[movies[movie]]
    hits = membership(user, movie, lists, width=len(movies))
    return hits, np.bincount(user, minlength=len(lists))


def _averages(per_user: dict[str, np.ndarray], users: np.ndarray, relevant: np.ndarray) -> dict[str, float]:
    """Means over some users [users] bool, and how much they rest on."""
    means = {name: float(values[users].mean()) for name, values in per_user.items()}
    return {**means, "users": int(users.sum()), "interactions": int(relevant[users].sum())}
