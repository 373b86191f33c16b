"""One part of the retrieval model, fitted once with settings that were chosen on validation before."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.peers.lists import write_lists
from tfrs_lab.data import Interactions
from tfrs_lab.models.retrieval.config import RetrievalConfig
from tfrs_lab.models.retrieval.specification import SPECIFICATION
from tfrs_lab.models.specification import FitContext

PLANS: dict[str, dict[str, Any]] = {
    "linear": {"epochs": {}, "dimension": 64},
    "reconstruction": {"epochs": {"reconstruction": 65}, "dimension": 128},
}
"""What ``recs run retrieval --split stratified --retrieval.parts PART`` chooses on validation: its ``plan.json``."""
REST = {"recency": {"trend": 0.0, "session": 0.0, "now": "latest"}, "new_users": "popularity"}


def main() -> None:
    """Fits the part that is the third argument on the rows of the first, writes lists to the second."""
    stored = np.load(sys.argv[1], allow_pickle=False)
    part: Any = sys.argv[3]
    columns = {"user_id": "user", "movie_id": "movie", "timestamp": "timestamp"}
    table = pl.DataFrame({ours: stored[name] for ours, name in columns.items()})
    rows = Interactions.from_ratings(table.with_columns(pl.col("user_id", "movie_id").cast(pl.String).str.zfill(4)))
    with tempfile.TemporaryDirectory() as folder:
        plan = {**PLANS[part], **REST, "weights": {part: 1.0}}
        context = FitContext(0, Path(folder, "checkpoints"), Path(folder, "tensorboard"), plan=plan)
        model = SPECIFICATION.fit(RetrievalConfig(parts=(part,)), rows, context).recommender
    write_lists(model.queries @ model.candidates.T, stored["user"], stored["movie"])


if __name__ == "__main__":
    main()
