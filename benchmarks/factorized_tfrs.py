"""The reference for `tfrs_lab.evaluation.factorized`: TFRS's own metric, streaming once per interaction.

The one module of this room that imports TensorFlow; nothing imports it by default.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tfrs_lab.evaluation.factorized import TFRS_KS
from tfrs_lab.models.backend import tf, tfrs


def factorized_top_k_streaming(
    queries: np.ndarray,
    candidates: np.ndarray,
    rows: np.ndarray,
    true_candidates: np.ndarray,
    ks: Sequence[int] = TFRS_KS,
    *,
    batch: int = 4096,
    candidate_batch: int = 128,
) -> dict[str, float]:
    """`tfrs.metrics.FactorizedTopK`, by id, over a `Streaming` index, as in the TFRS tutorials.

    Args:
        queries: [users, dim] float32.
        candidates: [candidates, dim] float32.
        rows: [n] int, the user of each interaction.
        true_candidates: [n] int, the candidate of each interaction, or -1.
        ks: Cut-offs, at most the number of candidates.
        batch: Interactions per update.
        candidate_batch: Candidates per step of the stream.

    Returns:
        "factorized_top_100" and the like → share of interactions.
    """
    identifiers = tf.range(len(candidates), dtype=tf.int32)
    stream = tf.data.Dataset.from_tensor_slices((identifiers, candidates)).batch(candidate_batch)
    index = tfrs.layers.factorized_top_k.Streaming(k=max(ks)).index_from_dataset(stream)
    metric = tfrs.metrics.FactorizedTopK(candidates=index, ks=list(ks))
    for start in range(0, len(rows), batch):
        part = slice(start, start + batch)
        truth = true_candidates[part].astype(np.int32)
        metric.update_state(queries[rows[part]], candidates[np.maximum(truth, 0)], true_candidate_ids=truth)
    return {f"factorized_top_{k}": float(value) for k, value in zip(ks, metric.result(), strict=True)}
