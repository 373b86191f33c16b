"""TFRS's factorized top-k against ours: the same rows, one process.

    python -m benchmarks.factorized

Exits 1 if the values differ by more than 1e-6 or the ratio is below 50.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

import numpy as np

from benchmarks.factorized_tfrs import factorized_top_k_streaming
from tfrs_lab.data import load, split
from tfrs_lab.data.errors import DataError
from tfrs_lab.data.interactions import Interactions
from tfrs_lab.evaluation.factorized import factorized_top_k
from tfrs_lab.models.baselines import IALSConfig, fit_ials

# (query vectors, candidate vectors, user of each interaction, candidate of each interaction)
Case = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]

TARGET = 50.0


def movielens() -> Case:
    """Test rows of MovieLens-100K, stratified split, with the vectors of iALS."""
    parts = split(load("100k"), "stratified")
    model = fit_ials(Interactions.from_ratings(parts.train), IALSConfig(), seed=0, now=None)
    rows = model.users.encode(parts.test["user_id"])
    candidates = model.movies.encode(parts.test["movie_id"])
    return model.user_factors, model.movie_factors, rows, candidates


def synthetic() -> Case:
    """As many users, movies and rows as `movielens`, with random vectors."""
    rng = np.random.default_rng(0)
    users, movies, rows = 943, 1682, 24_934
    cells = rng.choice(users * movies, size=rows, replace=False)
    queries, candidates = (rng.normal(size=(n, 32)).astype(np.float32) for n in (users, movies))
    return queries, candidates, cells // movies, cells % movies


def best_time(call: Callable[[], dict[str, float]], repeats: int) -> tuple[float, dict[str, float]]:
    """The shortest of some runs in seconds, and the result."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        values = call()
        seconds.append(time.perf_counter() - start)
    return min(seconds), values


def main(arguments: list[str] | None = None) -> int:
    """Measures both, prints a table, returns the exit code."""
    parser = argparse.ArgumentParser(description="TFRS's factorized top-k against ours: the same rows, one process.")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each, of which the shortest counts (default 3)")
    repeats = parser.parse_args(arguments).repeats
    try:
        case, source = movielens(), "MovieLens-100K, stratified split, iALS vectors"
    except DataError as error:
        print(f"MovieLens-100K is not at hand ({error}): random vectors of the same size instead")
        case, source = synthetic(), "random vectors"
    queries, candidates, rows, _ = case
    print(f"{source}: {len(rows):,} rows, {len(queries):,} users, {len(candidates):,} movies, {queries.shape[1]} dims")
    slow_seconds, slow = best_time(lambda: factorized_top_k_streaming(*case), repeats)
    fast_seconds, fast = best_time(lambda: factorized_top_k(*case), max(repeats, 10))
    print(f"{'':24}{'TFRS streaming':>16}{'fast exact':>14}")
    for name in slow:
        print(f"{name:24}{slow[name]:16.6f}{fast[name]:14.6f}")
    difference = max(abs(slow[name] - fast[name]) for name in slow)
    ratio = slow_seconds / fast_seconds
    print(f"{'seconds':24}{slow_seconds:16.4f}{fast_seconds:14.4f}")
    print(f"ratio {ratio:.0f} (target {TARGET:.0f}), largest difference {difference:.1e}")
    return 0 if ratio >= TARGET and difference <= 1e-6 else 1


if __name__ == "__main__":
    sys.exit(main())
