"""A contender's side of a benchmark: gets ready, then measures once for each line that it is sent.

Needs nothing but Python, since contenders run in environments of their own.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from importlib import metadata
from typing import Any

MARK = ">>> "


def serve(measure: Callable[[str], Any], packages: tuple[str, ...] = ()) -> None:
    """Tells that it is ready and versions of packages, then answers each line with what is measured.

    The processor seconds that it took go along: they tell a busy machine from a slow program.
    """
    versions = {package: metadata.version(package) for package in packages}
    say({"versions": {"python": sys.version.split()[0], **versions}})
    for line in sys.stdin:
        before = time.process_time()
        answer = measure(line.strip())
        say({"answer": answer, "busy": time.process_time() - before})


def say(answer: Any) -> None:
    """Prints an answer so that it can be told from whatever else is printed."""
    print(MARK + json.dumps(answer), flush=True)
