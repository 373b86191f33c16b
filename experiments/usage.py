"""Command-line words → options, and what to say when they are wrong: one message on stderr, exit status 2."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Sequence
from typing import Any, NoReturn, TypeVar

import tyro

Options = TypeVar("Options")


def parse_options(kind: type[Options], words: Sequence[str], *, prog: str, **arguments: Any) -> Options:
    """Reads an options dataclass from command-line words with tyro.

    Args:
        kind: The dataclass.
        words: What follows the command's name.
        prog: The command, for messages.
        **arguments: For ``tyro.cli``.
    """
    try:
        return tyro.cli(kind, args=list(words), prog=prog, **arguments)
    except ValueError as error:  # what a ``__post_init__`` says of options that do not go together
        fail(prog, str(error))


def usage_error(prog: str, expected: str, choices: Sequence[str], got: str) -> NoReturn:
    """Says which words were expected and which one came."""
    close = difflib.get_close_matches(got, choices, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    fail(prog, f"expected {expected} ({', '.join(choices)}), got {got!r}{hint}")


def fail(prog: str, message: str) -> NoReturn:
    """Says what is wrong with the words of a command and ends with status 2."""
    print(f"{prog}: {message}", file=sys.stderr)
    sys.exit(2)
