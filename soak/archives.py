"""Archives that are attacks: members that point outside, links, members twice, bombs. None may be read."""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path

from soak.binaries import bomb, evil_zip, refused
from soak.tally import Tally

ARCHIVES = 2_000


def hunt(seed: int, *, archives: int = ARCHIVES, seconds: float = 60.0) -> Tally:
    """Makes evil archives of every kind.

    Args:
        seed: Decides every archive.
        archives: How many.
        seconds: Begin no further one after so long.
    """
    tally, started = Tally("archives"), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(archives):
            if time.monotonic() - started > seconds:
                break
            content = bomb() if number == 0 else evil_zip(random.Random(f"{seed}:{number}"))
            problem = refused(content, Path(folder) / "evil.zip")
            tally.counts.update({"inputs": 1, "refused": problem is None})
            if problem:
                tally.fail(f"archive {number}: {problem}", f"python -m soak archives --seed {seed}")
    tally.seconds = time.monotonic() - started
    return tally
