"""``python -m soak``: hunts for what breaks, prints what was tried, and ends with 1 if anything broke.

Everything follows from --seed, and a failure is printed with the command that repeats it. Servers listen on the
loopback address, and nothing else is asked.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path

from benchmarks.pages import RESULTS
from benchmarks.pages.tables import soak as soak_table
from benchmarks.shared.record import print_table
from soak import archives, artefacts, disks, kills, parsers, server
from soak.tally import Tally

RECORD = RESULTS / "soak.json"
HUNTS: dict[str, tuple[Callable[..., Tally], float]] = {
    "server": (server.hunt, 0.5),
    "kills": (kills.hunt, 0.5),
    "parsers": (parsers.hunt, 0.4),
    "artefacts": (artefacts.hunt, 0.08),
    "disks": (disks.hunt, 0.1),
    "archives": (archives.hunt, 0.02),
}
"""In the order in which they begin, two at a time, the longest first; and their share of the time that there is: an
upper bound each, and together less than two processes have."""


def main(words: Sequence[str] | None = None) -> int:
    """Runs the hunts; returns 1 if one found something."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("hunts", nargs="*", help=f"which ones, of {', '.join(HUNTS)} (default: all)")
    parser.add_argument("--seed", type=int, default=0, help="default %(default)s")
    parser.add_argument("--minutes", type=float, default=30.0, help="for all of them together (default %(default)s)")
    parser.add_argument("--only", type=int, help="of parsers: try this input alone")
    parser.add_argument(
        "--write", action="store_true", help=f"keep the counts in {RECORD.name}, those of other hunts stay"
    )
    options = parser.parse_args(words)
    for name in options.hunts:
        if name not in HUNTS:
            parser.error(f"expected hunts among {', '.join(HUNTS)}, got {name!r}")
    if options.only is not None:
        return _one_input(options.seed, options.only)
    tallies = []
    for tally in run(options.hunts or list(HUNTS), options.seed, 60 * options.minutes):
        print(f"{tally.name}: {len(tally.failures)} failures", flush=True)
        for failure in tally.failures:
            print(f"  FAILED {failure.what}\n    {failure.repeat}", flush=True)
        tallies.append(tally)
    print_table(*soak_table(record(options.seed, tallies, {})))
    if options.write:
        before = json.loads(RECORD.read_text(encoding="utf-8"))["hunts"] if RECORD.exists() else {}
        RECORD.write_text(json.dumps(record(options.seed, tallies, before), indent=1) + "\n", encoding="utf-8")
    return 1 if any(tally.failures for tally in tallies) else 0


def run(names: Sequence[str], seed: int, seconds: float) -> Iterator[Tally]:
    """Hunts in processes of their own, two at a time; yields what each found when it ends."""
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        chosen = [HUNTS[name] for name in HUNTS if name in names]
        begun = [pool.submit(hunt, seed, seconds=seconds * share) for hunt, share in chosen]
        for ended in as_completed(begun):
            yield ended.result()


def _one_input(seed: int, number: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        failures = parsers.try_inputs(seed, [number], Path(folder))["failures"]
    names = parsers.format_names()
    print(f"{names[number % len(names)]}: {failures[0][1] if failures else 'nothing wrong'}")
    return len(failures)


def record(seed: int, tallies: Sequence[Tally], before: Mapping[str, dict]) -> dict:
    """The same to be kept, in the order of the hunts; ``before`` is what was kept of others."""
    date = time.strftime("%Y-%m-%d", time.gmtime())
    found = {
        tally.name: {
            "counts": dict(tally.counts),
            "failures": [asdict(failure) for failure in tally.failures],
            "seconds": round(tally.seconds),
            "seed": seed,
            "date": date,
        }
        for tally in tallies
    }
    hunts = {**before, **found}
    return {"kind": "soak", "hunts": {name: hunts[name] for name in HUNTS if name in hunts}}


if __name__ == "__main__":
    sys.exit(main())
