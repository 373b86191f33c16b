"""Recall and speed of an index."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from tfrs_lab.serving.backend import tf
from tfrs_lab.serving.index import Index, IndexSetting, ScannIndex

BATCH = 256
"""Queries per request when speed is measured."""


def recall(found: np.ndarray, true: np.ndarray) -> float:
    """Mean share of the true rows that were found; both [queries, k] int32, -1 for padding.

    >>> round(recall(np.array([[3, 1, 9]]), np.array([[1, 2, 3]])), 3)
    0.667
    """
    hits = [np.isin(other, one).sum(where=other >= 0) for one, other in zip(found, true, strict=True)]
    return float(np.mean(hits / np.maximum((true >= 0).sum(axis=1), 1)))


class Search:
    """An index, compiled once for requests of any size.

    Args:
        index: What is asked.
    """

    def __init__(self, index: Index) -> None:
        self.index = index
        self.run = tf.function(index.call, reduce_retracing=True)

    def arguments(self, setting: IndexSetting | None) -> list[tf.Tensor]:
        """What a setting of the index says about searching."""
        if not isinstance(self.index, ScannIndex):
            return []
        setting = self.index.setting if setting is None else setting
        return [tf.constant(setting.leaves_to_search), tf.constant(setting.reorder)]

    def rows(self, queries: np.ndarray, k: int, setting: IndexSetting | None = None) -> np.ndarray:
        """[queries, k] int32 rows.

        Args:
            queries: [queries, dim] float32.
            k: How many.
            setting: Search like this; default: as the index was built for.
        """
        blocks = [queries[start : start + BATCH] for start in range(0, len(queries), BATCH)]
        rest = [tf.constant(k), *self.arguments(setting)]
        return np.concatenate([self.run(tf.constant(block), *rest)[1].numpy() for block in blocks])

    def speed(self, queries: np.ndarray, k: int, setting: IndexSetting | None = None, seconds: float = 0.1) -> float:
        """Queries per second in requests of ``BATCH`` queries, see ``rows``."""
        block, rest = tf.constant(queries[:BATCH]), [tf.constant(k), *self.arguments(setting)]
        return len(block) / fastest(lambda: self.run(block, *rest), seconds)


def fastest(call: Callable[[], object], seconds: float) -> float:
    """The least seconds of a call, of at least four after a first: what else runs makes some slow and none fast."""
    call()
    least, began, rounds = float("inf"), time.perf_counter(), 0
    while rounds < 4 or time.perf_counter() - began < seconds:
        start = time.perf_counter()
        call()
        least = min(least, time.perf_counter() - start)
        rounds += 1
    return least
