"""Opens any model to look at what it recommends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tfrs_lab.data import Dataset, Split, evaluation_task
from tfrs_lab.experiments.display.explorer import Explorer
from tfrs_lab.experiments.storage.stored_model import StoredModel, load_model
from tfrs_lab.model import Model
from tfrs_lab.recommenders import as_recommender, dataset_of


def explore(model: Any, split: Split | None = None, dataset: Dataset | None = None) -> Explorer:
    """Makes a model ready to be asked about movies by their titles.

    Args:
        model: From ``fit``, ``open``, ``from_towers`` or ``from_tfrs``, the directory of a run, or with ``split``
            anything with ``users``, ``movies`` and ``score``.
        split: What the model was fitted on.
        dataset: Has the titles; None: what was split.

    Raises:
        ValueError: It is no model, or ``split`` is missing.
        DataError: The directory is no finished run.
    """
    if isinstance(model, (str, Path)):
        return Explorer(load_model(Path(model).expanduser()))
    if isinstance(model, Model) and split is None:
        return model.explorer
    recommender = as_recommender(model)
    if split is None:
        raise ValueError(f"expected the split that the {type(model).__name__} was fitted on, got none")
    movies = (dataset or dataset_of(split)).movies
    asked = evaluation_task(split.asks, split.train_and_validation, split.test)
    titles = dict(movies.select("movie_id", "movie_title").iter_rows())
    name = model.name if isinstance(model, Model) else "the model"
    return Explorer(StoredModel(name, recommender, titles, asked.seen, asked.rows, movies, split.asks))
