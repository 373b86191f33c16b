"""From a user's own ratings to a model that has learned from all of them, without a run."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from tfrs_lab.data import Dataset, Split, held_out
from tfrs_lab.experiments.command_line.options import DataOptions
from tfrs_lab.experiments.runs.fit_on_split import fit_in_memory
from tfrs_lab.experiments.runs.guards import check_model
from tfrs_lab.experiments.runs.replicates import load_source
from tfrs_lab.experiments.storage.stored_model import StoredModel
from tfrs_lab.models.registry import specification
from tfrs_lab.models.specification import FitContext
from tfrs_lab.models.training.reporter import Reporter


def fitted_on_all(options: DataOptions, name: str, reporter: Reporter) -> StoredModel:
    """Fits an experiment's model on every rating; no rating is left to test it with.

    What is chosen on validation, such as the number of epochs, is chosen on rows that are held out of a first fit and
    learned from in the second. Where there is nothing to hold out, the defaults are taken.
    """
    dataset = load_source(options, reporter).dataset
    held, kind = held_out(dataset.ratings, "temporal-user" if dataset.has_timestamps else "random")
    if held.any():
        rest, held_rows = dataset.ratings.filter(~held), dataset.ratings.filter(held)
        split, chosen = Split(kind, rest, held_rows, held_rows, dataset=dataset), specification(name)
        fits = fit_in_memory(chosen, chosen.config(), split, reporter=reporter, tested=False)
        reporter.line(f"{name}: fitted in {fits.seconds:.1f} s")
        recommender = fits.final.recommender
    else:
        recommender = _as_it_is(name, dataset, reporter)
    return StoredModel(
        name=name,
        recommender=recommender,
        titles=dict(dataset.movies.select("movie_id", "movie_title").iter_rows()),
        known=dataset.ratings,
        test=dataset.ratings.clear(),
        movies=dataset.movies,
    )


def _as_it_is(name: str, dataset: Dataset, reporter: Reporter) -> Any:
    """The recommender fitted with nothing to choose by."""
    chosen = specification(name)
    with tempfile.TemporaryDirectory() as directory:
        context = FitContext(0, Path(directory), Path(directory) / "logs", reporter, dataset=dataset)
        trained = chosen.fit(chosen.config(), dataset.encoded, context)
    check_model(chosen, trained, dataset.encoded, reporter)
    if trained.plan is not None:
        reporter.line(f"{name}: too few ratings to hold some out and choose settings by them; the defaults are taken")
    return trained.recommender
