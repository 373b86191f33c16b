"""Runs benchmarks, each in a process of its own, and prints their tables.

    python -m benchmarks [NAME ...] [--list]

Without names it runs what two processors do in half an hour, some of it in a short form. With names it runs those, in
full. One that fails does not keep the others from running. Exits 1 if one failed or missed a target.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

SHORT: dict[str, list[str]] = {
    **{name: [] for name in ("startup", "training", "profiling", "xla", "metrics")},
    **{"loading": ["--rounds", "1"], "shards": ["--rows", "2000000"], "index": ["--no-million"]},
    **{"sharded": ["--movies", "200000"], "load": ["--reload-seconds", "20"]},
    **{"quality": ["--rounds", "1"], "tutorial": ["--rounds", "1"]},
}
"""What runs without names, and with which options."""
LONG = ("defaults", "distributed", "factorized", "field", "hashing", "parse", "scale")
"""What runs by name only: it takes long, or another says the same."""


def run(benchmarks: dict[str, list[str]]) -> dict[str, int]:
    """Runs them one after the other; the exit codes of those that failed."""
    failed = {}
    for name, options in benchmarks.items():
        print(" ".join([f"\n== {name}", *options]), flush=True)
        started = time.perf_counter()
        code = subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *options], check=False).returncode
        print(f"({time.perf_counter() - started:.0f} s)", flush=True)
        if code:
            failed[name] = code
    return failed


def main(words: list[str] | None = None) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    known = sorted([*SHORT, *LONG])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which, in full: {', '.join(known)}")
    parser.add_argument("--list", action="store_true", help="only tell what would run")
    given = parser.parse_args(words)
    unknown = [name for name in given.names if name not in known]
    if unknown:
        parser.error(f"expected names among {', '.join(known)}, got {', '.join(unknown)}")
    chosen: dict[str, list[str]] = {name: [] for name in given.names} or SHORT
    if given.list:
        print("\n".join(" ".join(["python -m", f"benchmarks.{name}", *options]) for name, options in chosen.items()))
        return 0
    failed = run(chosen)
    if failed:
        print(f"\nfailed, or missed a target: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
