"""The query towers of trained parts, those that are functions of the history alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from tfrs_lab.models.multitask.model import JointModel
from tfrs_lab.models.multitask.towers import Projected
from tfrs_lab.models.retrieval.query_tower import Bag, EncodedSequence, QueryTower
from tfrs_lab.models.sequential.model import SequenceModel
from tfrs_lab.models.two_tower.model import TowerPair
from tfrs_lab.models.two_tower.tower_parts import HistoryPart
from tfrs_lab.models.two_tower.towers import Perceptron


def tower_of(model: Any) -> QueryTower | None:
    """Of a trained model as it stands; None if its queries are no function of the history alone.

    Args:
        model: A pair of towers, or a network that has one.
    """
    if isinstance(model, SequenceModel):
        return _of_sequence(model)
    pair = model.ranking_pair if isinstance(model, JointModel) else model
    if not isinstance(pair, TowerPair):
        return None
    tower = pair.query_tower
    part = tower.parts[0]
    of_history = type(part) in (HistoryPart, Projected) and len(tower.parts) == 1
    if not of_history or isinstance(tower.mix, Perceptron):
        return None
    table = part.movies().numpy()
    width, ones = table.shape[1], int(tower.extra is not None)  # a bias of movies is met by a one
    turn = np.eye(width, width + ones, dtype=np.float32) * np.float32(tower.scale)
    bag = Bag(table, turn, mean=True, unit=tower.normalize)
    return QueryTower((bag,), np.repeat(np.array([0, 1], np.float32), [width, ones]))


def _of_sequence(model: SequenceModel) -> QueryTower:
    """The last state of the encoder, and a one that meets the bias of movies."""
    table = model.movie_embedding.embeddings.numpy()
    width = table.shape[1]
    weights = tuple(weight.numpy() for weight in model.encoder.weights)
    sequence = EncodedSequence(table, np.eye(width, width + 1, dtype=np.float32), model.config, weights)
    return QueryTower((sequence,), np.eye(1, width + 1, width, dtype=np.float32)[0])
