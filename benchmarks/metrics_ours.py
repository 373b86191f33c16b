"""This project's metrics, of given lists and factorized, and TFRS's streaming metric beside the latter."""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
import polars as pl

from benchmarks.factorized import movielens
from benchmarks.factorized_tfrs import factorized_top_k_streaming
from benchmarks.worker import serve
from tfrs_lab.evaluation import score_topk
from tfrs_lab.evaluation.factorized import factorized_top_k


def main() -> None:
    """Answers "lists", "factorized" and "streaming" with seconds and metrics."""
    stored = np.load(sys.argv[1], allow_pickle=False)
    named = {name: pl.Series(stored[name]).cast(pl.String) for name in ("user", "movie", "true_user", "true_movie")}
    lists = pl.DataFrame({"user_id": named["user"], "movie_id": named["movie"], "rank": stored["rank"]})
    truth = pl.DataFrame({"user_id": named["true_user"], "movie_id": named["true_movie"]})
    case = movielens()
    calls: dict[str, Any] = {
        "lists": lambda: score_topk(lists, truth, ks=(10,), bootstrap=0).metrics,
        "factorized": lambda: factorized_top_k(*case),
        "streaming": lambda: factorized_top_k_streaming(*case),
    }

    def measure(word: str) -> dict[str, Any]:
        started = time.perf_counter()
        metrics = calls[word]()
        return {"seconds": time.perf_counter() - started, "metrics": dict(metrics)}

    serve(measure, ("polars", "tensorflow", "tensorflow-recommenders"))


if __name__ == "__main__":
    main()
