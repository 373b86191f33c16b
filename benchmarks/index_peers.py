"""FAISS and hnswlib with the settings that the benchmark of indexes sweeps."""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Candidate:
    """An index of a peer, searched in a certain way.

    Attributes:
        setting: In words.
        build: Seconds that the index took.
        search: From [queries, dim] float32 to [queries, k] rows.
    """

    setting: str
    build: float
    search: Callable[[np.ndarray], np.ndarray]


def faiss_ivf_pq(movies: np.ndarray, k: int) -> list[Candidate]:
    """Inverted lists with product codes of 4 bits, fast scan, and exact reordering.

    Raises:
        ImportError: faiss-cpu is not installed.
    """
    faiss: Any = importlib.import_module("faiss")  # its own annotations lack what it takes
    lists = round(2 * len(movies) ** 0.5)
    start = time.perf_counter()
    codes = f"IVF{lists},PQ{movies.shape[1] // 2}x4fsr,RFlat"  # residual codes: without, recall stays lower
    index: Any = faiss.index_factory(movies.shape[1], codes, faiss.METRIC_INNER_PRODUCT)
    index.train(movies)
    index.add(movies)
    seconds = time.perf_counter() - start

    def search(queries: np.ndarray, probes: int, factor: int) -> np.ndarray:
        inner = faiss.SearchParametersIVF(nprobe=probes)
        how = faiss.IndexRefineSearchParameters(k_factor=factor, base_index_params=inner)
        rows: np.ndarray = index.search(queries, k, params=how)[1]
        return rows

    return [
        Candidate(
            f"{lists} lists, {probes} searched, refine {factor * k}",
            seconds,
            partial(search, probes=probes, factor=factor),
        )
        for probes in (16, 32, 64, 128, 256)
        for factor in (10, 20, 40, 80)
    ]


def hnsw(movies: np.ndarray, k: int) -> list[Candidate]:
    """A graph of neighbours.

    Raises:
        ImportError: hnswlib is not installed.
    """
    import hnswlib

    found = []
    threads = os.cpu_count() or 1
    start = time.perf_counter()
    index: Any = hnswlib.Index(space="ip", dim=movies.shape[1])
    index.init_index(max_elements=len(movies), M=16, ef_construction=200, random_seed=0)
    index.add_items(movies, num_threads=threads)
    seconds = time.perf_counter() - start
    for ef in (10, 15, 20, 30, 40, 50, 70, 100, 150, 250, 400):

        def search(queries: np.ndarray, ef: int = ef) -> np.ndarray:
            index.set_ef(ef)
            rows: np.ndarray = index.knn_query(queries, k, num_threads=threads)[0]
            return rows

        found.append(Candidate(f"M 16, ef {ef}", seconds, search))
    return found


PEERS: dict[str, Callable[[np.ndarray, int], list[Candidate]]] = {"FAISS IVF-PQ": faiss_ivf_pq, "hnswlib": hnsw}
