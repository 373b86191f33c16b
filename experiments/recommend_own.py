"""From a user's own ratings to a model that has learned from all of them, without a run."""

from __future__ import annotations

from data import Split
from experiments.fitting import fit
from experiments.options import DataOptions
from experiments.parts import load_source
from experiments.recommend import StoredModel
from experiments.reporter import Reporter


def fitted_on_all(options: DataOptions, name: str, reporter: Reporter) -> StoredModel:
    """Fits an experiment's model on every rating; no rating is left to test it with.

    What is chosen on validation, such as the number of epochs, is chosen on the rows that a run would test with.

    Args:
        options: Which ratings.
        name: The experiment.
        reporter: Is told what is going on.

    Raises:
        DataError: The files are missing or malformed.
    """
    source = load_source(options, reporter)
    dataset, parts = source.dataset, source.split(0)
    split = Split(parts.kind, parts.train_and_validation, parts.test, parts.test)
    return StoredModel(
        name=name,
        recommender=fit(name, split, dataset=dataset, tested=False),
        titles=dict(dataset.movies.select("movie_id", "movie_title").iter_rows()),
        known=dataset.ratings,
        test=dataset.ratings.clear(),
        movies=dataset.movies,
    )
