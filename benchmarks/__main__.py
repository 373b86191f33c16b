"""``python -m benchmarks``: runs every benchmark, each in a process of its own, and prints their tables."""

import subprocess
import sys

BENCHMARKS = ("startup", "training", "metrics", "parse", "index", "defaults", "load")


def main() -> int:
    """Runs them one after the other; returns 1 if one missed its target."""
    failed = []
    for name in BENCHMARKS:
        print(f"\n== {name}", flush=True)
        if subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode:
            failed.append(name)
    if failed:
        print(f"\nmissed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
