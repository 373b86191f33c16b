"""A catalogue cut into shards with a ScaNN index each, as where one machine does not hold it.

    python -m benchmarks.sharded [--movies 1000000] [--write]

Vectors of 64 numbers are dealt at random to 1, 2, 4 and 8 shards. Each shard's index has the usual setting for its
size and answers every query with its 100 best, of which the 100 best of all are kept. Shown are recall@100 against the
exact order, and what one query takes: its slowest shard and the merge, had each shard a machine of its own. Shards
are built and timed one after the other, so that they do not wait for each other. Exits 1 if cutting loses more than
.01 of recall.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np

from benchmarks.index import DIM, vectors
from benchmarks.shared.record import Record, Target, command, cores, versions_here
from tfrs_lab.serving.backend import tf
from tfrs_lab.serving.index import ScannIndex, usual_setting
from tfrs_lab.serving.measure import Search, recall

QUERIES, TIMED, K = 1000, 500, 100
SHARDS = (1, 2, 4, 8)
LOST = 0.01
COLUMNS = {
    **{"shards": ",", "vectors each": ",.0f", "build s, a shard": ",.1f", "recall@100": ".4f"},
    **{"a shard ms": ".2f", "slowest ms": ".2f", "slowest ms, p99": ".2f", "merge ms": ".3f"},
}

Answers = tuple[np.ndarray, np.ndarray]
"""Scores float32 and rows int32, both [queries, K], best first."""


def exact(movies: np.ndarray, queries: np.ndarray, block: int = 50) -> np.ndarray:
    """[queries, K] int32 rows with the largest inner products."""
    found = [tf.math.top_k(queries[at : at + block] @ movies.T, K).indices for at in range(0, len(queries), block)]
    return np.concatenate(found)


def merged(answers: list[Answers]) -> np.ndarray:
    """[queries, K] best rows of all shards' answers.

    >>> low, high = (np.array([[2.0] * K]), np.array([[7] * K])), (np.array([[3.0] * K]), np.array([[8] * K]))
    >>> set(merged([low, high])[0].tolist())
    {8}
    """
    scores, rows = (np.concatenate(side, axis=1) for side in zip(*answers, strict=True))
    return np.take_along_axis(rows, np.argsort(-scores, axis=1, kind="stable")[:, :K], axis=1)


def milliseconds(call: Callable[[int], object], many: int) -> np.ndarray:
    """[many]: what each call with 0, 1, ... took, after a first that does not count."""
    call(0)
    times = []
    for place in range(many):
        started = time.perf_counter()
        call(place)
        times.append(1e3 * (time.perf_counter() - started))
    return np.array(times)


def measure_shard(movies: np.ndarray, rows: np.ndarray, queries: np.ndarray) -> tuple[float, Answers, np.ndarray]:
    """Seconds to build, answers, and milliseconds of queries [TIMED] one by one."""
    setting, started = usual_setting(len(rows)), time.perf_counter()
    search = Search(ScannIndex(movies[rows], rows, setting))
    built = time.perf_counter() - started
    rest = [tf.constant(K), *search.arguments(setting)]
    scores, found = search.run(tf.constant(queries), *rest)
    times = milliseconds(lambda place: search.run(tf.constant(queries[place : place + 1]), *rest), TIMED)
    return built, (scores.numpy(), found.numpy()), times


def measure_shards(movies: np.ndarray, queries: np.ndarray, true: np.ndarray, shards: int) -> dict[str, float]:
    """A row of the table."""
    owner = np.random.default_rng(0).integers(shards, size=len(movies))
    every = [measure_shard(movies, np.flatnonzero(owner == one).astype(np.int32), queries) for one in range(shards)]
    answers, times = [answer for _, answer, _ in every], np.stack([times for _, _, times in every])

    def merge(place: int) -> np.ndarray:
        return merged([(scores[place : place + 1], rows[place : place + 1]) for scores, rows in answers])

    merging = milliseconds(merge, TIMED)
    slowest = times.max(axis=0) + merging
    built, found = np.mean([built for built, _, _ in every]), recall(merged(answers), true)
    took = (np.median(times), np.median(slowest), np.quantile(slowest, 0.99), np.median(merging))
    values = (shards, len(movies) / shards, float(built), found, *map(float, took))
    return dict(zip(COLUMNS, values, strict=True))


def measure(movies: int) -> Record:
    """All numbers of shards."""
    made, queries = vectors(movies, QUERIES)
    true = exact(made, queries)
    rows = [measure_shards(made, queries, true, shards) for shards in SHARDS]
    lost = rows[0]["recall@100"] - min(row["recall@100"] for row in rows)
    conditions = [f"{movies:,} vectors of {DIM} numbers", "the usual setting for a shard's size", cores()]
    targets = [Target("recall lost by cutting", lost, LOST, "", least=False)]
    return Record("sharded", COLUMNS, rows, conditions, versions_here("scann", "tensorflow"), targets)


main = command(__doc__, measure, movies=(1_000_000, "vectors to generate"))


if __name__ == "__main__":
    sys.exit(main())
