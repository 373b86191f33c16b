"""What a hunt counted and what it found."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field

_LOCK = threading.Lock()


def ends_with_one_error(said: str) -> bool:
    """Whether what a command wrote to stderr ends with its one line of error, and holds no traceback."""
    lines = said.strip().splitlines()
    errors = [line for line in lines if line.startswith("recs")]
    return len(errors) == 1 and lines[-1] == errors[0] and "Traceback" not in said


@dataclass(frozen=True)
class Failure:
    """Something that must not happen.

    Attributes:
        what: What happened, on one line.
        repeat: The command that does it again.
    """

    what: str
    repeat: str


@dataclass
class Tally:
    """The result of one hunt.

    Attributes:
        name: The hunt.
        counts: What was tried, by kind: ``inputs``, ``faults``, ``requests`` and whatever else is worth a line.
        failures: What must not have happened.
        seconds: How long it took.
    """

    name: str
    counts: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    seconds: float = 0.0

    def count(self, *kinds: str) -> None:
        """Counts one of each, from any thread."""
        with _LOCK:
            self.counts.update(kinds)

    def fail(self, what: str, repeat: str) -> None:
        """Notes a failure."""
        self.failures.append(Failure(" ".join(what.split())[:500], repeat))
