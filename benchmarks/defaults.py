"""The default retrieval model on other data, against EASE and iALS: ``python -m benchmarks.defaults [--write]``.

Real ratings thinned out and stripped, and generated ones of several sizes and densities; nothing is tuned for them.
Each comparison is a process of its own, whose seconds and peak memory are reported; ``--write`` keeps the record in
``docs/results/defaults.json``.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.shared.record import Numbers, command
from benchmarks.shared.turns import timed
from tfrs_lab.data import generate, load, split

MODELS = ("ease", "ials", "retrieval")


@dataclass(frozen=True)
class Data:
    """Ratings to compare on, split by the command or given as train and test ``files``."""

    name: str
    ratings: Callable[[], pl.DataFrame]
    files: bool = False


def _real(share: float = 1.0, users: int | None = None) -> pl.DataFrame:
    ratings = load("100k").ratings
    if users is not None:
        chosen = ratings["user_id"].unique().sort().sample(users, seed=0)
        ratings = ratings.filter(pl.col("user_id").is_in(chosen.implode()))
    return ratings.sample(fraction=share, seed=0)


DATA = (
    Data("100k, three in ten rows", lambda: _real(share=0.3)),
    Data("100k, 200 users", lambda: _real(users=200)),
    Data("100k, ids only, as train and test files", lambda: _real().select("user_id", "movie_id"), files=True),
    Data("generated, small", lambda: generate(300, 200, 6_000, seed=0).ratings),
    Data("generated, sparse", lambda: generate(2_000, 1_500, 60_000, seed=0).ratings),
    Data("generated, dense", lambda: generate(1_000, 800, 160_000, seed=0).ratings),
    Data("generated, a million", lambda: generate(6_000, 4_000, 1_000_000, seed=0).ratings),
)


def compared(data: Data) -> dict[str, Any]:
    """Compares the models on the data in a process of its own."""
    ratings = data.ratings()
    with tempfile.TemporaryDirectory(prefix="tfrs-lab-defaults-") as temporary:
        words = [*_written(data, ratings, Path(temporary)), "--json", "--out", str(Path(temporary, "out"))]
        ended = timed([sys.executable, "-m", "tfrs_lab.experiments", "compare", *MODELS, *words])
    if ended.problem:
        raise RuntimeError(f"{data.name}: {ended.problem}")
    runs = json.loads(ended.said)["runs"]
    return {
        "name": data.name,
        "sizes": [ratings["user_id"].n_unique(), ratings["movie_id"].n_unique(), ratings.height],
        "ndcg@10": {name: runs[name]["test"]["ndcg@10"] for name in MODELS},
        "confidence": {name: runs[name]["confidence"]["ndcg@10"] for name in MODELS},
        "train_seconds": runs["retrieval"]["seconds"]["train"],
        "peak_gb": ended.peak_gb,
    }


def _written(data: Data, ratings: pl.DataFrame, folder: Path) -> list[str]:
    """Writes the files that the command is to read; its options."""
    if not data.files:
        ratings.write_csv(folder / "ratings.csv")
        return ["--ratings", str(folder / "ratings.csv"), "--split", "stratified"]
    cut = split(load("100k"), "random", seed=0)
    for name, rows in (("train", cut.train_and_validation), ("test", cut.test)):
        rows.select(ratings.columns).write_csv(folder / f"{name}.csv")
    return ["--train", str(folder / "train.csv"), "--test", str(folder / "test.csv")]


def measure(only: int | None) -> Numbers:
    """All data sets, or that with a number."""
    rows = []
    for data in DATA if only is None else [DATA[only]]:
        rows.append(compared(data))
        print(rows[-1], flush=True)
    return Numbers("defaults", {"rows": rows})


main = command(__doc__, measure, only=(int, "number of the data set in the list, from 0"))


if __name__ == "__main__":
    sys.exit(main())
