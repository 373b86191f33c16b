"""From a CSV in GroupLens's format to encoded parts of a split, by this project's data room."""

from __future__ import annotations

import resource
import sys
import tempfile
import time

from benchmarks.worker import say
from tfrs_lab.data import load, split


def main() -> None:
    """Reads the directory that is named; tells seconds, peak memory in GB and rows of each part."""
    with tempfile.TemporaryDirectory() as cache:
        started = time.perf_counter()
        parts = split(load("20m", data_dir=sys.argv[1], cache_dir=cache), "temporal-user")
        train = parts.encoded("train")
        later = [
            (train.users.encode(rows["user_id"]), train.movies.encode(rows["movie_id"]))
            for rows in (parts.validation, parts.test)
        ]
        seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e9
    say({"seconds": seconds, "peak_gb": peak, "rows": [len(train), *(len(users) for users, _ in later)]})


if __name__ == "__main__":
    main()
