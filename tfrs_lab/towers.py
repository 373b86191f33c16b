"""Keras models of one's own, evaluated, compared, explored and exported like those of the kit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl

from tfrs_lab.data import Split
from tfrs_lab.experiments.runs.fit_on_split import Fits
from tfrs_lab.model import Model
from tfrs_lab.models import quick_import
from tfrs_lab.models.retrieval.specification import OWN_TOWERS, OwnTowersConfig
from tfrs_lab.models.specification import Trained
from tfrs_lab.recommenders import dataset_of

QUERY = ("query_model", "query_tower", "user_model", "user_tower", "user_embedding")
CANDIDATE = ("candidate_model", "candidate_tower", "movie_model", "movie_tower", "item_model", "item_tower")


def from_towers(query_model: Any, candidate_model: Any, split: Split, *, name: str = "towers") -> Model:
    """A model of two trained Keras models, whose score is the dot product of their vectors.

    Args:
        query_model: From ``user_id`` [batch] string, or from named inputs that are columns of ``Dataset.users``, to
            [batch, dim] float32.
        candidate_model: From ``movie_title`` or ``movie_id`` [batch] string, whichever is in the vocabulary of its
            ``StringLookup``, or from named inputs that are columns of ``Dataset.movies``, to [batch, dim].
        split: What they were trained on (train, or train and validation) and are to be tested with.
        name: What tables call it.

    Raises:
        ValueError: A tower takes something else, or what they return is no pair of vectors.
    """
    with quick_import():
        from tfrs_lab.models.retrieval.own_towers import own_recommender  # loads TensorFlow
    known = split.train_and_validation
    split = replace(split, train=known, validation=known.clear(), rows=None, test_cut=split.asks, validation_cut=None)
    dataset = dataset_of(split)
    recommender = own_recommender(query_model, candidate_model, split.encoded("train"), dataset.users, dataset.movies)
    trained = Trained(recommender)
    fits = Fits(trained, trained, 0.0)
    return Model(name, recommender, OwnTowersConfig(), pl.DataFrame(), split, dataset, OWN_TOWERS, fits)


def from_tfrs(model: Any, split: Split, *, query: str = "", candidate: str = "", name: str = "") -> Model:
    """A trained ``tfrs.Model`` as in TensorFlow Recommenders' tutorials.

    Args:
        model: Has its two towers as attributes, such as ``user_model`` and ``movie_model``.
        split: What it was trained on and is to be tested with.
        query: Name of the attribute with the query tower; "" for the usual names.
        candidate: Name of the attribute with the candidate tower; "" for the usual names.
        name: What tables call it; "" for the name of its class.

    Raises:
        ValueError: There are no such towers, or they are not as ``from_towers`` takes them.
    """
    towers = _tower(model, query, QUERY, "query"), _tower(model, candidate, CANDIDATE, "candidate")
    found = from_towers(towers[0], towers[1], split, name=name or type(model).__name__)
    losses = getattr(getattr(model, "history", None), "history", {})
    return replace(found, history=pl.DataFrame(losses).with_row_index("epoch", offset=1)) if losses else found


def _tower(model: Any, given: str, usual: tuple[str, ...], side: str) -> Any:
    names = (given,) if given else usual
    for name in names:
        if hasattr(model, name):
            return getattr(model, name)
    here = [name for name, value in vars(model).items() if callable(value) and not name.startswith("_")]
    raise ValueError(
        f"expected the {side} tower as an attribute ({', '.join(names)}), got a {type(model).__name__} with "
        f"{', '.join(here) or 'none'}: pass {side}= its name"
    )
