"""Makes an experiment of a baseline of the evaluation room."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from data import Dataset, Interactions, Vocabulary
from data.features import movie_features
from evaluation import BASELINES, Baseline
from evaluation.baselines import MovieTable
from evaluation.baselines.tuning import Choice, tune
from evaluation.monitor import Monitor
from experiments.experiment import Experiment, FitContext, Trained
from experiments.memory import Estimate
from experiments.overrides import brief


def baseline_experiment(
    name: str, summary: str, *, personal: bool = True, by_time: bool = False, memory: Estimate | None = None
) -> Experiment:
    """The experiment that fits ``BASELINES[name]``; what its configuration leaves open is chosen on validation."""
    baseline = BASELINES[name]

    def fit(config: Any, rows: Interactions, context: FitContext) -> Trained:
        table = _table(rows, context.dataset) if baseline.by_content and context.dataset is not None else None
        if context.plan is None and context.monitor is not None and context.tune_baselines and baseline.open(config):
            return _tuned(name, baseline, config, rows, context.monitor, context, table)
        chosen = (context.plan or {}).get("chosen", {})
        model = baseline.fit(rows, replace(config, **chosen), seed=context.seed, table=table)
        return Trained(model, notes=model.notes)

    return Experiment(
        name=name,
        summary=summary,
        config=baseline.config,
        fit=fit,
        load=baseline.restore,
        personal=personal,
        by_content=baseline.by_content,
        by_time=by_time,
        settled=baseline.settled,
        memory=memory,
    )


def _tuned(
    name: str,
    baseline: Baseline,
    config: Any,
    rows: Interactions,
    monitor: Monitor,
    context: FitContext,
    table: MovieTable | None,
) -> Trained:
    """The baseline with the numbers that are best on validation; says which they are."""
    started = time.perf_counter()
    choice = tune(baseline, rows, config, monitor, seed=context.seed, table=table)
    said = _said(choice, {field: getattr(config, field) for field in baseline.ranges if field not in choice.values})
    context.reporter.line(f"{name}: {said} in {time.perf_counter() - started:.1f} s")
    return Trained(
        choice.model, plan={"chosen": choice.values, "tried": choice.tried}, notes=(said, *choice.model.notes)
    )


def _said(choice: Choice, given: Mapping[str, Any]) -> str:
    """What was chosen, on one line, and what was given and so kept."""
    reason = f"; {choice.note}" if choice.note else ""
    kept = f"; given: {brief(given)}" if given else ""
    return f"chosen on validation: {brief(choice.values)} ({len(choice.tried)} settings tried{reason}){kept}"


def _table(rows: Interactions, dataset: Dataset) -> MovieTable:
    """All movies of the dataset, also those that nobody rated."""
    movies = Vocabulary.from_ids([*dataset.movies["movie_id"], *rows.movies.ids])
    return MovieTable(movies, movie_features(dataset.movies, movies))
