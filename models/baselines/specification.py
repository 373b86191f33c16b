"""The specifications of the baselines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tfrs_lab.data import Dataset, Interactions, Vocabulary
from tfrs_lab.data.features import movie_features
from tfrs_lab.evaluation.monitor import Monitor
from tfrs_lab.models.baselines import BASELINES, Baseline, MovieTable
from tfrs_lab.models.baselines.ease import expected_bytes
from tfrs_lab.models.baselines.tuning import Choice, tune
from tfrs_lab.models.config_fields import brief
from tfrs_lab.models.memory import Estimate, of_item_item
from tfrs_lab.models.specification import FitContext, Specification, Trained


def _specification(
    name: str, summary: str, *, personal: bool = True, by_time: bool = False, memory: Estimate | None = None
) -> Specification:
    """The specification that fits ``BASELINES[name]``; what its configuration leaves open is chosen on validation."""
    baseline = BASELINES[name]

    def fit(config: Any, rows: Interactions, context: FitContext) -> Trained:
        table = _table(rows, context.dataset) if baseline.by_content and context.dataset is not None else None
        if context.plan is None and context.monitor is not None and context.tune_baselines and baseline.open(config):
            return _tuned(name, baseline, config, rows, context.monitor, context, table)
        chosen = (context.plan or {}).get("chosen", {})
        model = baseline.fit(rows, replace(config, **chosen), seed=context.seed, table=table)
        return Trained(model, notes=model.notes)

    return Specification(
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
    """The baseline with the numbers that are best on validation; a note says which they are."""
    choice = tune(baseline, rows, config, monitor, seed=context.seed, table=table)
    said = _said(choice, {field: getattr(config, field) for field in baseline.ranges if field not in choice.values})
    return Trained(
        choice.model, plan={"chosen": choice.values, "tried": choice.tried}, notes=(said, *choice.model.notes)
    )


def _said(choice: Choice, given: Mapping[str, Any]) -> str:
    """What was chosen, on one line, and what was given and so kept."""
    reason = f"; {choice.note}" if choice.note else ""
    kept = f"; given: {brief(given)}" if given else ""
    return f"chosen on validation: {brief(choice.values)} ({len(choice.tried)} settings tried{reason}){kept}"


def _table(rows: Interactions, dataset: Dataset) -> MovieTable:
    """All movies of the dataset, rated or not."""
    movies = Vocabulary.from_ids([*dataset.movies["movie_id"], *rows.movies.ids])
    return MovieTable(movies, movie_features(dataset.movies, movies))


SPECIFICATIONS = {
    found.name: found
    for found in (
        _specification("popularity", "the movies that most users rated, the same for everybody", personal=False),
        _specification("recency", "popularity with a half-life: what is popular now", personal=False, by_time=True),
        _specification("random", "random order: what no information is worth"),
        _specification("itemknn", "movies similar to the user's own (cosine of co-ratings)"),
        _specification(
            "ease",
            "linear item-item model in closed form (Steck, WWW 2019)",
            memory=lambda config, sizes: expected_bytes(config, sizes.users, sizes.movies),
        ),
        _specification("ials", "matrix factorisation for implicit feedback (Hu et al., ICDM 2008)"),
        _specification(
            "contentknn",
            "movies whose genres and release dates are like those of the movies a user rated",
            memory=of_item_item,
        ),
        _specification("userridge", "ridge regression of each user's movies on genres and release dates"),
        _specification("ialsridge", "iALS, vectors of new movies regressed on features (Gantner et al., ICDM 2010)"),
        _specification("lightfm", "a movie's vector is the sum of its features' vectors (Kula, 2015)"),
    )
}
