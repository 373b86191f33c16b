"""Parses a CSV archive as large as MovieLens-32M in a fresh process: ``python -m benchmarks.parse [--rows N]``.

The files are generated (GroupLens's licence forbids to ship them): the official format, 200,948 users × 87,585 movies.
Prints rows, seconds and peak memory of the process that parses, checks included.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.contenders.worker import peak_gb
from benchmarks.scale import MOVIES, ROWS, USERS
from benchmarks.shared.turns import once
from tfrs_lab.data import generate
from tfrs_lab.data.catalogue import release
from tfrs_lab.data.reading.archive import open_archive
from tfrs_lab.data.reading.formats import parse_archive
from tfrs_lab.data.sources.official_files import write_official

TAGS = 2_000_072


def write(rows: int, folder: Path) -> None:
    """Writes ratings.csv, movies.csv and tags.csv; users and movies shrink with the rows."""
    share = min(1.0, rows / ROWS)
    users, movies = max(int(USERS * share), 20), max(int(MOVIES * share), 400)
    write_official(generate(users, movies, rows, half_stars=True, by_user=True), "csv", folder)
    rng, n = np.random.default_rng(0), int(TAGS * share)
    words = pl.Series([f'dark, "tag" {i}' if i % 50 == 0 else f"based on tag {i}" for i in range(5_000)])
    columns: dict[str, Any] = {"userId": rng.integers(1, users + 1, n), "movieId": rng.integers(1, movies + 1, n)}
    columns["tag"] = words.gather(rng.integers(len(words), size=n))
    columns["timestamp"] = rng.integers(1_100_000_000, 1_700_000_000, n)
    pl.DataFrame(columns).write_csv(folder / "tags.csv")


def parse(path: str) -> dict[str, float]:
    """Parses an archive or directory; what it took."""
    start = time.perf_counter()
    parsed = parse_archive(open_archive(path, release("32m")), "csv")
    return {"rows": len(parsed.encoded), "seconds": time.perf_counter() - start, "peak_gb": peak_gb()}


def main() -> None:
    """Generates, parses, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=ROWS, help="ratings to generate (default: %(default)s)")
    parser.add_argument("--zip", action="store_true", help="parse from a zip archive instead of a directory")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tfrs-lab-parse-") as temporary:
        path = folder = Path(temporary, "ml-32m")
        folder.mkdir()
        start = time.perf_counter()
        write(given.rows, folder)
        size, took = (folder / "ratings.csv").stat().st_size / 1e6, time.perf_counter() - start
        print(f"generated {given.rows:,} ratings, {size:,.0f} MB, in {took:.0f} s", flush=True)
        if given.zip:
            path = Path(temporary, "ml-32m.zip")
            # The command line tool of Python's own zipfile: compressed as GroupLens's archives are.
            subprocess.run([sys.executable, "-m", "zipfile", "-c", str(path), str(folder)], check=True)
        found = once("benchmarks.parse:parse", path)
    print(f"parsed {found['rows']:,} rows in {found['seconds']:.1f} s, peak {found['peak_gb']:.2f} GB")


if __name__ == "__main__":
    main()
