"""Command-line words → options, and what to say when they are wrong: one line on stderr, exit status 2."""

from __future__ import annotations

import contextlib
import io
import re
import sys
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, TypeVar

import tyro

from tfrs_lab.data.hints import did_you_mean
from tfrs_lab.experiments.command_line.help import HELP, examples, print_help

Options = TypeVar("Options")

OPTION = re.compile(r"--[a-z][\w.-]*")
NUMBERS = {
    r"invalid literal for int\(\) with base 10: ": "a whole number",
    r"could not convert string to float: ": "a number",
}
"""What Python says of text that is no number, and what was expected."""


def parse_options(
    kind: type[Options], words: Sequence[str], *, prog: str, own: type | None = None, **arguments: Any
) -> Options:
    """Reads an options dataclass from command-line words with tyro.

    Args:
        kind: The dataclass.
        words: What was written; where it asks for help, that is printed and the process ends.
        prog: The command.
        own: The part of ``kind`` that is not the configurations of models; None for all of it.
        **arguments: Of ``tyro.cli``.
    """
    if any(word in HELP for word in words):
        print_help(kind, own or kind, words, prog, **arguments)
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            return tyro.cli(kind, args=list(words), prog=prog, **arguments)
    except ValueError as error:  # what a ``__post_init__`` says of options that do not go together
        fail(prog, str(error))
    except SystemExit as ended:
        if not ended.code:
            raise
        fail(prog, without_box(said.getvalue()))


def without_box(box: str) -> str:
    r"""What tyro says in a box, on one line and without the names of our classes.

    >>> without_box("╭─ Value error ─╮\n│ Error parsing RunOptions: expected │\n│ that │\n│ ────── │\n│ help │\n╰───╯")
    'expected that'
    >>> without_box(" Value error \n ------------- \n  Error parsing --k: no \n  --------- \n  help")
    '--k: no'

    Args:
        box: Drawn with lines, or with hyphens where the terminal has no others: its title is then above the first.
    """
    drawn = "╭" in box
    lines = [line.strip("│ ") for line in box.splitlines() if line[:1] not in ("╭", "╰")]
    sections = re.split(r"\s*[─-]{6,}\s*", " ".join(line for line in lines if line))[0 if drawn else 1 :] or [box]
    text, hints = sections[0].strip(), " ".join(sections[1:])
    if text.startswith("Missing from"):
        return f"expected {', '.join(_required(text.partition(': ')[2]))}; got none"
    if unknown := re.match(r"Unrecognized options: (.*)", text):
        near = OPTION.findall(hints.partition("For full helptext")[0])
        return f"expected options of this command, got {unknown[1]}" + (f"; did you mean {near[0]}?" if near else "")
    if choice := re.match(r"invalid choice '(.*)' for argument '(.*)'\. Expected one of \((.*)\)", text):
        known = sorted(name for name in re.findall(r"'([^']*)'", choice[3]) if name != "None")
        return f"{choice[2]}: expected one of {', '.join(known)}, got {choice[1]!r}{did_you_mean(choice[1], known)}"
    if value := re.match(r"Missing value for argument '(.*)'", text):
        return f"{value[1]}: expected a value, got nothing"
    where, _, reason = text.removeprefix("Error parsing ").partition(": ")
    for python, expected in NUMBERS.items():
        if number := re.search(python + "(.*)", reason):
            reason = f"expected {expected}, got {number[1]}"
    return reason if where[:1].isupper() and reason else f"{where}: {reason}" if reason else text


def _required(text: str) -> list[str]:
    """What is required: options by their names, others as they are described."""
    entries = [entry.strip() for entry in text.split("(required)") if entry.strip()]
    return [
        found[0] if (found := OPTION.match(entry)) else entry.partition(" ")[2].rstrip(".").lower() for entry in entries
    ]


def leading_names(
    prog: str, expected: str, choices: Sequence[str], words: Sequence[str]
) -> tuple[tuple[str, ...], list[str]]:
    """The names before the first option, each once, and the other words; a usage error where one is no choice."""
    end = next((position for position, word in enumerate(words) if word.startswith("-")), len(words))
    for word in words[:end]:
        if word not in choices:
            usage_error(prog, expected, choices, word)
    return tuple(dict.fromkeys(words[:end])), list(words[end:])


def wants_help(words: Sequence[str]) -> bool:
    """Whether help is asked for before anything else."""
    return bool(words) and words[0] in HELP[:-1]


def print_choices(prog: str, choice: str, choices: Mapping[str, str], further: str) -> NoReturn:
    """Prints what a command's first word may be, and ends with status 0."""
    width = max(map(len, choices)) + 2
    print(f"usage: {prog} {choice} [OPTIONS]\n")
    for name, text in choices.items():
        print(textwrap.fill(text, 100, initial_indent=f"  {name:<{width}}", subsequent_indent=" " * (width + 2)))
    print(
        "\n".join(["", *examples(prog), "", f"`{prog} {choice} --help` lists options.", *textwrap.wrap(further, 100)])
    )
    sys.exit(0)


def usage_error(prog: str, expected: str, choices: Sequence[str], got: str | None) -> NoReturn:
    """Says which words were expected and which one came, None for none."""
    came = f"{got!r}{did_you_mean(got, choices)}" if got else "none"
    fail(prog, f"expected {expected} ({', '.join(choices)}), got {came}")


def fail(prog: str, message: str) -> NoReturn:
    """Says what is wrong with the words of a command and ends with status 2."""
    command = prog.partition(" [")[0]
    print(f"{command}: {message} ({command} --help)", file=sys.stderr)
    sys.exit(2)
