"""Trains one part of the retrieval model."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfrs_lab.data import Interactions
from tfrs_lab.data.storage import write_arrays
from tfrs_lab.models.backend import tf
from tfrs_lab.models.multitask.model import build_joint
from tfrs_lab.models.retrieval.combine import Part
from tfrs_lab.models.retrieval.part_towers import tower_of
from tfrs_lab.models.retrieval.query_tower import QueryTower
from tfrs_lab.models.retrieval.recommender import FactorRecommender
from tfrs_lab.models.retrieval.ridge import ridge_tower
from tfrs_lab.models.sequential.model import build_sequence
from tfrs_lab.models.specification import WEIGHTS, FitContext
from tfrs_lab.models.training.data import TrainingData
from tfrs_lab.models.training.loop import Schedule, compile_model, fit_keras
from tfrs_lab.models.training.warm_start import weights_of
from tfrs_lab.models.two_tower.model import build_pair

CONTINUED_PATIENCE = 5
"""A warm-started training begins near its best: it stops after so many epochs without a better score."""

Builder = Callable[[Any, TrainingData, int], Any]
BUILDERS: dict[str, Builder] = {
    "in_batch": build_pair,
    "id": build_pair,
    "history": build_pair,
    "reconstruction": build_pair,
    "joint": build_joint,
    "sequence": lambda config, data, seed: build_sequence(config, data.rows, seed),
}


@dataclass(frozen=True)
class FittedPart:
    """A trained part: the model, how many epochs it took, and its learning curve."""

    model: Any
    epochs: int
    history: list[dict[str, Any]]

    def vectors(self, rows: Interactions) -> Part:
        """Its vectors, and its own way from histories to queries or one that is regressed on those in train rows."""
        queries, candidates = self.model.vectors()
        return Part(queries, candidates, tower_of(self.model) or ridge_tower(rows.matrix, queries, candidates))


def as_recommender(model: Any, data: TrainingData) -> FactorRecommender:
    """A trained pair as it stands."""
    queries, candidates = model.vectors()
    popularity = data.rows.movie_counts.astype(np.float32)
    tower = tower_of(model) or QueryTower.mean_of(candidates)
    return FactorRecommender(data.rows.users, data.rows.movies, queries, candidates, popularity, tower)


def fit_part(
    name: str,
    config: Any,
    data: TrainingData,
    epochs: int | None,
    context: FitContext,
    recommender: Callable[[Any, TrainingData], FactorRecommender] = as_recommender,
) -> FittedPart:
    """Trains one part, for ``epochs`` or until validation no longer improves.

    Args:
        name: A key of ``BUILDERS``.
        config: The part's.
        data: What it is trained on.
        epochs: How many; None to let validation decide.
        context: Of the fit.
        recommender: From the model as it stands to what validation scores.
    """
    seed, cluster = context.seed, context.cluster
    tf.keras.utils.set_random_seed(seed)
    with nullcontext() if cluster is None else cluster.strategy.scope():
        model = BUILDERS[name](config, data, seed)
        if context.start is not None:
            context.start.hand_over(name, model, data.rows)
        compile_model(model)
    score = _score(context, lambda: recommender(model, data)) if epochs is None else None
    if cluster is not None:
        cluster.files_from_chief(context.checkpoints / name)
    patience = config.patience if context.start is None else min(config.patience, CONTINUED_PATIENCE)
    best, history = fit_keras(
        model,
        Schedule(epochs or config.epochs, patience),
        seed=seed,
        checkpoints=context.checkpoints / name,
        tensorboard=context.tensorboard / name,
        reporter=context.reporter,
        label=name,
        score=score,
    )
    if context.monitor is None and hasattr(model, "tables"):
        write_arrays(context.checkpoints / name / WEIGHTS, weights_of(model, data.rows))
    rows = [{"part": name, "epoch": number, **row} for number, row in enumerate(history, start=1)]
    return FittedPart(model, best, rows)


def _score(context: FitContext, recommender: Callable[[], FactorRecommender]) -> Callable[[], float] | None:
    """Validation score of the model as it stands, if it has one; where several train, the chief computes it."""
    monitor, cluster = context.monitor, context.cluster
    if monitor is None:
        return None
    if cluster is None:
        return lambda: monitor(recommender())
    return lambda: cluster.object_from_chief(monitor(recommender()) if cluster.is_chief else None)
