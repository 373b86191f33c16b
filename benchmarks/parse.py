"""Parses a CSV archive as large as MovieLens-32M in a fresh process: ``python -m benchmarks.parse [--rows N]``.

The files are generated (GroupLens's licence forbids to ship them): the official format, 200,948 users × 87,585 movies.
Prints rows, seconds and peak memory of the process that parses, checks included.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from tfrs_lab.data import generate
from tfrs_lab.data.sources.official_files import write_official

ROWS, USERS, MOVIES, TAGS = 32_000_204, 200_948, 87_585, 2_000_072

_PARSE = """
import json, resource, sys, time
from tfrs_lab.data.reading.archive import open_archive
from tfrs_lab.data.catalogue import release
from tfrs_lab.data.reading.formats import parse_archive
start = time.perf_counter()
parsed = parse_archive(open_archive(sys.argv[1], release("32m")), "csv")
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(json.dumps({"rows": len(parsed.encoded), "seconds": round(seconds, 1), "peak_gb": round(peak / 1e9, 2)}))
"""


def write(rows: int, folder: Path) -> None:
    """Writes ratings.csv, movies.csv and tags.csv; users and movies shrink with the rows."""
    share = min(1.0, rows / ROWS)
    users, movies = max(int(USERS * share), 20), max(int(MOVIES * share), 400)
    dataset = generate(users, movies, rows, half_stars=True, by_user=True)
    write_official(dataset, "csv", folder)
    rng = np.random.default_rng(0)
    n = int(TAGS * share)
    words = pl.Series([f'dark, "tag" {i}' if i % 50 == 0 else f"based on tag {i}" for i in range(5_000)])
    pl.DataFrame(
        {
            "userId": rng.integers(1, users + 1, n),
            "movieId": rng.integers(1, movies + 1, n),
            "tag": words.gather(rng.integers(len(words), size=n)),
            "timestamp": rng.integers(1_100_000_000, 1_700_000_000, n),
        }
    ).write_csv(folder / "tags.csv")


def measure(path: Path) -> dict[str, float]:
    """Parses the archive or directory in a process of its own."""
    done = subprocess.run([sys.executable, "-c", _PARSE, str(path)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


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
        size = (folder / "ratings.csv").stat().st_size
        print(
            f"generated {given.rows:,} ratings, {size / 1e6:,.0f} MB, in {time.perf_counter() - start:.0f} s",
            flush=True,
        )
        if given.zip:
            path = Path(temporary, "ml-32m.zip")
            # The command line tool of Python's own zipfile: compressed as GroupLens's archives are.
            subprocess.run([sys.executable, "-m", "zipfile", "-c", str(path), str(folder)], check=True)
        result = measure(path)
    print(f"parsed {result['rows']:,} rows in {result['seconds']} s, peak {result['peak_gb']} GB")


if __name__ == "__main__":
    main()
