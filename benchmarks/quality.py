"""How long it takes from nothing to lists with nDCG@10 of at least .488 on MovieLens-100K's stratified split.

    python -m benchmarks.quality [--rounds 3] [--write]

The clock starts and ends with a contender's process: imports, reading, training, and the best movies of each user
without those of train. All get the same 75,066 train rows, and all lists are scored by this project's evaluation. Ours
are ``recs run retrieval`` as users call it, which also fits once more on validation, scores and writes a report; and
one fit with settings chosen so, as the peers have. A contender that takes longer than a minute runs once, and is
stopped after five; the others take turns and the best counts. Exits 1 if ``recs run`` takes 30 s, or if it is not 5
times as fast as BiVAE and LightGCN and better.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.contenders.environment import peers_python
from benchmarks.pages import ROOT
from benchmarks.record import TURNS, Record, Target, command, cores, versions_here
from benchmarks.turns import last_line, timed
from tfrs_lab.data import Interactions, load, split
from tfrs_lab.evaluation import score_topk

ASKED, SECONDS, TIMES, SLOW, LIMIT = 0.488, 30.0, 5.0, 60.0, 300.0
RUN = "TFRS Lab, linear, recs run"
PEERS = {
    "implicit iALS": "ials",
    "RecTools EASE": "rectools",
    "LightFM WARP": "lightfm",
    "RecBole LightGCN": "lightgcn",
    "cornac BiVAE": "bivae",
}
PACKAGES = ("pm-implicit", "rectools", "rectools-lightfm", "recbole", "cornac", "torch")
BEHIND = ("RecBole LightGCN", "cornac BiVAE")


@dataclass(frozen=True)
class Turn:
    """One process: seconds on the clock, seconds of the processors, and nDCG@10 of what it wrote if it ended."""

    seconds: float
    busy: float
    ndcg: float | None

    @property
    def reached(self) -> str:
        """When it had what is asked for."""
        if self.ndcg is None:
            return f"not within {LIMIT:.0f} s"
        return f"{self.seconds:.1f} s" if self.ndcg >= ASKED else "not reached"


class Task:
    """What every contender gets, as files in ``folder``, and how its lists are scored."""

    def __init__(self, folder: Path) -> None:
        parts = split(load("100k"), "stratified")
        self.seen, self.test = parts.train_and_validation, parts.test
        rows = Interactions.from_ratings(self.seen)
        self.users, self.movies = np.array(rows.users.ids), np.array(rows.movies.ids)
        self.file, self.out = folder / "rows.npz", folder / "lists.npz"
        np.savez(self.file, user=rows.user, movie=rows.movie, timestamp=np.asarray(rows.timestamp))

    def ndcg(self) -> float:
        """Of the lists in ``out``, [users, length] rows of movies, best first."""
        best = np.load(self.out, allow_pickle=False)["movie"]
        columns = {"user_id": np.repeat(self.users, best.shape[1]), "movie_id": self.movies[best.ravel()]}
        lists = pl.DataFrame({**columns, "rank": np.tile(np.arange(1, best.shape[1] + 1), len(best))})
        return float(score_topk(lists, self.test, self.seen, ks=(10,), bootstrap=0).metrics["ndcg@10"])


def commands(task: Task) -> dict[str, list[str]]:
    """The contenders, and the commands that start them."""
    run = ["run", "retrieval", "--split", "stratified", "--retrieval.parts", "linear", "--overwrite", "--out"]

    def contender(python: str | Path, name: str) -> list[str]:
        return [str(python), "-m", "benchmarks.contenders.quality", name, str(task.file), str(task.out)]

    return {
        RUN: [sys.executable, "-m", "tfrs_lab.experiments.cli", *run, str(task.out.with_name("run"))],
        **{f"TFRS Lab, {part}, one fit": contender(sys.executable, part) for part in ("linear", "reconstruction")},
        **{name: contender(peers_python(), word) for name, word in PEERS.items()},
    }


def turn(name: str, command: list[str], task: Task) -> Turn | str:
    """Runs a contender; what it said last if it failed."""
    paths = {**os.environ, "PYTHONPATH": str(ROOT)}  # RecBole leaves logs where it runs
    seconds, busy, done = timed(command, cwd=task.out.parent, env=paths, timeout=LIMIT)
    if done is None:
        return Turn(seconds, busy, None)
    if done.returncode:
        return last_line(done.stderr)
    if name == RUN:
        metrics = json.loads((task.out.with_name("run") / "metrics.json").read_text(encoding="utf-8"))
        return Turn(seconds, busy, metrics["test"]["ndcg@10"])
    return Turn(seconds, busy, task.ndcg())


def measure(rounds: int) -> Record:
    """Runs the contenders in turns."""
    best: dict[str, Turn] = {}
    left_out: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="tfrs-lab-quality-") as folder:
        task = Task(Path(folder))
        for _ in range(rounds):
            for name, command in commands(task).items():
                if name in left_out or (name in best and best[name].seconds > SLOW):
                    continue
                found = turn(name, command, task)
                if isinstance(found, str):
                    left_out[name] = found
                elif name not in best or found.seconds < best[name].seconds:
                    best[name] = found
    return record(best, left_out)


def record(best: dict[str, Turn], left_out: dict[str, str]) -> Record:
    """The table and the verdicts."""
    ours = best[RUN]
    columns = {"by": "", "s": ",.1f", "processor s": ",.1f", "nDCG@10": ".4f", ".488 after": ""}
    rows: list[dict[str, Any]] = []
    for name, one in sorted(best.items(), key=lambda pair: pair[1].seconds):
        rows.append(dict(zip(columns, (name, one.seconds, one.busy, one.ndcg, one.reached), strict=True)))
    targets = [
        Target("recs run reaches", ours.ndcg or 0.0, ASKED, "nDCG@10"),
        Target("in", ours.seconds, SECONDS, "s", least=False),
    ]
    for name in BEHIND:
        if name in best:
            targets.append(Target(f"against {name}", best[name].seconds / ours.seconds, TIMES))
            targets.append(Target("with nDCG@10", ours.ndcg or 0.0, best[name].ndcg or 0.0, ""))
    conditions = ["MovieLens-100K, stratified split", "75,066 train rows", "lists of 100", cores()]
    return Record("quality", columns, rows, conditions, versions(), targets, left_out)


def versions() -> dict[str, str]:
    """Of this project's packages and the peers'."""
    code = f"from importlib.metadata import version; print(*map(version, {PACKAGES}))"
    asked = subprocess.run([str(peers_python()), "-c", code], capture_output=True, text=True, check=False)
    return {**versions_here("tensorflow"), **dict(zip(PACKAGES, asked.stdout.split(), strict=False))}


main = command(__doc__, measure, rounds=(3, TURNS))


if __name__ == "__main__":
    sys.exit(main())
