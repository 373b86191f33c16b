"""What a hunt counted and what it found."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field

_LOCK = threading.Lock()


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
