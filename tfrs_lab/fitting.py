"""Fits an experiment in one line."""

from __future__ import annotations

from typing import Any

import polars as pl

from tfrs_lab.data import DataError, Split
from tfrs_lab.experiments.runs.fit_on_split import fit_in_memory
from tfrs_lab.model import Model
from tfrs_lab.models.config_fields import with_values
from tfrs_lab.models.registry import NAMES, specification
from tfrs_lab.models.specification import Specification
from tfrs_lab.models.training.reporter import reporter_here
from tfrs_lab.recommenders import dataset_of


def fit(
    experiment: Any, split: Split, *, seed: int = 0, tune_baselines: bool = True, tested: bool = True, **options: Any
) -> Model:
    """Fits twice: on train, to choose on validation what is left open, and as chosen on train and validation together.

    Args:
        experiment: A name, "retrieval", "ease", ..., or a configuration: ``RetrievalConfig(dimension=64)``.
        split: From ``tl.split``.
        seed: Seed of everything random.
        tune_baselines: Whether a baseline chooses on validation what the options leave open.
        tested: Whether the test rows will be predicted, so that they must not be among those that are learned from.
        **options: Fields of the configuration: ``dimension=64``; inside another, ``in_batch={"epochs": 5}``.

    Raises:
        ValueError: There is no such experiment or option, or a value is not allowed.
        DataError: The data lack what the model needs, or what would make its numbers wrong was found.
        FloatingPointError: The training diverged or collapsed.
    """
    chosen, config = _asked(experiment)
    config = with_values(config, options)
    if chosen.by_content and (split.dataset is None or not split.dataset.has_movie_features):
        raise DataError(
            f"{chosen.name}: expected what is known of the movies (genres, years, titles), got none: pass movies= to "
            "tl.read or tl.from_frames, and split that"
        )
    reporter = reporter_here()
    fits = fit_in_memory(
        chosen, config, split, seed=seed, tune_baselines=tune_baselines, tested=tested, reporter=reporter
    )
    reporter.line(f"{chosen.name}: fitted in {fits.seconds:.1f} s")
    history = pl.DataFrame(fits.chosen.history, infer_schema_length=None)
    return Model(
        chosen.name, fits.final.recommender, config, history, split, dataset_of(split), chosen, fits, seed=seed
    )


def _asked(experiment: Any) -> tuple[Specification, Any]:
    """The experiment that a name or a configuration means, and its configuration."""
    if isinstance(experiment, str):
        found = specification(experiment)
        return found, found.config()
    for name in NAMES:
        if type(experiment) is specification(name).config:
            return specification(name), experiment
    raise ValueError(f"expected a name ({', '.join(NAMES)}) or a configuration, got a {type(experiment).__name__}")
