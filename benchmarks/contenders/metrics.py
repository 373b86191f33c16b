"""Metrics of given lists by this project, RecTools and LensKit, and factorized top-k by this project and TFRS.

``python -m benchmarks.contenders.metrics NAME FILE`` answers with seconds and metrics; the peers' packages are in an
environment of their own, which has none of this project's.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.contenders.worker import serve

Metrics = dict[str, float]
Calls = tuple[dict[str, Callable[[], Metrics]], tuple[str, ...]]
"""What is measured, by the word that asks for it, and packages whose versions are reported."""


def ours(stored: Any) -> Calls:
    """``score_topk``, factorized top-k, and TFRS's streaming metric beside the latter."""
    import polars as pl

    from benchmarks.factorized import factorized_top_k_streaming, movielens
    from tfrs_lab.evaluation import score_topk
    from tfrs_lab.evaluation.factorized import factorized_top_k

    named = {name: pl.Series(stored[name]).cast(pl.String) for name in ("user", "movie", "true_user", "true_movie")}
    lists = pl.DataFrame({"user_id": named["user"], "movie_id": named["movie"], "rank": stored["rank"]})
    truth = pl.DataFrame({"user_id": named["true_user"], "movie_id": named["true_movie"]})
    case = movielens()
    calls: dict[str, Callable[[], Metrics]] = {
        "lists": lambda: dict(score_topk(lists, truth, ks=(10,), bootstrap=0).metrics),
        "factorized": lambda: factorized_top_k(*case),
        "streaming": lambda: factorized_top_k_streaming(*case),
    }
    return calls, ("polars", "tensorflow", "tensorflow-recommenders")


def rectools(stored: Any) -> Calls:
    """Its nDCG is asked to divide by what is achievable."""
    import pandas as pd
    from rectools.metrics import MAP, MRR, NDCG, HitRate, Precision, Recall, calc_metrics

    metrics = {
        **{"precision@10": Precision(k=10), "recall@10": Recall(k=10), "map@10": MAP(k=10), "mrr@10": MRR(k=10)},
        **{"ndcg@10": NDCG(k=10, divide_by_achievable=True), "hit_rate@10": HitRate(k=10)},
    }
    lists = pd.DataFrame({"user_id": stored["user"], "item_id": stored["movie"], "rank": stored["rank"]})
    truth = pd.DataFrame({"user_id": stored["true_user"], "item_id": stored["true_movie"]})
    return {"lists": lambda: calc_metrics(metrics, lists, truth)}, ("rectools", "pandas")


def lenskit(stored: Any) -> Calls:
    """Means over lists."""
    import pandas as pd
    from lenskit.data import ItemListCollection
    from lenskit.metrics import NDCG, Hit, Precision, Recall, RecipRank, RunAnalysis

    metrics = {"precision": Precision, "recall": Recall, "ndcg": NDCG, "mrr": RecipRank, "hit_rate": Hit}
    ranked = pd.DataFrame({"user_id": stored["user"], "item_id": stored["movie"], "rank": stored["rank"]})
    lists = ItemListCollection.from_df(ranked.assign(score=-ranked["rank"]), ["user_id"])
    relevant = pd.DataFrame({"user_id": stored["true_user"], "item_id": stored["true_movie"]})
    truth = ItemListCollection.from_df(relevant, ["user_id"])

    def analyse() -> Metrics:
        analysis = RunAnalysis()
        for name, metric in metrics.items():
            analysis.add_metric(metric(10), label=f"{name}@10")
        means = analysis.measure(lists, truth).list_metrics().mean()
        return {f"{name}@10": means[f"{name}@10"] for name in metrics}

    return {"lists": analyse}, ("lenskit", "pandas")


def main() -> None:
    """Answers as the contender that is the first argument, from the file that is the second."""
    contender = {"ours": ours, "rectools": rectools, "lenskit": lenskit}[sys.argv[1]]
    calls, packages = contender(np.load(sys.argv[2], allow_pickle=False))

    def measure(word: str) -> dict[str, Any]:
        started = time.perf_counter()
        metrics = calls[word]()
        seconds = time.perf_counter() - started
        return {"seconds": seconds, "metrics": {name: float(value) for name, value in metrics.items()}}

    serve(measure, packages)


if __name__ == "__main__":
    main()
