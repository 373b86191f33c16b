"""LensKit's metrics of given lists."""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
import pandas as pd
from lenskit.data import ItemListCollection
from lenskit.metrics import NDCG, Hit, Precision, Recall, RecipRank, RunAnalysis

from benchmarks.worker import serve

METRICS = {
    "precision@10": Precision(10),
    "recall@10": Recall(10),
    "ndcg@10": NDCG(10),
    "mrr@10": RecipRank(10),
    "hit_rate@10": Hit(10),
}


def main() -> None:
    """Answers with seconds and metrics."""
    stored = np.load(sys.argv[1], allow_pickle=False)
    ranked = pd.DataFrame({"user_id": stored["user"], "item_id": stored["movie"], "rank": stored["rank"]})
    lists = ItemListCollection.from_df(ranked.assign(score=-ranked["rank"]), ["user_id"])
    known = pd.DataFrame({"user_id": stored["true_user"], "item_id": stored["true_movie"]})
    truth = ItemListCollection.from_df(known, ["user_id"])

    def measure(_: str) -> dict[str, Any]:
        started = time.perf_counter()
        analysis = RunAnalysis()
        for name, metric in METRICS.items():
            analysis.add_metric(metric, label=name)
        means = analysis.measure(lists, truth).list_metrics().mean()
        return {"seconds": time.perf_counter() - started, "metrics": {name: float(means[name]) for name in METRICS}}

    serve(measure, ("lenskit", "pandas"))


if __name__ == "__main__":
    main()
