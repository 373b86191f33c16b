"""A sparse table of each movie's strongest neighbours: what no short vector holds. Needs no TensorFlow until served."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

from tfrs_lab.data import Interactions
from tfrs_lab.models.storage import Stored
from tfrs_lab.models.training.histories import Histories, in_order

if TYPE_CHECKING:
    from tfrs_lab.models.closed_form.neighbours_module import NeighboursModule


@dataclass(frozen=True)
class NeighbourTable(Stored):
    """What the latest movies of a history add to the scores of others: Σ_l decay^l · weights[h_l, m], h_0 the latest.

    Attributes:
        weights: [movies, movies] float32, a few in each row.
        latest: So many of the latest movies take part.
        decay: Each movie further back counts so much of the one after it; 1 where the order does not matter.
    """

    weights: csr_matrix
    latest: int
    decay: float

    def scores(self, history: csr_matrix) -> csr_matrix:
        """[batch, movies] float32: what histories add.

        Args:
            history: [batch, movies]: a movie's place in the history, 1 for the oldest. Where all places are equal, the
                order is not known, and nothing is added where it matters.
        """
        return self._emphasis(csr_matrix(history)) @ self.weights

    def _emphasis(self, history: csr_matrix) -> csr_matrix:
        """[batch, movies] float32: decay^l of the latest movie but l."""
        movies, ordered = in_order(history)
        behind = (movies >= 0).sum(axis=1)[:, None] - 1 - np.arange(movies.shape[1])
        row, place = np.nonzero((movies >= 0) & (behind < self.latest) & (ordered[:, None] | (self.decay == 1)))
        counts = (self.decay ** behind[row, place]).astype(np.float32)
        return csr_matrix((counts, (row, movies[row, place])), shape=history.shape)

    def times(self, factor: float) -> NeighbourTable:
        """So many times the same scores."""
        return replace(self, weights=self.weights * np.float32(factor))

    @cached_property
    def module(self) -> NeighboursModule:
        """The table as a ``tf.Module``; loads TensorFlow."""
        from tfrs_lab.models.closed_form.neighbours_module import NeighboursModule

        return NeighboursModule(self)


def recent_places(rows: Interactions, latest: int) -> csr_matrix:
    """[users, movies] float32: places of each user's so many latest movies, the greater the later."""
    histories = Histories.from_interactions(rows)
    user = np.repeat(np.arange(len(rows.users)), histories.lengths)
    place = np.arange(len(user)) - histories.starts[user] + 1
    kept = place > histories.lengths[user] - latest
    entries = (place[kept].astype(np.float32), (user[kept], histories.movie[kept]))
    return csr_matrix(entries, shape=(len(rows.users), len(rows.movies)))


def add_to(scores: np.ndarray, added: csr_matrix) -> None:
    """Adds a sparse matrix to scores [batch, movies], in place."""
    added.sum_duplicates()
    rows = np.repeat(np.arange(added.shape[0]), np.diff(added.indptr))
    scores[rows, added.indices] += added.data


def strongest(weights: csr_matrix, number: int) -> csr_matrix:
    """The same with only the so many largest entries of each row."""
    weights = weights.tocsr()
    lengths = np.diff(weights.indptr)
    row = np.repeat(np.arange(len(lengths)), lengths)
    order = np.lexsort((-weights.data, row))
    rank = np.arange(len(order)) - np.repeat(weights.indptr[:-1], lengths)
    kept = order[rank < number]
    return csr_matrix((weights.data[kept], (row[kept], weights.indices[kept])), shape=weights.shape)
