"""From a CSV as large as MovieLens-20M to encoded parts of a split: this project, pandas, and TFDS's builder.

    python -m benchmarks.loading [--rows 20000263] [--rounds 2] [--write]

The files are generated (GroupLens's licence forbids to ship them) in the official format. Read, split by each user's
time and encode, each in a process of its own, imports not counted; the best of some turns counts. This project also
checks every line and keeps a copy as Parquet; pandas does neither, and in a second contest checks values (not lines)
and keeps a copy too. TFDS's builder only prepares the ratings, and a part of them: its seconds for all are those of
twice as many rows beyond those of half of them. Exits 1 if this project is not at least 3 times as fast as pandas and
50 times as fast as TFDS, or if the parts differ in size.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.environment import peers_python
from benchmarks.record import Record, Target, cores, versions_here
from benchmarks.turns import once
from tfrs_lab.data import generate
from tfrs_lab.data.sources.official_files import write_official

ROWS, USERS, MOVIES = 20_000_263, 138_493, 27_278
TFDS_ROWS = (20_000, 60_000)
OURS, PANDAS, LIKEWISE = "TFRS Lab", "pandas", "pandas, checks and a copy"


def write(rows: int, folder: Path) -> None:
    """Writes ratings.csv and movies.csv; users and movies shrink with the rows."""
    share = min(1.0, rows / ROWS)
    dataset = generate(max(int(USERS * share), 20), max(int(MOVIES * share), 400), rows, half_stars=True, by_user=True)
    folder.mkdir()
    write_official(dataset, "csv", folder)


def tfds_seconds(folder: Path, rows: int) -> float:
    """What TFDS's builder would take for so many rows, from what it takes for two small parts."""
    took = []
    for part in TFDS_ROWS:
        files = folder / f"part-{part}"
        write(part, files)
        words = ["prepare", "20m", "--files", str(files), "--tfds-dir", str(folder / f"tfds-{part}")]
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "tfrs_lab.data.sources.tfds_worker", *words], check=True, capture_output=True
        )
        took.append(time.perf_counter() - started)
    return (took[1] - took[0]) / (TFDS_ROWS[1] - TFDS_ROWS[0]) * rows


def measure(rows: int, rounds: int) -> Record:
    """Lets all take turns."""
    with tempfile.TemporaryDirectory(prefix="tfrs-lab-loading-") as temporary:
        files = Path(temporary, "ml-20m")
        write(rows, files)
        size = (files / "ratings.csv").stat().st_size
        turns: dict[str, list[dict[str, Any]]] = {OURS: [], PANDAS: [], LIKEWISE: []}
        for _ in range(rounds):
            turns[OURS].append(once("benchmarks.loading_ours", [str(files)]))
            for name, words in ((PANDAS, []), (LIKEWISE, [str(Path(temporary, "copy.parquet"))])):
                command = [str(files), *words]
                turns[name].append(once("benchmarks.peers.loading_pandas", command, python=peers_python()))
        found = {name: min(took, key=lambda one: one["seconds"]) for name, took in turns.items()}
        found["TFDS builder, extrapolated"] = {"seconds": tfds_seconds(Path(temporary), rows)}
    fastest = found[OURS]["seconds"]
    table = [
        {"by": name, "s": one["seconds"], "ours": one["seconds"] / fastest, "peak GB": one.get("peak_gb")}
        for name, one in found.items()
    ]
    if found[OURS]["rows"] != found[PANDAS]["rows"]:
        raise RuntimeError(f"expected equal parts, got {found[OURS]['rows']} and {found[PANDAS]['rows']}")
    targets = [
        Target("against pandas", found[PANDAS]["seconds"] / fastest, 3.0),
        Target("against TFDS's builder", found["TFDS builder, extrapolated"]["seconds"] / fastest, 50.0),
    ]
    conditions = [f"{rows:,} generated ratings in {size / 1e6:,.0f} MB of CSV", cores()]
    return Record(
        "loading",
        {"by": "", "s": ",.1f", "ours": ".1f", "peak GB": ".2f"},
        table,
        conditions,
        {**versions_here("polars", "tensorflow-datasets"), "pandas": found[PANDAS]["pandas"]},
        targets,
    )


def main(words: list[str] | None = None) -> int:
    """Measures, prints, keeps; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=ROWS, help="ratings to generate (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=2, help="turns of each, of which the best counts (default 2)")
    parser.add_argument("--write", action="store_true", help="keep the record in docs/results/loading.json")
    given = parser.parse_args(words)
    return measure(given.rows, given.rounds).finish(given.write)


if __name__ == "__main__":
    sys.exit(main())
