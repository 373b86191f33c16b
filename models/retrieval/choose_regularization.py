"""How much the closed-form part is regularized: sparse data want more, which validation tells in seconds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tfrs_lab.data import Interactions
from tfrs_lab.evaluation.monitor import Monitor
from tfrs_lab.models.closed_form.linear import LinearConfig, linear_tables
from tfrs_lab.models.retrieval.query_tower import Bag, QueryTower
from tfrs_lab.models.retrieval.recommender import FactorRecommender

FACTORS = (1 / 4, 1 / 2, 2.0, 4.0, 8.0)
"""What the configured value is multiplied by."""
ERRORS = 2.0
"""Another value must be better by so many standard errors of the difference: the best of several always looks good."""
MOVIES = 2_000
"""Values are compared on the most rated movies, where a fit takes a second: the value that is best hardly depends on
how many take part."""


def choose_regularization(config: LinearConfig, rows: Interactions, monitor: Monitor, seed: int) -> LinearConfig:
    """The configuration with the regularization that is reliably best on validation, else as it is.

    Args:
        config: See there.
        rows: Train rows.
        monitor: Scores each user of validation.
        seed: Of the decomposition.
    """
    popularity = rows.movie_counts.astype(np.float32)

    def scores(regularization: float) -> np.ndarray:
        few = replace(config, regularization=regularization, max_movies=min(MOVIES, config.max_movies))
        table, candidates = linear_tables(few, rows, seed)
        queries, tower = rows.matrix @ table, QueryTower.of(Bag(table))
        return monitor.per_user(FactorRecommender(rows.users, rows.movies, queries, candidates, popularity, tower))

    before = scores(config.regularization)
    best, gained = config.regularization, 0.0
    for factor in FACTORS:
        value = config.regularization * factor
        gains = scores(value) - before
        error = gains.std() / np.sqrt(len(gains))
        if gains.mean() > max(gained, ERRORS * error):
            best, gained = value, float(gains.mean())
    return replace(config, regularization=best)
