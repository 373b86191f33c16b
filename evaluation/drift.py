"""Whether later events are still like those that a model was trained on, and its lists like those it gave then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LENGTHS = (0, 1, 2, 5, 10, 20, 50, 100)
"""Lower ends of the groups of history lengths."""
GROUPS = 10
"""Groups of equal size that values of training are divided into."""
SHIFTS, CHANGED = 0.1, 0.25
"""From these indices on a distribution counts as shifting, and as changed; the usual rule of thumb."""


@dataclass(frozen=True)
class Drift:
    """One thing that was looked at.

    Attributes:
        name: What it is.
        then: Its value on the training data.
        now: On later events.
        index: The population stability index of its distribution; None for a share, which is compared as it stands.
    """

    name: str
    then: float
    now: float
    index: float | None = None

    @property
    def verdict(self) -> str:
        """``stable``, ``shifting`` or ``changed``; nothing for a share."""
        if self.index is None:
            return ""
        return "changed" if self.index >= CHANGED else "shifting" if self.index >= SHIFTS else "stable"


def stability_index(then: np.ndarray, now: np.ndarray) -> float:
    """Population stability index Σ (q − p) ln(q / p) of two histograms, half a count added to each group.

    Siddiqi, "Credit Risk Scorecards", 2006; it is the Jeffreys divergence: symmetric, 0 for equal shares.

    Args:
        then: [groups] counts p is made of.
        now: [groups] counts q is made of.

    >>> round(stability_index(np.array([50, 50]), np.array([500, 500])), 3)
    0.0
    >>> round(stability_index(np.array([900, 100]), np.array([500, 500])), 2)
    0.88
    """
    p, q = ((counts + 0.5) / (counts + 0.5).sum() for counts in (np.asarray(then), np.asarray(now)))
    return float(((q - p) * np.log(q / p)).sum())


def of_values(name: str, then: Sequence[float], now: Sequence[float]) -> Drift:
    """Of numbers, in groups that hold equally many of training: medians, and the index."""
    before, after = np.asarray(then, float), np.asarray(now, float)
    if not len(before) or not len(after):
        return Drift(name, float("nan"), float("nan"))
    ends = np.unique(np.quantile(before, np.linspace(0, 1, GROUPS + 1)[1:-1]))
    counts = [np.bincount(np.searchsorted(ends, values), minlength=len(ends) + 1) for values in (before, after)]
    return Drift(name, float(np.median(before)), float(np.median(after)), stability_index(*counts))


def of_lengths(name: str, then: Sequence[int], now: Sequence[int]) -> Drift:
    """Of lengths of histories: medians, and the index over ``LENGTHS``."""
    counts = [
        np.bincount(np.searchsorted(LENGTHS, values, side="right") - 1, minlength=len(LENGTHS))
        for values in (np.asarray(then, int), np.asarray(now, int))
    ]
    return Drift(name, float(np.median(then)), float(np.median(now)), stability_index(*counts))


def popularity(counts: np.ndarray) -> np.ndarray:
    """[movies] in (0, 1]: the share of movies that are no more popular.

    >>> popularity(np.array([5, 0, 5, 1])).tolist()
    [1.0, 0.25, 1.0, 0.5]
    """
    return np.searchsorted(np.sort(counts), counts, side="right") / max(len(counts), 1)
