"""The same recommendations scored by this project, RecTools and LensKit; factorized top-k by this project and TFRS.

    python -m benchmarks.metrics [--rounds 5] [--write]

The hundred best movies of each user by iALS, MovieLens-100K, stratified split. Tables are read before the clock starts;
each tool gets them in its own form, is a process of its own, they take turns and the best turn counts. RecTools and
LensKit compute the metrics named; this project also MAP, coverage and more. Exits 1 if factorized top-k
is not 50 times as fast as TFRS's streaming metric and equal to it, or if a metric differs whose definition is the same.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.contenders.environment import peers_python
from benchmarks.shared.record import TURNS, Record, Target, command, cores
from benchmarks.shared.turns import Contender, ready, versions_of
from tfrs_lab.data import Interactions, load, split
from tfrs_lab.evaluation import evaluate
from tfrs_lab.models.baselines import IALSConfig, fit_ials

OURS = "TFRS Lab"
NAMES = ("precision@10", "recall@10", "ndcg@10", "map@10", "mrr@10", "hit_rate@10")
OTHERWISE = {"RecTools": ("map@10",), "LensKit": ("ndcg@10", "recall@10")}
"""What a tool defines otherwise: RecTools divides MAP by all relevant; see docs/benchmarks.md."""
FACTORIZED = {"TFRS Lab, factorized": "factorized", "TFRS, streaming": "streaming"}


def write_lists(file: Path) -> None:
    """``user``, ``movie``, ``rank`` [entries] of iALS's lists; ``true_user``, ``true_movie`` [rows] that were rated."""
    parts = split(load("100k"), "stratified")
    seen = parts.train_and_validation
    model = fit_ials(Interactions.from_ratings(seen), IALSConfig(), seed=0, now=None)
    topk = evaluate(model, parts.test, seen=seen, bootstrap=0).topk
    columns = {"user": topk["user_id"], "movie": topk["movie_id"]}
    columns |= {"true_user": parts.test["user_id"], "true_movie": parts.test["movie_id"]}
    numbers: dict[str, Any] = {name: column.cast(int).to_numpy() for name, column in columns.items()}
    np.savez(file, rank=topk["rank"].to_numpy(), **numbers)


def measure(rounds: int) -> Record:
    """Runs the contenders in turns."""
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder, "lists.npz"))
        write_lists(Path(file))
        contenders = {OURS: Contender("benchmarks.contenders.metrics", ["ours", file])}
        for name in OTHERWISE:
            words = [name.lower(), file]
            contenders[name] = Contender("benchmarks.contenders.metrics", words, python=peers_python())
        with ready(contenders, OURS) as (present, left_out):
            asked = {name: (one, "lists") for name, one in present.items()}
            asked |= {name: (present[OURS], word) for name, word in FACTORIZED.items()}
            order = [OURS, *FACTORIZED, *(name for name in present if name != OURS)]
            best: dict[str, dict[str, Any]] = {}
            for _ in range(rounds):
                for name in order:
                    contender, word = asked[name]
                    turn = contender.turn(word)
                    best[name] = min(best.get(name, turn), turn, key=lambda one: one["seconds"])
            versions = versions_of(present)
    return record(best, versions, left_out)


def record(best: dict[str, dict[str, Any]], versions: dict[str, str], left_out: dict[str, str]) -> Record:
    """The table and the verdicts."""
    rows = []
    for name, turn in best.items():
        beside = best["TFRS Lab, factorized" if name in FACTORIZED else OURS]
        metrics = {metric: turn["metrics"].get(metric) for metric in NAMES}
        rows.append({"by": name, "ms": 1e3 * turn["seconds"], "ours": turn["seconds"] / beside["seconds"], **metrics})
    fast, slow = (best[name] for name in FACTORIZED)
    targets = [Target("factorized top-k against TFRS's", slow["seconds"] / fast["seconds"], 50.0)]
    targets.append(Target("which differs by", difference(fast, slow, ()), 1e-6, "", least=False))
    for name, otherwise in OTHERWISE.items():
        if name in best:
            away = difference(best[OURS], best[name], otherwise)
            targets.append(Target(f"{name}'s metrics of the same definition differ by", away, 1e-6, "", least=False))
    columns = {"by": "", "ms": ",.1f", "ours": ".1f", **dict.fromkeys(NAMES, ".6f")}
    conditions = ["MovieLens-100K, stratified split", "943 lists of 100", "24,934 test rows", cores()]
    return Record("metrics", columns, rows, conditions, versions, targets, left_out)


def difference(one: dict[str, Any], other: dict[str, Any], but: tuple[str, ...]) -> float:
    """The largest between metrics that both have."""
    common = (one["metrics"].keys() & other["metrics"].keys()) - set(but)
    return max(abs(one["metrics"][name] - other["metrics"][name]) for name in common)


main = command(__doc__, measure, rounds=(5, TURNS))


if __name__ == "__main__":
    sys.exit(main())
