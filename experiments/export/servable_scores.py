"""What a servable says of all movies, by brute force and apart from the graph, which is compared with it."""

from __future__ import annotations

import numpy as np

from tfrs_lab.serving.backend import tf
from tfrs_lab.serving.servable import Servable


def scores_of(servable: Servable, users: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """Scores before anything is put in a new order.

    Args:
        servable: See there.
        users: [n] int32, -1 for unknown ones: their stored histories are what other movies follow.
        queries: [n, dim] float32: theirs.

    Returns:
        [n, movies] float32.
    """
    scores: np.ndarray = queries @ servable.candidates.T
    if servable.following is None:
        return scores
    values, starts = servable.seen
    histories = [values[starts[user] : starts[user + 1]] if user >= 0 else values[:0] for user in users]
    padded = tf.ragged.constant(histories, dtype=tf.int32, ragged_rank=1).to_tensor(-1)
    rows, added = (each.numpy() for each in servable.following(padded))
    place, column = np.nonzero(rows >= 0)
    np.add.at(scores, (place, rows[place, column]), queries[place, -1] * added[place, column])
    return scores
