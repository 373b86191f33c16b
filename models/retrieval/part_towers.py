"""The query towers of trained parts, those that are functions of the history alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from tfrs_lab.models.closed_form.recency import RecencyPart
from tfrs_lab.models.multitask.model import JointModel
from tfrs_lab.models.multitask.towers import Projected
from tfrs_lab.models.retrieval.query_tower import Bag, QueryTower
from tfrs_lab.models.two_tower.model import TowerPair
from tfrs_lab.models.two_tower.tower_parts import HistoryPart
from tfrs_lab.models.two_tower.towers import Perceptron


def tower_of(model: Any) -> QueryTower | None:
    """Of a trained model as it stands; None if its queries are no function of the history alone, or one of order.

    Args:
        model: A pair of towers, or a network that has one.
    """
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


def recency_tower(part: RecencyPart) -> QueryTower:
    """Of a recency part: the trend for anybody, and what follows the latest movies.

    A request is asked right after its latest event, so that all sessions are going on.
    """
    trend, session = len(part.trend), part.follows.shape[1]
    constant = np.concatenate([np.float32(part.weights.trend) * part.trend, np.zeros(session, np.float32)])
    if not session or not part.weights.session:
        return QueryTower((), constant)
    spread = part.candidates[:, trend:].astype(np.float64)
    values, vectors = np.linalg.eigh(spread.T @ spread / len(spread))
    bag = Bag(
        table=part.follows,
        turn=part.weights.session * np.eye(session, trend + session, trend, dtype=np.float32),
        latest=part.latest_movies,
        decay=part.latest_decay,
        unit=True,
        spread=(vectors * np.sqrt(np.maximum(values, 0))).astype(np.float32),
    )
    return QueryTower((bag,), constant)
