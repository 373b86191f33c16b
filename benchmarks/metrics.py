"""The same recommendations scored by this project, RecTools and LensKit; factorized top-k by this project and TFRS.

    python -m benchmarks.metrics [--rounds 5] [--write]

The hundred best movies of each user by iALS, MovieLens-100K, stratified split. Tables are read before the clock starts;
each tool gets them in its own form, is a process of its own, they take turns and the best turn counts. RecTools and
LensKit compute the metrics named; this project also MAP, coverage and more. Exits 1 if factorized top-k
is not 50 times as fast as TFRS's streaming metric and equal to it, or if a metric differs whose definition is the same.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.environment import peers_python
from benchmarks.record import Record, Target, cores
from benchmarks.turns import Contender, Failed
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
    """Lets all take turns."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        file = Path(folder, "lists.npz")
        write_lists(file)
        ours = stack.enter_context(Contender("benchmarks.metrics_ours", [str(file)]))
        present, left_out = {OURS: (ours, "lists"), **{name: (ours, word) for name, word in FACTORIZED.items()}}, {}
        for name, module in (("RecTools", "metrics_rectools"), ("LensKit", "metrics_lenskit")):
            try:
                peer = Contender(f"benchmarks.peers.{module}", [str(file)], python=peers_python())
                present[name] = stack.enter_context(peer), ""
            except Failed as error:
                left_out[name] = str(error)
        best: dict[str, dict[str, Any]] = {}
        for _ in range(rounds):
            for name, (contender, word) in present.items():
                turn = contender.turn(word)
                if name not in best or turn["seconds"] < best[name]["seconds"]:
                    best[name] = turn
        versions = {name: version for one, _ in present.values() for name, version in one.versions.items()}
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


def main(words: list[str] | None = None) -> int:
    """Measures, prints, keeps; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="turns of each, of which the best counts (default 5)")
    parser.add_argument("--write", action="store_true", help="keep the record in docs/results/metrics.json")
    given = parser.parse_args(words)
    return measure(given.rounds).finish(given.write)


if __name__ == "__main__":
    sys.exit(main())
