"""From a user's own ratings to a model that has learned from all of them, without a run."""

from __future__ import annotations

import tempfile
from pathlib import Path

from data import Dataset, Split, with_validation
from experiments.fitting import fit_on_split
from experiments.options import DataOptions
from experiments.parts import load_source
from experiments.recommend import StoredModel
from experiments.registry import experiment
from experiments.reporter import Reporter


def fitted_on_all(options: DataOptions, name: str, reporter: Reporter) -> StoredModel:
    """Fits an experiment's model on every rating; no rating is left to test it with.

    What is chosen on validation, such as the number of epochs, is chosen on rows that are held out of a first fit and
    learned from in the second. Where there is nothing to hold out, the defaults are taken.

    Args:
        options: Which ratings.
        name: The experiment.
        reporter: Is told what is going on.

    Raises:
        DataError: The files are missing or malformed.
    """
    dataset = load_source(options, reporter).dataset
    chosen, parts = experiment(name), _all_to_learn_from(dataset)
    with tempfile.TemporaryDirectory() as directory:
        fits = fit_on_split(
            chosen,
            chosen.config(),
            parts,
            seed=0,
            threshold=None,
            directory=Path(directory),
            reporter=reporter,
            dataset=dataset,
            tested=False,
        )
    reporter.line(f"{name}: fitted in {fits.seconds:.1f} s")
    if parts.validation.is_empty() and fits.chosen.plan is not None:
        reporter.line(f"{name}: too few ratings to hold some out and choose settings by them; the defaults are taken")
    return StoredModel(
        name=name,
        recommender=fits.final.recommender,
        titles=dict(dataset.movies.select("movie_id", "movie_title").iter_rows()),
        known=dataset.ratings,
        test=dataset.ratings.clear(),
        movies=dataset.movies,
    )


def _all_to_learn_from(dataset: Dataset) -> Split:
    """All ratings in train and validation, which asks for each user's latest; empty where nobody has two to tell."""
    kind = "temporal-user" if dataset.has_timestamps else "random"
    whole = Split("files", dataset.ratings, dataset.ratings.clear(), dataset.ratings, test_cut=kind)
    held_out = with_validation(whole, dataset, kind=kind)
    return held_out if held_out.validation_asks == kind else whole
