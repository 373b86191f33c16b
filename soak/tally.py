"""What a hunt counted and what it found."""

from __future__ import annotations

import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_LOCK = threading.Lock()


def ends_with_one_error(said: str) -> bool:
    """Whether what a command wrote to stderr ends with its one line of error, and holds no traceback."""
    lines = said.strip().splitlines()
    errors = [line for line in lines if line.startswith("recs")]
    return len(errors) == 1 and lines[-1] == errors[0] and "Traceback" not in said


@dataclass(frozen=True)
class Failure:
    """Something that must not happen, on one line, and the command that makes it happen again."""

    what: str
    repeat: str


@dataclass
class Tally:
    """One hunt: what was tried, by kind (``inputs``, ``faults``, ...), and what must not have happened."""

    name: str
    counts: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    seconds: float = 0.0
    ends: float = float("inf")

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() > self.ends

    def count(self, *kinds: str) -> None:
        """Counts one of each, from any thread."""
        with _LOCK:
            self.counts.update(kinds)

    def fail(self, what: str, repeat: str) -> None:
        """Notes a failure."""
        self.failures.append(Failure(" ".join(what.split())[:500], repeat))


@contextmanager
def hunting(name: str, seconds: float) -> Iterator[tuple[Tally, Path]]:
    """A tally whose time is up after some seconds, and a folder for as long as the hunt takes."""
    started = time.monotonic()
    tally = Tally(name, ends=started + seconds)
    with tempfile.TemporaryDirectory() as folder:
        yield tally, Path(folder)
    tally.seconds = time.monotonic() - started
