"""Fits the retrieval model: its parts one by one, then their weights and the common vectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tfrs_lab.data import DataError, Interactions
from tfrs_lab.data.storage import write_arrays
from tfrs_lab.models.backend import tf
from tfrs_lab.models.closed_form.linear import linear_tables
from tfrs_lab.models.closed_form.recency import fit_recency_part
from tfrs_lab.models.config_fields import brief
from tfrs_lab.models.multitask.model import build_joint
from tfrs_lab.models.retrieval.blend import Blend, choose_blend
from tfrs_lab.models.retrieval.choose_regularization import choose_regularization
from tfrs_lab.models.retrieval.combine import PartSum, Vectors
from tfrs_lab.models.retrieval.config import RetrievalConfig
from tfrs_lab.models.retrieval.left_out import left_out, nothing_to_learn, too_long
from tfrs_lab.models.retrieval.part_towers import tower_of
from tfrs_lab.models.retrieval.query_tower import Bag, QueryTower
from tfrs_lab.models.retrieval.recommender import FactorRecommender
from tfrs_lab.models.retrieval.ridge import ridge_tower
from tfrs_lab.models.sequential.model import build_sequence
from tfrs_lab.models.specification import WEIGHTS, FitContext, Trained
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
    """A trained part: the model and its vectors, how many epochs it took, and its learning curve."""

    model: Any
    vectors: Vectors
    epochs: int
    history: list[dict[str, Any]]

    def tower(self, rows: Interactions) -> QueryTower:
        """Its own, if it has one from histories to queries, or one that is regressed on the histories in train rows."""
        return tower_of(self.model) or ridge_tower(rows.matrix, *self.vectors)


def fit_retrieval(config: RetrievalConfig, rows: Interactions, context: FitContext) -> Trained:
    """Trains every part and combines them.

    With a monitor each part stops when validation nDCG@10 no longer improves, and the blend is chosen on validation;
    with a plan from such a fit, each part is trained as long as the plan says, and they are blended so.

    Raises:
        DataError: All parts would take longer than ``config.max_hours``.
        FloatingPointError: A loss became NaN or infinite.
    """
    return join_parts(config, fit_parts(config, rows, context), rows, context)


def fit_parts(config: RetrievalConfig, rows: Interactions, context: FitContext) -> dict[str, FittedPart]:
    """Trains the parts that have something to train, one after the other; name → part."""
    words = config.joint.rating.title_words if "joint" in config.parts else 0
    data = TrainingData(rows, *context.features(rows.users, rows.movies, words=words))
    for text in left_out(config, data):
        context.notice(text)
    plan = context.plan or {}
    long = {} if plan else too_long(config, rows)  # what the first fit could afford, the final one can
    if long and set(config.parts) <= {*long, "recency"}:
        raise DataError(
            f"{', '.join(long)}: expected training to take at most {config.max_hours:g} hours, got an estimate of "
            f"{max(long.values()):.0f}; --retrieval.parts linear in_batch takes less, --retrieval.max-hours allows it"
        )
    pointless = nothing_to_learn(config, rows)
    if set(config.parts) <= {*long, *pointless, "recency"}:
        raise DataError("; ".join(f"{name}: {why}" for name, why in pointless.items()))
    out = {*long, *pointless}
    wanted = plan.get("weights", {name: float(name not in out) for name in config.parts})
    return {
        name: fit_part(name, getattr(config, name), data, plan.get("epochs", {}).get(name), context)
        for name in config.parts
        if name in BUILDERS and wanted.get(name)
    }


def join_parts(
    config: RetrievalConfig, fitted: Mapping[str, FittedPart], rows: Interactions, context: FitContext
) -> Trained:
    """Trained parts and those in closed form as one recommender, in a blend that the plan tells or validation."""
    plan = context.plan or {}
    vectors: dict[str, Vectors] = {name: part.vectors for name, part in fitted.items()}
    towers = {name: part.tower(rows) for name, part in fitted.items()}
    linear = config.linear
    if "linear" in config.parts:
        if context.monitor is not None and not plan:
            linear = choose_regularization(linear, rows, context.monitor, context.seed)
        linear = replace(linear, regularization=plan.get("regularization", linear.regularization))
        table, candidates = linear_tables(linear, rows, context.seed)
        vectors["linear"], towers["linear"] = (rows.matrix @ table, candidates), QueryTower.of(Bag(table))
    recency = fit_recency_part(config.recency, rows, context.seed) if "recency" in config.parts else None
    together = PartSum.of(vectors, towers)
    blend = Blend.from_plan(plan) if plan else choose_blend(together, recency, rows, config.dimension, context.monitor)
    if not plan and len(config.parts) > 1:
        regularized = {} if linear == config.linear else {"regularization": linear.regularization}
        context.reporter.line(f"blend: {brief({**blend.weights, 'dimension': blend.dimension, **regularized})}")
    epochs = {name: part.epochs for name, part in fitted.items()}
    chosen = {"epochs": epochs, "regularization": linear.regularization, **blend.to_plan()}
    history = [row for part in fitted.values() for row in part.history]
    recommender = blend.recommender(together, recency, rows)
    return Trained(replace(recommender, tower=recommender.tower.folded()), plan=chosen, history=history)


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
    return FittedPart(model, model.vectors(), best, rows)


def _score(context: FitContext, recommender: Callable[[], FactorRecommender]) -> Callable[[], float] | None:
    """Validation score of the model as it stands, if it has one; where several train, the chief computes it."""
    monitor, cluster = context.monitor, context.cluster
    if monitor is None:
        return None
    if cluster is None:
        return lambda: monitor(recommender())
    return lambda: cluster.object_from_chief(monitor(recommender()) if cluster.is_chief else None)
