"""Fits the hybrid by id dropout: a pair of towers, and vectors of movies that it never saw from their features."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tfrs_lab.data import DataError, Interactions, Vocabulary
from tfrs_lab.models.backend import tf
from tfrs_lab.models.id_dropout.config import IdDropoutConfig
from tfrs_lab.models.retrieval.fit_part import as_recommender, fit_part
from tfrs_lab.models.retrieval.left_out import LEAST_EPOCHS, minutes_per_epoch
from tfrs_lab.models.retrieval.query_tower import QueryTower
from tfrs_lab.models.retrieval.recommender import FactorRecommender
from tfrs_lab.models.specification import FitContext, Trained
from tfrs_lab.models.training.data import TrainingData


def fit_iddropout(config: IdDropoutConfig, rows: Interactions, context: FitContext) -> Trained:
    """Trains the pair, with early stopping where there is a monitor.

    Raises:
        DataError: There is no time for it.
        ValueError: Movies have no features.
        FloatingPointError: The loss became NaN or infinite.
    """
    dataset = context.dataset
    movies = Vocabulary.from_ids([*rows.movies.ids, *(dataset.movies["movie_id"] if dataset else ())])
    user_features, features = context.features(rows.users, movies)
    data = TrainingData(rows, user_features, features[movies.encode(rows.movies.ids)])

    def recommender(model: Any, data: TrainingData) -> FactorRecommender:
        return with_unrated(model, as_recommender(model, data), movies, features)

    plan = context.plan or {}
    epochs, most = plan.get("epochs"), plan.get("most_epochs") or _affordable(config, rows, context)
    pair = replace(config.pair, epochs=most)  # what the learning rate goes by
    fitted = fit_part("history", pair, data, epochs, context, recommender)
    rated = replace(as_recommender(fitted.model, data), tower=fitted.vectors(rows).tower)
    chosen = {"epochs": fitted.epochs, "most_epochs": most}
    return Trained(with_unrated(fitted.model, rated, movies, features), plan=chosen, history=fitted.history)


def _affordable(config: IdDropoutConfig, rows: Interactions, context: FitContext) -> int:
    """As many epochs as fit into the budget."""
    asked, minutes = config.pair.epochs, minutes_per_epoch(rows)
    epochs = min(asked, int(config.budget / minutes))
    if epochs < min(asked, LEAST_EPOCHS):
        raise DataError(
            f"{LEAST_EPOCHS} epochs over {len(rows.users):,} users and {len(rows.movies):,} movies would take about "
            f"{LEAST_EPOCHS * minutes:,.0f} minutes; --iddropout.budget MINUTES allows it"
        )
    if epochs < asked:
        context.notice(f"iddropout: {epochs} of {asked} epochs fit into {config.budget:g} minutes")
    return epochs


def with_unrated(model: Any, rated: FactorRecommender, movies: Vocabulary, features: np.ndarray) -> FactorRecommender:
    """The recommender with all movies; those without ratings have their features alone.

    Args:
        model: The pair.
        rated: It as a recommender of the movies that were rated.
        movies: All movies.
        features: [movies, features] float32.
    """
    tower = model.candidate_tower
    alone = tower.parts[1].projection(features)
    candidates = (tf.math.l2_normalize(alone, axis=-1) if tower.normalize else alone).numpy()
    popularity = np.zeros(len(movies), np.float32)
    place = movies.encode(rated.movies.ids)
    candidates[place], popularity[place] = rated.candidates, rated.popularity
    over_all = _over_all(rated.tower, place, candidates)
    return replace(rated, movies=movies, candidates=candidates, popularity=popularity, tower=over_all)


def _over_all(tower: QueryTower, place: np.ndarray, candidates: np.ndarray) -> QueryTower:
    """The tower over all movies: in a history, those without ratings are what their candidates make of them.

    Args:
        tower: Over the movies that were rated.
        place: Of these among all.
        candidates: [movies, dim].
    """
    bags = []
    for bag in tower.bags:
        scale = (bag.table * candidates[place]).sum() / max((candidates[place] ** 2).sum(), 1e-12)
        table = np.float32(scale) * candidates
        table[place] = bag.table
        bags.append(replace(bag, table=table))
    return replace(tower, bags=tuple(bags))
