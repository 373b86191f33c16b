"""Evaluates any model by the one protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tfrs_lab.data import Split, evaluation_task
from tfrs_lab.evaluation import Evaluation
from tfrs_lab.evaluation import evaluate as evaluate_on_rows
from tfrs_lab.experiments.runs.run import with_ratings
from tfrs_lab.model import Model
from tfrs_lab.recommenders import as_recommender


def evaluate(
    model: Any,
    split: Split | None = None,
    *,
    ks: Sequence[int] = (5, 10, 20),
    threshold: float | None = None,
    seed: int = 0,
) -> Evaluation:
    """Ranks all movies for every test user, without those that are known, and compares with what they went on to rate.

    Args:
        model: From ``fit``, ``open``, ``from_towers`` or ``from_tfrs``, or anything with ``users``, ``movies`` (ids in
            order) and ``score(users)`` → [batch, movies].
        split: Its test part is ranked; None: the one that the model was fitted on.
        ks: Cut-offs of the metrics.
        threshold: Least rating of a relevant test row; None: all are.
        seed: Of the bootstrap intervals.

    Raises:
        ValueError: It is no model, or a split is missing.
    """
    recommender = as_recommender(model)
    if split is None:
        if not isinstance(model, Model):
            raise ValueError(f"expected a split to evaluate a {type(model).__name__} on, got none")
        split = model.split
    asked = evaluation_task(split.asks, split.train_and_validation, split.test)
    found = evaluate_on_rows(
        recommender,
        asked.rows,
        seen=asked.seen,
        candidates=asked.candidates,
        ks=ks,
        threshold=threshold,
        seed=seed,
    )
    return with_ratings(found, recommender, split.test, seed)[0]
