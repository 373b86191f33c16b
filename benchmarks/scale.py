"""What a rating costs from 100,000 to 32 million of them: ``python -m benchmarks.scale [--rows N,N,...] [--write]``.

Generated ratings in GroupLens's CSV format, the largest with as many users and movies as MovieLens-32M, go through the
kit in a process of their own per size: prepare (parse, check, cache), split, encode, one epoch of a two-tower model by
in-batch softmax, and the full-catalogue evaluation of 20,000 users. Prints seconds, microseconds per rating and peak
memory; ``--write`` adds the record to ``docs/results`` and draws it. Exits 1 if a process took more than 16 GB, or if
memory grew from the second epoch to the fifth.
"""

from __future__ import annotations

import os
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.record import Numbers, command
from benchmarks.turns import once
from tfrs_lab.data import generate
from tfrs_lab.data.sources.official_files import write_official

ROWS, USERS, MOVIES = 32_000_204, 200_948, 87_585
SIZES = (100_000, 1_000_000, 3_200_000, 10_000_000, ROWS)
MOST_GB, GROWTH = 16.0, 1.05


def shape(rows: int) -> tuple[int, int]:
    """Users and movies: users grow with ratings, movies more slowly, as from MovieLens-100K to 32M."""
    return max(rows * USERS // ROWS, 600), int(MOVIES * (rows / ROWS) ** 0.68)


def one_size(rows: int, epochs: int = 1) -> dict[str, Any]:
    """One size, written to a temporary directory and read in a process of its own."""
    users, movies = shape(rows)
    with tempfile.TemporaryDirectory(prefix="tfrs-lab-scale-") as folder:
        write_official(generate(users, movies, rows, half_stars=True, by_user=True), "csv", Path(folder))
        found = once("benchmarks.contenders.scale", [folder, str(epochs)])
    return {"rows": rows, "users": users, "movies": movies, **found}


def measure(rows: str) -> Numbers:
    """All sizes, and five epochs over a million."""
    points = []
    for size in map(int, rows.split(",")):
        points.append(one_size(size))
        print(points[-1], flush=True)
    epochs = one_size(1_000_000, epochs=5)["epoch_gb"]
    print("memory after each of five epochs over a million: " + ", ".join(f"{gb:.3f} GB" for gb in epochs))
    machine = {"threads": os.cpu_count(), "tensorflow": version("tensorflow")}
    fits = max(point["peak_gb"] for point in points) <= MOST_GB
    return Numbers(
        "scale", {"points": points, "epoch_gb": epochs, **machine}, fits and epochs[-1] <= GROWTH * epochs[1]
    )


main = command(__doc__, measure, rows=(",".join(map(str, SIZES)), "numbers of ratings"))


if __name__ == "__main__":
    sys.exit(main())
