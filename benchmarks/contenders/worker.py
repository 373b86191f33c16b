"""A contender's side of a benchmark: gets ready, then measures once for each line that it is sent.

``python -m benchmarks.contenders.worker MODULE:FUNCTION WORD ...`` says what a function returns for some words. Needs
nothing but Python, since contenders run in environments of their own.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

MARK = ">>> "


def serve(measure: Callable[[str], Any], packages: tuple[str, ...] = ()) -> None:
    """Says that it is ready and versions of packages, then answers each line with what is measured.

    The processor seconds that it took go along: they tell a busy machine from a slow program.
    """
    versions = {package: metadata.version(package) for package in packages}
    say({"versions": {"python": sys.version.split()[0], **versions}})
    for line in sys.stdin:
        before = time.process_time()
        answer = measure(line.strip())
        say({"answer": answer, "busy": time.process_time() - before})


def serve_fits(
    rows: int,
    build: Callable[[int], Callable[[int], object]],
    packages: tuple[str, ...],
    others: Mapping[str, Callable[[], Any]] | None = None,
) -> None:
    """Answers "batch size, epochs" with examples per second; the first fit of a batch size is not timed.

    Args:
        rows: Examples in an epoch.
        build: From a batch size to a function that trains for a number of epochs.
        packages: Their versions are reported.
        others: Other words → their answers.
    """
    fits: dict[int, Callable[[int], object]] = {}

    def measure(word: str) -> Any:
        if others and word in others:
            return others[word]()
        batch_size, epochs = map(int, word.split())
        if batch_size not in fits:
            fits[batch_size] = build(batch_size)
            fits[batch_size](1)
        started = time.perf_counter()
        fits[batch_size](epochs)
        return epochs * rows / (time.perf_counter() - started)

    serve(measure, packages)


def say(answer: Any) -> None:
    """Prints an answer so that it can be distinguished from whatever else is printed."""
    print(MARK + json.dumps(answer), flush=True)


def peak_gb() -> float:
    """Most memory that this process has taken; what getrusage reports on Linux may be its parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text(encoding="ascii").partition("VmHWM:")[2].split()[0]) * 1024 / 1e9
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e9


if __name__ == "__main__":
    module, function = sys.argv[1].split(":")
    say(getattr(importlib.import_module(module), function)(*sys.argv[2:]))
