"""Weights of a trained model taken over by one for more users and movies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol

import numpy as np

from tfrs_lab.data import Interactions, Vocabulary
from tfrs_lab.models.backend import tf

Side = Literal["user", "movie"]
Weights = dict[str, np.ndarray]
"""``users`` and ``movies``: their ids; ``weight-0``, ``weight-1``, ...: the trainable variables."""


class Growable(Protocol):
    """A model some of whose variables have a row per user or movie."""

    trainable_variables: list[Any]

    def tables(self) -> list[tuple[tf.Variable, Side]]:
        """Variables with a row per user or movie, in order of the ids of the train rows."""
        ...


def weights_of(model: Growable, rows: Interactions) -> Weights:
    """A trained model's weights, with the ids that its tables' rows belong to."""
    values = {f"weight-{number}": weight.numpy() for number, weight in enumerate(model.trainable_variables)}
    return {"users": np.array(rows.users.ids), "movies": np.array(rows.movies.ids), **values}


def take_over(model: Growable, rows: Interactions, weights: Mapping[str, np.ndarray]) -> None:
    """Gives a new model, built from the same configuration, the weights of an old one, see ``weights_of``.

    Users and movies that the old one knew keep their vectors, those that are new keep what they were built with, and
    those that have gone are dropped.

    Raises:
        ValueError: The weights are of other towers.
    """
    sides = {id(table): side for table, side in model.tables()}
    before = {"user": weights["users"], "movie": weights["movies"]}
    now: dict[str, Vocabulary] = {"user": rows.users, "movie": rows.movies}
    places = {side: now[side].encode(before[side].tolist()) for side in before}
    stored = [weights[f"weight-{number}"] for number in range(len(weights) - 2)]
    if len(stored) != len(model.trainable_variables):
        raise ValueError(f"expected {len(model.trainable_variables)} weights of the same towers, got {len(stored)}")
    for variable, old in zip(model.trainable_variables, stored, strict=True):
        side = sides.get(id(variable))
        value = old if side is None else variable.numpy()
        if old.shape[1:] != tuple(variable.shape)[1:] or (side is None and old.shape != tuple(variable.shape)):
            raise ValueError(f"expected weights of the shape {tuple(variable.shape)}, got {old.shape}")
        if side is not None:
            kept = places[side] >= 0
            value[places[side][kept]] = old[kept]
        variable.assign(value)
