"""What diverse lists cost: the accuracy-diversity curve of an export."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from tfrs_lab.data.sampling import drawn
from tfrs_lab.evaluation import score_topk
from tfrs_lab.experiments.storage.stored_model import StoredModel
from tfrs_lab.serving.backend import tf
from tfrs_lab.serving.diversity import alike
from tfrs_lab.serving.module import RecommenderModule
from tfrs_lab.serving.servable import Servable

DIVERSITY_LEVELS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9)
USERS = 256
K = 10


def diversity_curve(module: RecommenderModule, servable: Servable, model: StoredModel) -> list[dict[str, float]]:
    """How good and how diverse lists of ten are, for some of the run's test users.

    Nothing is chosen by it: it shows what diversity costs.

    Returns:
        For each of ``DIVERSITY_LEVELS``: ``diversity``, the level; ``ndcg@10`` on the test rows; ``unlikeness@10``, the
        mean of 1 - likeness over pairs of a list; ``coverage@10``, the share of movies in any list. Empty without
        test users whom the model knows.
    """
    users = model.test["user_id"].unique().sort()
    users = users.filter(users.is_in(servable.user_ids.tolist()))
    users = users[drawn(len(users), USERS, seed=0)]
    truth = model.test.filter(pl.col("user_id").is_in(users.implode()))
    if truth.is_empty() or len(servable.rows) < 2:
        return []
    seen = model.known.filter(pl.col("user_id").is_in(users.implode()))
    return [_point(module, servable, users.to_list(), truth, seen, level) for level in DIVERSITY_LEVELS]


def _point(
    module: RecommenderModule,
    servable: Servable,
    users: list[str],
    truth: pl.DataFrame,
    seen: pl.DataFrame,
    level: float,
) -> dict[str, float]:
    """The curve at one level."""
    answer = _lists(module, users, level)
    movies = np.char.decode(answer["movie_id"].numpy().astype(bytes), "utf-8")
    lists = pl.DataFrame(
        {
            "user_id": np.repeat(users, K).tolist(),
            "movie_id": movies.ravel().tolist(),
            "rank": np.tile(np.arange(1, K + 1), len(users)),
        }
    ).filter(pl.col("movie_id") != "")
    metrics = score_topk(lists, truth, seen, ks=(K,), bootstrap=0).metrics
    rows = module.movies.rows(answer["movie_id"])
    shown = np.unique(movies[movies != ""])
    return {
        "diversity": level,
        f"ndcg@{K}": metrics[f"ndcg@{K}"],
        f"unlikeness@{K}": _unlikeness(module, rows),
        f"coverage@{K}": len(shown) / len(servable.rows),
    }


def _lists(module: RecommenderModule, users: list[str], level: float) -> Any:
    nothing = tf.fill([len(users), 1], "")
    anytime = tf.zeros([len(users)], tf.int32)
    asked = (tf.constant(users), nothing, nothing, anytime, anytime)
    return module.recommend_filtered(*asked, tf.constant(level), tf.constant(False), tf.constant(K))


def _unlikeness(module: RecommenderModule, rows: tf.Tensor) -> float:
    """Mean of 1 - likeness over all pairs of different places of lists [users, K], padded with -1."""
    safe, real = tf.maximum(rows, 0), rows.numpy() >= 0
    total, pairs = 0.0, 0
    for place in range(1, rows.shape[1]):
        both = real[:, :place] & real[:, place : place + 1]
        near = alike(module.blocks, safe[:, place], safe[:, :place]).numpy()
        total, pairs = total + float((1 - near)[both].sum()), pairs + int(both.sum())
    return total / max(pairs, 1)
