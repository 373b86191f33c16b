"""TFRS's factorized top-k against ours: the same rows, one process.

    python -m benchmarks.factorized [--repeats 3] [--write]

Test rows of MovieLens-100K with the vectors of iALS; where that is not at hand, random vectors of its size. Exits 1 if
the values differ by more than 1e-6 or ours is not 50 times as fast.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.shared.record import TURNS, Record, Target, command, cores, versions_here
from tfrs_lab.data import DataError, Interactions, load, split
from tfrs_lab.evaluation.factorized import TFRS_KS, factorized_top_k
from tfrs_lab.models.backend import tf, tfrs
from tfrs_lab.models.baselines import IALSConfig, fit_ials

Case = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Query vectors, candidate vectors, user of each interaction, candidate of each interaction."""


def factorized_top_k_streaming(
    queries: np.ndarray,
    candidates: np.ndarray,
    rows: np.ndarray,
    true_candidates: np.ndarray,
    ks: Sequence[int] = TFRS_KS,
    *,
    batch: int = 4096,
) -> dict[str, float]:
    """`tfrs.metrics.FactorizedTopK`, by id, over a `Streaming` index, as in TFRS's tutorials.

    The reference for `tfrs_lab.evaluation.factorized.factorized_top_k`, and called like it; ``ks`` are at most the
    number of candidates, and ``batch`` interactions are counted at a time.
    """
    identifiers = tf.range(len(candidates), dtype=tf.int32)
    stream = tf.data.Dataset.from_tensor_slices((identifiers, candidates)).batch(128)
    index = tfrs.layers.factorized_top_k.Streaming(k=max(ks)).index_from_dataset(stream)
    metric = tfrs.metrics.FactorizedTopK(candidates=index, ks=list(ks))
    for start in range(0, len(rows), batch):
        part = slice(start, start + batch)
        truth = true_candidates[part].astype(np.int32)
        metric.update_state(queries[rows[part]], candidates[np.maximum(truth, 0)], true_candidate_ids=truth)
    return {f"factorized_top_{k}": float(value) for k, value in zip(ks, metric.result(), strict=True)}


def movielens() -> Case:
    """Test rows of MovieLens-100K, stratified split, with the vectors of iALS."""
    parts = split(load("100k"), "stratified")
    model = fit_ials(Interactions.from_ratings(parts.train), IALSConfig(), seed=0, now=None)
    rows, candidates = model.users.encode(parts.test["user_id"]), model.movies.encode(parts.test["movie_id"])
    return model.user_factors, model.movie_factors, rows, candidates


def synthetic() -> Case:
    """As many users, movies and rows as `movielens`, with random vectors."""
    rng = np.random.default_rng(0)
    users, movies, rows = 943, 1682, 24_934
    cells = rng.choice(users * movies, size=rows, replace=False)
    queries, candidates = (rng.normal(size=(n, 32)).astype(np.float32) for n in (users, movies))
    return queries, candidates, cells // movies, cells % movies


def fastest(call: Callable[..., dict[str, float]], case: Case, rounds: int) -> tuple[float, dict[str, float]]:
    """The shortest of some runs in seconds, and the result."""
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        values = call(*case)
        seconds.append(time.perf_counter() - start)
    return min(seconds), values


def measure(repeats: int) -> Record:
    """Both, one after the other."""
    try:
        case, source = movielens(), "MovieLens-100K, stratified split, iALS vectors"
    except DataError as error:
        case, source = synthetic(), f"random vectors, since MovieLens-100K is not at hand ({error})"
    slow, expected = fastest(factorized_top_k_streaming, case, repeats)
    fast, values = fastest(factorized_top_k, case, max(repeats, 10))
    rows = [
        {"by": name, "ms": 1e3 * seconds, **found}
        for name, seconds, found in (("TFRS, streaming", slow, expected), ("TFRS Lab", fast, values))
    ]
    away = max(abs(expected[name] - values[name]) for name in expected)
    targets = [Target("against TFRS's", slow / fast, 50.0), Target("which differs by", away, 1e-6, "", least=False)]
    conditions = [source, f"{len(case[2]):,} rows", f"{case[0].shape[1]} dimensions", cores()]
    columns = {"by": "", "ms": ",.1f", **dict.fromkeys(expected, ".6f")}
    versions = versions_here("tensorflow", "tensorflow-recommenders")
    return Record("factorized", columns, rows, conditions, versions, targets)


main = command(__doc__, measure, repeats=(3, TURNS))


if __name__ == "__main__":
    sys.exit(main())
