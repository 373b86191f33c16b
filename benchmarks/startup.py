"""How long commands take from a cold start: ``recs --help`` and ``recs recommend`` from an export.

    python -m benchmarks.startup [--export OUT] [--rounds 5] [--write]

Each call is a process of its own and the shortest counts; seconds on the clock and of the processors. Importing
TensorFlow alone is measured for comparison. Without --export a toy of MovieLens-100K's size is asked. Exits 1 if the
first takes more than 1 s or the second more than 5 s.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.pages import ROOT
from benchmarks.shared.record import TURNS, Record, Target, command, cores, versions_here
from benchmarks.shared.turns import timed


def cold(words: list[str]) -> tuple[float, float]:
    """Seconds on the clock and of the processors that a Python process takes."""
    ended = timed([sys.executable, *words], cwd=ROOT)
    if ended.problem:
        raise RuntimeError(f"{' '.join(words)}: {ended.problem}")
    return ended.seconds, ended.busy


def measure(export: Path | None, user: str, rounds: int) -> Record:
    """All calls in turns."""
    what = "943 users, 1,682 movies, 128 dimensions" if export is None else "an export"
    with tempfile.TemporaryDirectory() as folder:
        if export is None:
            export = Path(folder)
            cold(["-m", "benchmarks.shared.toy_export", str(export / "1")])
        calls = {
            "recs --help": ["-m", "tfrs_lab.experiments.cli", "--help"],
            "recs recommend": ["-m", "tfrs_lab.experiments.cli", "recommend", str(export), "--user", user],
            "import tensorflow": ["-c", "import tensorflow"],
        }
        least = {name: (float("inf"), float("inf")) for name in calls}
        for _ in range(rounds):
            for name, words in calls.items():
                least[name] = min(least[name], cold(words))
    bounds = {"recs --help": 1.0, "recs recommend": 5.0}
    targets = [Target(name, least[name][0], bound, "s", least=False) for name, bound in bounds.items()]
    columns = {"command": "", "s": ".2f", "processor s": ".2f"}
    rows = [dict(zip(columns, (name, *seconds), strict=True)) for name, seconds in least.items()]
    versions = versions_here("tensorflow", "polars", "tyro")
    return Record("startup", columns, rows, [what, cores()], versions, targets)


main = command(
    __doc__,
    measure,
    export=(Path, "directory that recs export wrote"),
    user=("u0", "whom to recommend to: u0 is a user of the toy"),
    rounds=(5, TURNS),
)

if __name__ == "__main__":
    sys.exit(main())
