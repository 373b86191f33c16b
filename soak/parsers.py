"""Feeds damaged files to every reader, in a process of its own: one that crashes or hangs is found too."""

from __future__ import annotations

import json
import os
import random
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from soak.tally import Tally

INPUTS = 150_000
SILENCE_SECONDS = 120
"""A worker that finishes no block of inputs for so long hangs."""
_BLOCK = 100


def hunt(seed: int, *, inputs: int = INPUTS, seconds: float = 540.0) -> Tally:
    """Mutates samples of every format, and begins no further block once the seconds are over."""
    tally, started = Tally("parsers"), time.monotonic()
    names = format_names()
    done = 0
    while done < inputs and time.monotonic() - started < seconds:
        done = _work(seed, done, inputs, names, seconds - (time.monotonic() - started), tally)
    tally.counts["formats"] = len(names)
    tally.seconds = time.monotonic() - started
    return tally


def format_names() -> list[str]:
    """What is read."""
    with tempfile.TemporaryDirectory() as folder:
        return [format.name for format in all_formats(Path(folder))]


def all_formats(folder: Path) -> list:
    """Every format, in turns of which inputs are tried."""
    from soak.binaries import binary_formats
    from soak.own import own_formats
    from soak.texts import ARCHIVED

    return [*ARCHIVED, *own_formats(folder), *binary_formats(folder)]


def repeat(seed: int, number: int) -> str:
    """The command that tries one input again."""
    return f"python -m soak parsers --seed {seed} --only {number}"


def _work(seed: int, first: int, last: int, names: Sequence[str], seconds: float, tally: Tally) -> int:
    """Runs a worker until all is done, time is up or it dies; returns the number to go on with."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "number"
        place.write_bytes(struct.pack("<q", first))
        command = [sys.executable, "-m", "soak.parsers", *map(str, (seed, first, last, seconds)), folder]
        worker = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=os.environ | {"POLARS_MAX_THREADS": "1"}
        )
        for line in _lines(worker):
            block = json.loads(line)
            tally.counts.update(block["counts"])
            for number, what in block["failures"]:
                tally.fail(f"{names[number % len(names)]}: {what}", repeat(seed, number))
        if worker.wait() == 0:
            return last
        (number,) = struct.unpack("<q", place.read_bytes())
        tally.fail(
            f"{names[number % len(names)]}: the reader's process ended with {worker.returncode}", repeat(seed, number)
        )
        return number + 1


def _lines(worker: subprocess.Popen) -> Iterator[str]:
    """What the worker says; it is killed when it says nothing for too long."""
    import threading

    assert worker.stdout is not None
    heard = [time.monotonic()]

    def watch() -> None:
        while worker.poll() is None:
            if time.monotonic() - heard[0] > SILENCE_SECONDS:
                worker.kill()
            time.sleep(0.5)

    threading.Thread(target=watch, daemon=True).start()
    for line in worker.stdout:
        heard[0] = time.monotonic()
        yield line


def try_inputs(seed: int, numbers: Sequence[int], folder: Path, place: int | None = None) -> dict:
    """Tries some inputs by their numbers, which modulo the count of formats say the format.

    The number of the present input is left at the file descriptor ``place`` for whoever finds the body.
    """
    from soak.mutate import OWN_WORDS, WORDS, mutate, odd
    from soak.texts import compare

    formats = all_formats(folder)
    counts: Counter[str] = Counter()
    failures = []
    for number in numbers:
        if place is not None:
            os.pwrite(place, struct.pack("<q", number), 0)
        format = formats[number % len(formats)]
        rng = random.Random(f"{seed}:{number}")
        sample = odd(format.sample, rng) if format.own else format.sample
        damaged = mutate(sample, rng, WORDS + OWN_WORDS if format.own else WORDS)
        outcome, problem = compare(format, damaged)
        counts.update(("inputs", outcome))
        if problem:
            failures.append((number, problem))
    return {"counts": counts, "failures": failures}


def main(words: Sequence[str]) -> None:
    """The worker: a line of JSON for each block of inputs."""
    seed, first, last = map(int, words[:3])
    ends, folder = time.monotonic() + float(words[3]), Path(words[4])
    place = os.open(folder / "number", os.O_WRONLY)
    for start in range(first, last, _BLOCK):
        if time.monotonic() > ends:
            break
        found = try_inputs(seed, range(start, min(start + _BLOCK, last)), folder, place)
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
