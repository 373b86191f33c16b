"""What follows what: transitions between movies in users' histories, in closed form, as a sparse table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np
from scipy.sparse import csr_matrix, diags

from tfrs_lab.data.interactions import Interactions
from tfrs_lab.models.checks import Above, AtMost, Checked, Count, Finite, Fraction
from tfrs_lab.models.closed_form.neighbours import NeighbourTable, strongest
from tfrs_lab.models.training.histories import Histories

Decay = Annotated[float, Above(0), AtMost(1)]


@dataclass(frozen=True)
class TransitionsConfig(Checked):
    """What follows what, and how far back a history tells what comes next."""

    search: bool = True
    """Whether validation may choose other values for what follows, out of a few."""
    reach: Count = 10
    """A movie is followed by the next so many of the same user's movies."""
    reach_decay: Decay = 0.8
    """Each place further ahead counts so much of the one before it."""
    backward: Fraction = 0.5
    """What a movie counts that comes before, beside one that comes after."""
    row_power: Fraction = 0.5
    """Counts are divided by this power of the number of transitions from the first movie."""
    column_power: Fraction = 0.3
    """The same of the number of transitions to the second movie: more for less popular answers."""
    shrink: Finite = 10.0
    """Added to both numbers; draws rare movies towards 0."""
    latest_decay: Decay = 0.6
    """Each movie further back in a history counts so much of the one after it."""
    latest: Count = 20
    """So many of the latest movies of a history count."""
    neighbours: Count = 50
    """So many of the strongest followers of each movie are kept."""


ALTERNATIVES: tuple[tuple[dict[str, Any], ...], ...] = (
    ({"reach": 10, "reach_decay": 0.8}, {"reach": 40, "reach_decay": 0.95}),
    tuple({"latest_decay": decay} for decay in (0.4, 0.6, 0.8, 0.9)),
    tuple({"backward": backward} for backward in (0.0, 0.5, 0.9)),
    tuple({"row_power": row, "column_power": column} for row, column in ((0.5, 0.3), (0.5, 0.5), (0.9, 0.5))),
    ({"shrink": 10.0}, {"shrink": 50.0}),
)
"""What is tried, one after the other. Shops ask for the first ones, MovieLens for longer memories."""
MOST_PAIRS = 20_000_000
"""Of pairs of movies that are counted: where there would be more, the reach is shorter."""


def longest_reach(rows: int) -> int:
    """How far ahead so many rows may look at most."""
    return max(1, MOST_PAIRS // max(rows, 1))


def farthest(config: TransitionsConfig) -> int:
    """How far ahead the configuration looks, or may be made to look by validation."""
    return max([config.reach, *(values["reach"] for values in ALTERNATIVES[0] if config.search)])


def fit_transitions(config: TransitionsConfig, rows: Interactions) -> NeighbourTable:
    """Counts what follows what, with what the configuration says.

    weights[i, j] = n_ij / ((Σ_j n_ij + shrink)^row_power (Σ_i n_ij + shrink)^column_power), n_ij the decayed number of
    times that j came after i, plus ``backward`` times that it came before. The sequential rules of Ludewig and Jannach,
    "Evaluation of session-based recommendation algorithms", UMUAI 2018, normalised as in item-item models and applied
    to all of a user's rows, whatever time lies between them. Only the strongest in each row are kept: in low rank the
    same table loses most of what it knows.

    Args:
        config: See there.
        rows: Train rows; without timestamps their order is the order of time.

    Returns:
        The table, possibly without any entry.
    """
    return _normalised(config, _follows(config, rows))


def choose_transitions(
    config: TransitionsConfig, rows: Interactions, score: Callable[[NeighbourTable], float]
) -> TransitionsConfig:
    """The configuration with what validation finds best, one group of values after the other.

    Args:
        config: Where the search begins.
        rows: Train rows.
        score: Validation score of a table, higher is better.
    """
    counted = {(config.reach, config.reach_decay): _follows(config, rows)}
    best, most = config, score(_normalised(config, next(iter(counted.values()))))
    for group in ALTERNATIVES:
        around = best
        for values in group:
            tried = replace(around, **values)
            if tried == around:
                continue
            key = (tried.reach, tried.reach_decay)
            if key not in counted:
                counted[key] = _follows(tried, rows)
            found = score(_normalised(tried, counted[key]))
            if found > most:
                best, most = tried, found
    return best


def _follows(config: TransitionsConfig, rows: Interactions) -> csr_matrix:
    """[movies, movies] float64: how often the row's movie is followed by the column's, decayed by distance."""
    histories = Histories.from_interactions(rows)
    movie, user = histories.movie, np.repeat(np.arange(len(rows.users)), histories.lengths)
    reach = max(1, min(config.reach, len(movie) - 1, longest_reach(len(movie))))
    counts = csr_matrix((len(rows.movies), len(rows.movies)))
    for ahead in range(1, reach + 1):
        same = user[ahead:] == user[:-ahead]
        first, second = movie[:-ahead][same], movie[ahead:][same]
        weight = np.full(len(first), config.reach_decay ** (ahead - 1))
        counts = counts + csr_matrix((weight, (first, second)), shape=counts.shape)
    return counts


def _normalised(config: TransitionsConfig, follows: csr_matrix) -> NeighbourTable:
    counts = follows + config.backward * follows.T if config.backward else follows
    before, after = (np.asarray(counts.sum(axis=axis)).ravel() + config.shrink for axis in (1, 0))
    scaled = diags(before**-config.row_power) @ counts @ diags(after**-config.column_power)
    weights = strongest(scaled.tocsr().astype(np.float32), config.neighbours)
    return NeighbourTable(weights, config.latest, config.latest_decay)
