"""Usage errors outside what the option parser sees."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Sequence
from typing import NoReturn


def usage_error(prog: str, expected: str, choices: Sequence[str], got: str) -> NoReturn:
    """Says what was expected and what came on one line of stderr and ends with exit status 2."""
    close = difflib.get_close_matches(got, choices, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    print(f"{prog}: expected {expected} ({', '.join(choices)}), got {got!r}{hint}", file=sys.stderr)
    sys.exit(2)
