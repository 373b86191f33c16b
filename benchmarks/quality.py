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

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.contenders.environment import peers_python
from benchmarks.shared.record import TURNS, Record, Target, command, cores, versions_here
from benchmarks.shared.turns import away, timed
from tfrs_lab.data import load, split
from tfrs_lab.evaluation import score_topk

ASKED, SECONDS, TIMES, SLOW, LIMIT = 0.488, 30.0, 5.0, 60.0, 300.0
RUN = "TFRS Lab, linear, recs run"
PEERS = {
    "implicit iALS": "ials",
    "RecTools EASE": "ease",
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


def commands(files: dict[str, Path]) -> dict[str, list[str]]:
    """The contenders, and the commands that start them."""
    run = ["run", "retrieval", "--split", "stratified", "--retrieval.parts", "linear", "--overwrite", "--out"]

    def contender(python: str | Path, name: str) -> list[str]:
        return [str(python), "-m", "benchmarks.contenders.lists", name, *map(str, files.values())]

    return {
        RUN: [sys.executable, "-m", "tfrs_lab.experiments", *run, str(files["lists"].with_name("run"))],
        **{f"TFRS Lab, {part}, one fit": contender(sys.executable, part) for part in ("linear", "reconstruction")},
        **{name: contender(peers_python(), word) for name, word in PEERS.items()},
    }


def turn(name: str, command: list[str], files: dict[str, Path]) -> Turn | str:
    """Runs a contender; what it said last if it failed."""
    ended = timed(command, limit=LIMIT, **away(files["lists"].parent))
    if ended.status:
        return ended.problem
    if ended.problem:
        return Turn(ended.seconds, ended.busy, None)
    lists = files["lists"].with_name("run") / "topk.parquet" if name == RUN else files["lists"]
    tables = [pl.read_parquet(file) for file in (lists, files["asked"], files["known"])]
    found = score_topk(*tables, ks=(10,), bootstrap=0).metrics
    return Turn(ended.seconds, ended.busy, float(found["ndcg@10"]))


def measure(rounds: int) -> Record:
    """Runs the contenders in turns."""
    best: dict[str, Turn] = {}
    left_out: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="tfrs-lab-quality-") as folder:
        files = {name: Path(folder, f"{name}.parquet") for name in ("known", "asked", "lists")}
        parts = split(load("100k"), "stratified")
        parts.train_and_validation.write_parquet(files["known"])
        parts.test.write_parquet(files["asked"])
        for _ in range(rounds):
            for name, command in commands(files).items():
                if name in left_out or (name in best and best[name].seconds > SLOW):
                    continue
                found = turn(name, command, files)
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
