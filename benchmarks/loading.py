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

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.contenders.environment import peers_python
from benchmarks.shared.record import TURNS, Record, Target, command, cores, versions_here
from benchmarks.shared.turns import once
from tfrs_lab.data import generate
from tfrs_lab.data.sources.official_files import write_official

ROWS, USERS, MOVIES = 20_000_263, 138_493, 27_278
TFDS_ROWS = (20_000, 60_000)
OURS, PANDAS, LIKEWISE, TFDS = "TFRS Lab", "pandas", "pandas, checks and a copy", "TFDS builder, extrapolated"


def write(rows: int, folder: Path) -> None:
    """Writes ratings.csv and movies.csv; users and movies shrink with the rows."""
    share = min(1.0, rows / ROWS)
    dataset = generate(max(int(USERS * share), 20), max(int(MOVIES * share), 400), rows, half_stars=True, by_user=True)
    folder.mkdir()
    write_official(dataset, "csv", folder)


def tfds_seconds(folder: Path, rows: int) -> float:
    """What TFDS's builder would take for a number of rows, from what it takes for two small parts."""
    took = []
    for part in TFDS_ROWS:
        files = folder / f"part-{part}"
        write(part, files)
        words = ["prepare", "20m", "--files", str(files), "--tfds-dir", str(folder / f"tfds-{part}")]
        command = [sys.executable, "-m", "tfrs_lab.data.sources.tfds_worker", *words]
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        took.append(time.perf_counter() - started)
    return (took[1] - took[0]) / (TFDS_ROWS[1] - TFDS_ROWS[0]) * rows


def measure(rows: int, rounds: int) -> Record:
    """Runs the contenders in turns."""
    with tempfile.TemporaryDirectory(prefix="tfrs-lab-loading-") as temporary:
        files = Path(temporary, "ml-20m")
        write(rows, files)
        size = (files / "ratings.csv").stat().st_size
        copy = str(Path(temporary, "copy.parquet"))
        ours, pandas = (f"benchmarks.contenders.loading:{name}" for name in ("ours", "by_pandas"))
        contenders: dict[str, tuple[str, list[str], Path | None]] = {
            OURS: (ours, [str(files)], None),
            PANDAS: (pandas, [str(files)], peers_python()),
            LIKEWISE: (pandas, [str(files), copy], peers_python()),
        }
        found: dict[str, dict[str, Any]] = {}
        for _ in range(rounds):
            for name, (function, words, python) in contenders.items():
                turn = once(function, *words, python=python)
                found[name] = min(found.get(name, turn), turn, key=lambda one: one["seconds"])
        found[TFDS] = {"seconds": tfds_seconds(Path(temporary), rows)}
    if found[OURS]["rows"] != found[PANDAS]["rows"]:
        raise RuntimeError(f"expected equal parts, got {found[OURS]['rows']} and {found[PANDAS]['rows']}")
    times = {name: one["seconds"] / found[OURS]["seconds"] for name, one in found.items()}
    columns = {"by": "", "s": ",.1f", "ours": ".1f", "peak GB": ".2f"}
    table = [
        dict(zip(columns, (name, one["seconds"], times[name], one.get("peak_gb")), strict=True))
        for name, one in found.items()
    ]
    targets = [Target("against pandas", times[PANDAS], 3.0), Target("against TFDS's builder", times[TFDS], 50.0)]
    conditions = [f"{rows:,} generated ratings in {size / 1e6:,.0f} MB of CSV", cores()]
    versions = {**versions_here("polars", "tensorflow-datasets"), "pandas": found[PANDAS]["pandas"]}
    return Record("loading", columns, table, conditions, versions, targets)


main = command(__doc__, measure, rows=(ROWS, "ratings to generate"), rounds=(2, TURNS))


if __name__ == "__main__":
    sys.exit(main())
