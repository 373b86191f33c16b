"""How long commands take from a cold start: ``recs --help`` and ``recs recommend`` from an export.

    python -m benchmarks.startup [--export OUT] [--rounds 5] [--write]

Each call is a process of its own and the shortest counts; seconds on the clock and of the processors. Importing
TensorFlow alone stands beside them. Without --export a toy of MovieLens-100K's size is asked. Exits 1 if the first
takes more than 1 s or the second more than 5 s.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.record import Record, Target, cores, versions_here
from benchmarks.turns import ROOT

TOY = """
import sys
from pathlib import Path
from benchmarks.toy_export import Toy, export_toy
export_toy(Toy.random(943, 1682, 128), Path(sys.argv[1]))
"""


def cold(words: list[str]) -> tuple[float, float]:
    """Seconds on the clock and of the processors that a Python process takes."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False)
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip().splitlines()[-1]}")
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(export: Path | None, user: str, rounds: int) -> list[dict[str, Any]]:
    """All calls in turns."""
    with tempfile.TemporaryDirectory() as folder:
        if export is None:
            export = Path(folder, "export")
            export.mkdir()
            subprocess.run([sys.executable, "-c", TOY, str(export / "1")], cwd=ROOT, check=True, capture_output=True)
        calls = {
            "recs --help": ["-m", "tfrs_lab.experiments.cli", "--help"],
            "recs recommend": ["-m", "tfrs_lab.experiments.cli", "recommend", str(export), "--user", user],
            "import tensorflow": ["-c", "import tensorflow"],
        }
        least = {name: (float("inf"), float("inf")) for name in calls}
        for _ in range(rounds):
            for name, words in calls.items():
                least[name] = min(least[name], cold(words))
    return [{"command": name, "s": wall, "processor s": busy} for name, (wall, busy) in least.items()]


def main(words: list[str] | None = None) -> int:
    """Measures, prints, keeps; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--export", type=Path, help="directory that recs export wrote")
    parser.add_argument("--user", default="u0", help="whom to recommend to (default u0, of the toy)")
    parser.add_argument("--rounds", type=int, default=5, help="calls of each, of which the best counts (default 5)")
    parser.add_argument("--write", action="store_true", help="keep the record in docs/results/startup.json")
    given = parser.parse_args(words)
    rows = measure(given.export, given.user, given.rounds)
    took = {row["command"]: row["s"] for row in rows}
    targets = [
        Target("recs --help", took["recs --help"], 1.0, "s", least=False),
        Target("recs recommend", took["recs recommend"], 5.0, "s", least=False),
    ]
    columns = {"command": "", "s": ".2f", "processor s": ".2f"}
    what = "943 users, 1,682 movies, 128 dimensions" if given.export is None else "an export"
    return Record(
        "startup", columns, rows, [what, cores()], versions_here("tensorflow", "polars", "tyro"), targets
    ).finish(given.write)


if __name__ == "__main__":
    sys.exit(main())
