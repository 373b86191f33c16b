"""Makes an experiment of a baseline of the evaluation room."""

from __future__ import annotations

from typing import Any

from data import Dataset, Interactions, Vocabulary
from data.features import movie_features
from evaluation import BASELINES
from evaluation.baselines import MovieTable
from experiments.experiment import Experiment, FitContext, Trained


def baseline_experiment(name: str, summary: str, *, personal: bool = True, by_time: bool = False) -> Experiment:
    """The experiment that fits ``BASELINES[name]``."""
    baseline = BASELINES[name]

    def fit(config: Any, rows: Interactions, context: FitContext) -> Trained:
        table = _table(rows, context.dataset) if baseline.by_content and context.dataset is not None else None
        return Trained(baseline.fit(rows, config, seed=context.seed, table=table))

    return Experiment(
        name=name,
        summary=summary,
        config=baseline.config,
        fit=fit,
        load=baseline.restore,
        personal=personal,
        by_content=baseline.by_content,
        by_time=by_time,
    )


def _table(rows: Interactions, dataset: Dataset) -> MovieTable:
    """All movies of the dataset, also those that nobody rated."""
    movies = Vocabulary.from_ids([*dataset.movies["movie_id"], *rows.movies.ids])
    return MovieTable(movies, movie_features(dataset.movies, movies))
