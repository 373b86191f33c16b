"""How many candidates are ranked and what the ranker counts: chosen on validation, and what each stage gains there."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from tfrs_lab.evaluation.monitor import Monitor
from tfrs_lab.models.cascade.config import CascadeConfig
from tfrs_lab.models.cascade.recommender import CascadeRecommender

ALONE = 1e6
"""A weight beside which the retriever's scores do not count."""


def choose_mixture(
    config: CascadeConfig, model: CascadeRecommender, movie_biases: np.ndarray, monitor: Monitor
) -> tuple[CascadeRecommender, dict[str, Any]]:
    """The model with the depth and weight that are best on validation; with weight 0 if they are not reliably better.

    The best mixture has the highest mean gain less its standard error: one of many that only seems good is more likely
    to have a large error. It must gain ``config.least_gain`` and ``config.least_errors`` errors. ``model`` has lists of
    the greatest depth; ``movie_biases`` [movies] order them by predicted rating, for comparison.

    Returns:
        The model, and its stages in plain JSON types: nDCG@10 of each with the paired gain over retrieval alone, and
        the share of the relevant movies that is among the candidates, which is the most that a ranker can reach.
    """
    base = monitor.per_user(model.mixed(max(config.depths), 0.0))

    def compared(model: CascadeRecommender) -> dict[str, float]:
        gain = monitor.per_user(model) - base
        return {
            "ndcg@10": float((base + gain).mean()),
            "gain": float(gain.mean()),
            "standard_error": float(gain.std() / len(gain) ** 0.5),
        }

    curve = [
        {"depth": depth, "weight": weight, **compared(model.mixed(depth, weight))}
        for depth, weight in product(config.depths, config.weights)
    ]
    best = max(curve, key=lambda point: point["gain"] - point["standard_error"])
    least = max(config.least_gain * float(base.mean()), config.least_errors * best["standard_error"])
    depth, weight = int(best["depth"]), float(best["weight"])
    by_rating = replace(
        model, ranks=np.where(model.candidates >= 0, movie_biases[model.candidates], 0).astype(np.float32)
    )
    stages = {
        "retrieval": {"ndcg@10": float(base.mean())},
        "ranker mixed in": best,
        "ranker alone": {"depth": depth, **compared(model.mixed(depth, ALONE))},
        "by predicted rating": {"depth": depth, **compared(by_rating.mixed(depth, ALONE))},
        "candidates": {f"recall@{depth}": _recall(model, depth, monitor) for depth in config.depths},
        "mixtures": curve,
    }
    enters = best["gain"] > 0 and best["gain"] >= least
    return model.mixed(depth, weight if enters else 0.0), stages


def _recall(model: CascadeRecommender, depth: int, monitor: Monitor) -> float:
    """Mean share of known users' relevant movies that are among their first candidates."""
    relevant = monitor.validation
    if monitor.threshold is not None:
        relevant = relevant.filter(relevant["user_rating"] >= monitor.threshold)
    user, movie = model.users.encode(relevant["user_id"]), model.movies.encode(relevant["movie_id"])
    user, movie = user[user >= 0], movie[user >= 0]
    found = (model.candidates[user, :depth] == movie[:, None]) & (movie >= 0)[:, None]
    counts = np.bincount(user, minlength=len(model.users))
    hits = np.bincount(user, weights=found.any(axis=1), minlength=len(model.users))
    return float((hits[counts > 0] / counts[counts > 0]).mean()) if len(user) else 0.0
