"""RecTools's metrics of given lists."""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
import pandas as pd
from rectools.metrics import MAP, MRR, NDCG, HitRate, Precision, Recall, calc_metrics

from benchmarks.worker import serve

METRICS = {
    "precision@10": Precision(k=10),
    "recall@10": Recall(k=10),
    "ndcg@10": NDCG(k=10, divide_by_achievable=True),
    "map@10": MAP(k=10),
    "mrr@10": MRR(k=10),
    "hit_rate@10": HitRate(k=10),
}


def main() -> None:
    """Answers with seconds and metrics."""
    stored = np.load(sys.argv[1], allow_pickle=False)
    lists = pd.DataFrame({"user_id": stored["user"], "item_id": stored["movie"], "rank": stored["rank"]})
    truth = pd.DataFrame({"user_id": stored["true_user"], "item_id": stored["true_movie"]})

    def measure(_: str) -> dict[str, Any]:
        started = time.perf_counter()
        metrics = calc_metrics(METRICS, lists, truth)
        seconds = time.perf_counter() - started
        return {"seconds": seconds, "metrics": {name: float(value) for name, value in metrics.items()}}

    serve(measure, ("rectools", "pandas"))


if __name__ == "__main__":
    main()
