"""Brute force and ScaNN behind one interface, on TFRS's layers.

Where TFRS's layers fall short, these do not: a request for more than there is gives what there is, padded with row -1
and score -inf (TFRS fails, or hands out the first movie with the score NaN); ScaNN is built with anisotropic
quantisation, exact reordering and seeds.
"""

from __future__ import annotations

import math
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tfrs_lab.serving.backend import HAS_SCANN, factorized_top_k, tf

LIST, DEEPEST = 100.0, 3.0
"""For each so many movies that will be dropped a setting's leaves are searched once more, at most so many times."""
LEAST_SCANN = 32
"""ScaNN's codebooks need some movies to be trained on."""
STATE = (
    "scann_config",
    "serialized_partitioner",
    "datapoint_to_token",
    "ah_codebook",
    "hashed_dataset",
    "int8_dataset",
    "int8_multipliers",
    "dp_norms",
    "dataset",
)
"""What a ScaNN searcher consists of, in the order of its own module."""
TEXTS = ("scann_config", "serialized_partitioner", "ah_codebook")
"""Those that are serialised protocol buffers, each in an array of one string."""


@dataclass(frozen=True)
class IndexSetting:
    """How movies are searched.

    Attributes:
        kind: ``brute-force`` or ``scann``; the other fields are ScaNN's.
        leaves: Into so many groups movies are parted.
        leaves_to_search: So many of them, the most promising, are searched.
        dimensions_per_block: So many numbers of a vector become one code of 4 bits.
        threshold: Of anisotropic quantisation: errors count along vectors whose cosine with the query exceeds it
            (Guo et al., ICML 2020); None for the plain kind.
        reorder: So many of the best by codes are scored exactly; more if more are asked for.
        seed: Of both kinds of clustering.
    """

    kind: Literal["brute-force", "scann"] = "brute-force"
    leaves: int = 1
    leaves_to_search: int = 1
    dimensions_per_block: int = 2
    threshold: float | None = 0.2
    reorder: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        if self.kind not in ("brute-force", "scann"):
            raise ValueError(f"kind: expected brute-force or scann, got {self.kind!r}")
        for name in ("leaves", "leaves_to_search", "dimensions_per_block", "reorder"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected at least 1, got {getattr(self, name)}")
        if self.leaves_to_search > self.leaves:
            raise ValueError(f"leaves_to_search: expected at most {self.leaves} leaves, got {self.leaves_to_search}")
        if self.threshold is not None and not 0 <= self.threshold < 1:
            raise ValueError(f"threshold: expected at least 0 and less than 1, got {self.threshold}")


def usual_setting(movies: int) -> IndexSetting:
    """A careful ScaNN setting for so many movies, for when nothing has been tuned."""
    leaves = max(1, round(math.sqrt(movies)))
    return IndexSetting("scann", leaves=leaves, leaves_to_search=max(1, leaves // 2), reorder=min(movies, 400))


class ExactIndex(factorized_top_k.BruteForce):
    """TFRS's brute force; asked for more than there is, it pads."""

    def __init__(self, candidates: np.ndarray, rows: np.ndarray) -> None:
        super().__init__()
        self.size = len(rows)
        self.index(tf.constant(candidates, tf.float32), tf.constant(rows, tf.int32))

    def call(self, queries: tf.Tensor, k: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """See ``Index``."""
        scores, rows = super().call(queries, tf.minimum(k, self.size))
        return padded(scores, rows, k)

    def resources(self) -> list[Any]:
        """What a SavedModel has to keep."""
        return [self._candidates, self._identifiers]


class ScannIndex(factorized_top_k.ScaNN):
    """TFRS's ScaNN layer with a searcher of its own building.

    Args:
        candidates: [n, dim] float32, or what ``arrays`` gave.
        rows: [n] int32: what the candidates are called in results.
        setting: How to build and search.

    Raises:
        ImportError: ScaNN is not installed.
        ValueError: There are too few candidates.
    """

    def __init__(self, candidates: np.ndarray | Mapping[str, np.ndarray], rows: np.ndarray, setting: IndexSetting):
        super().__init__()
        self.setting, self.size = setting, len(rows)
        self._build_searcher = self._search_tree
        if isinstance(candidates, Mapping):
            self._serialized_searcher = _restored(candidates)
        elif self.size < LEAST_SCANN:
            raise ValueError(f"ScaNN needs at least {LEAST_SCANN} movies, got {self.size}: use brute force")
        else:
            self.index(tf.constant(candidates, tf.float32))
        self._identifiers = tf.Variable(rows, dtype=tf.int32, trainable=False)

    def _search_tree(self, candidates: tf.Tensor) -> Any:
        from scann.scann_ops.py import scann_ops

        setting = self.setting
        builder = scann_ops.builder(candidates, 10, "dot_product")
        builder = builder.tree(setting.leaves, setting.leaves_to_search, min_partition_size=1)
        builder = builder.score_ah(
            min(setting.dimensions_per_block, candidates.shape[1]),
            anisotropic_quantization_threshold=math.nan if setting.threshold is None else setting.threshold,
        ).reorder(setting.reorder)
        config = _seeded(builder.create_config(), setting.seed)
        with _quiet():
            return scann_ops.create_searcher(candidates, config)

    def call(
        self, queries: tf.Tensor, k: tf.Tensor, leaves_to_search: Any = None, reorder: Any = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """See ``Index``.

        Args:
            queries: See ``Index``.
            k: See ``Index``.
            leaves_to_search: Instead of the setting's: the tuner asks with many. A number or [] int32.
            reorder: Likewise.
        """
        from scann.scann_ops.py import scann_ops

        wanted = tf.minimum(k, self.size)
        reorder = self.setting.reorder if reorder is None else reorder
        found = scann_ops.searcher_from_module(self._serialized_searcher).search_batched_parallel(
            queries,
            final_num_neighbors=wanted,
            pre_reorder_num_neighbors=tf.minimum(tf.maximum(reorder, wanted), self.size),
            leaves_to_search=self.setting.leaves_to_search if leaves_to_search is None else leaves_to_search,
        )
        missing = tf.math.is_nan(found.distances)
        rows = tf.gather(self._identifiers, tf.where(missing, 0, tf.cast(found.indices, tf.int32)))
        return padded(tf.where(missing, -math.inf, found.distances), tf.where(missing, -1, rows), k)

    def deeper(self, more: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Leaves to search and candidates to score exactly, where so many of the best, [] int32, will be dropped.

        A setting suffices for a list; a longer one reaches into leaves that are less promising.
        """
        factor = tf.minimum(1.0 + tf.cast(more, tf.float32) / LIST, DEEPEST)
        leaves = tf.cast(tf.math.ceil(self.setting.leaves_to_search * factor), tf.int32)
        return tf.minimum(leaves, self.setting.leaves), self.setting.reorder + more

    def resources(self) -> list[Any]:
        """What a SavedModel has to keep."""
        return [self._serialized_searcher, self._identifiers]

    def arrays(self) -> dict[str, np.ndarray]:
        """The built searcher as arrays, free of Python objects."""
        found = {name: getattr(self._serialized_searcher, name).numpy() for name in STATE}
        return {name: np.frombuffer(found[name][0], np.uint8) if name in TEXTS else found[name] for name in STATE}


Index = ExactIndex | ScannIndex
"""``call(queries, k)``: from [batch, dim] float32 and a scalar int32 to scores [batch, k] float32 in descending order
and rows [batch, k] int32; padded with -inf and -1 where there are fewer."""


def build_index(candidates: np.ndarray, rows: np.ndarray, setting: IndexSetting) -> Index:
    """An index of candidates [n, dim] float32, which results call rows [n] int32."""
    if setting.kind == "brute-force":
        return ExactIndex(candidates, rows)
    if not HAS_SCANN:
        raise ImportError("--index scann needs the package scann, which exists for Linux only: use brute-force")
    return ScannIndex(candidates, rows, setting)


def padded(scores: tf.Tensor, rows: tf.Tensor, k: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """[batch, any] scores and rows made k wide with -inf and -1."""
    missing = [[0, 0], [0, tf.maximum(k - tf.shape(scores)[1], 0)]]
    return tf.pad(scores, missing, constant_values=-math.inf), tf.pad(rows, missing, constant_values=-1)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps ScaNN's news about its progress, which no setting turns off, from standard error."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _seeded(config: str, seed: int) -> str:
    """ScaNN's configuration, a text protocol buffer, with seeds, for which its builder has no arguments."""
    config = re.sub(r"(partitioning \{)", rf"\1\n clustering_seed: {seed}", config, count=1)
    return re.sub(r"(asymmetric_hash \{)", rf"\1\n clustering_seed: {seed}\n sampling_seed: {seed}", config, count=1)


def _restored(arrays: Mapping[str, np.ndarray]) -> Any:
    """The inverse of ``ScannIndex.arrays``."""
    from scann.scann_ops.py import scann_ops

    return scann_ops.ScannState(
        [tf.constant([arrays[name].tobytes()] if name in TEXTS else arrays[name]) for name in STATE]
    )
