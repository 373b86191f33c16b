"""How long TFRS's tutorial "basic_retrieval" trains until its lists are at their best, and this project until as good.

    python -m benchmarks.tutorial [--rounds 2] [--write]

MovieLens-100K's stratified split, vectors of 32 numbers. The tutorial trains at batches of 8,192 by Adagrad at .1, as
it is published (it computes factorized top-k as it trains) and without those metrics. This project trains its
``in_batch`` part with that part's defaults, through the function that trains every experiment. The clock starts with
an empty model, its graph still to be built, and stops while nDCG@10 is computed after each epoch. Contenders are
processes of their own that take turns; the best turn counts. Exits 1 if this project is not 10 times as fast as the
published tutorial in getting to the best nDCG@10 that this has after any epoch.
"""

from __future__ import annotations

import sys

from benchmarks.record import TURNS, Record, Target, command, cores, versions_here
from benchmarks.turns import once

TIMES = 10.0
OURS, PUBLISHED = "TFRS Lab, in_batch", "TFRS tutorial, as published"
EPOCHS = {PUBLISHED: 3, "TFRS tutorial, no metrics while training": 3, OURS: 3}
"""Contender → how many epochs it trains: the tutorial trains three, and its lists only get worse then."""
WORDS = dict(zip(EPOCHS, ("published", "bare", "ours"), strict=True))
Epochs = list[tuple[float, float]]
"""After each epoch: seconds of training until then, and nDCG@10."""


def reached(epochs: Epochs, asked: float) -> float | None:
    """Seconds until nDCG@10 was at least so high.

    >>> reached([(2.0, 0.1), (4.0, 0.3)], 0.2), reached([(2.0, 0.1)], 0.2)
    (4.0, None)
    """
    return next((seconds for seconds, ndcg in epochs if ndcg >= asked), None)


def measure(rounds: int) -> Record:
    """Runs the contenders in turns."""
    best: dict[str, Epochs] = {}
    for _ in range(rounds):
        for name, epochs in EPOCHS.items():
            found = [tuple(one) for one in once("benchmarks.contenders.tutorial", [WORDS[name], str(epochs)])]
            best[name] = min(best.get(name, found), found, key=lambda epochs: epochs[-1][0])
    return record(best)


def record(best: dict[str, Epochs]) -> Record:
    """The table and the verdict."""
    asked = max(ndcg for _, ndcg in best[PUBLISHED])
    ours, there = reached(best[OURS], asked), reached(best[PUBLISHED], asked)
    columns = {"by": "", "nDCG@10 by epoch": "", "s by epoch": "", "s to the tutorial's best": ",.1f", "ours": ".1f"}
    rows = []
    for name, epochs in best.items():
        seconds = reached(epochs, asked)
        scores, times = " ".join(f"{ndcg:.3f}" for _, ndcg in epochs), " ".join(f"{taken:.1f}" for taken, _ in epochs)
        as_ours = seconds / ours if seconds and ours else None
        rows.append(dict(zip(columns, (name, scores, times, seconds, as_ours), strict=True)))
    times_as_fast = there / ours if there and ours else 0.0
    targets = [Target(f"to {asked:.3f} nDCG@10 against the published tutorial", times_as_fast, TIMES)]
    conditions = ["MovieLens-100K, stratified split", "75,066 train rows", "32 dimensions", cores()]
    versions = versions_here("tensorflow", "tf-keras", "tensorflow-recommenders")
    return Record("tutorial", columns, rows, conditions, versions, targets)


main = command(__doc__, measure, rounds=(2, TURNS))


if __name__ == "__main__":
    sys.exit(main())
