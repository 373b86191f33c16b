"""Shell completion: a script for each shell, which asks ``recs --complete`` for what a word may become."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable, Iterable, Sequence

SCRIPTS = {
    "bash": """_recs() {
    local IFS=$'\\n'
    COMPREPLY=($(recs --complete "${COMP_WORDS[@]:1:$COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _recs recs""",
    "zsh": """#compdef recs
_recs() {
    local -a found
    found=(${(f)"$(recs --complete "${(@)words[2,$CURRENT]}" 2>/dev/null)"})
    (( $#found )) && compadd -a found || _files
}
compdef _recs recs""",
    "fish": "complete -c recs -a '(recs --complete (commandline -opc)[2..-1] (commandline -ct))'",
}
"""Shell → what it has to read; where nothing is found it completes files."""


def print_script(words: Sequence[str]) -> int:
    """Prints the script for the shell that is named; returns the exit status."""
    if len(words) != 1 or words[0] not in SCRIPTS:
        print(
            f"recs: --print-completion: expected {', '.join(SCRIPTS)}, got {' '.join(words) or 'none'}", file=sys.stderr
        )
        return 2
    print(SCRIPTS[words[0]])
    return 0


def complete(words: Sequence[str], commands: Iterable[str], run: Callable[[Sequence[str]], int]) -> int:
    """Prints what the last word may become, a line each; returns the exit status.

    Args:
        words: All of a command line after ``recs``.
        commands: What the first may be.
        run: Runs a command; asked for the options that it lists.
    """
    *before, last = words or [""]
    found = (
        _candidates(before, last, run) if before else [*commands, "help", "--help", "--version", "--print-completion"]
    )
    print("\n".join(sorted({one for one in found if one.startswith(last)})))
    return 0


def _candidates(before: Sequence[str], last: str, run: Callable[[Sequence[str]], int]) -> Iterable[str]:
    """Experiments and other first words, options, or what the option before may be."""
    names = [word for word in before if not word.startswith("-")]
    if not last.startswith("-") and not before[-1].startswith("-"):
        return _first_words(before[0]) if len(names) == len(before) else ()
    leading = before[: next((place for place, word in enumerate(before) if word.startswith("-")), len(before))]
    options = _options(leading, run)
    return ["--help", "--help-all", *options] if last.startswith("-") else options.get(before[-1], ())


def _first_words(command: str) -> Iterable[str]:
    """What may follow a command before any option."""
    if command in ("run", "compare"):
        from tfrs_lab.models.registry import NAMES

        return NAMES
    if command == "tune":
        from tfrs_lab.experiments.tuning.spaces import SPACES

        return SPACES
    if command == "ablate":
        from tfrs_lab.experiments.ablations.studies import STUDIES

        return STUDIES
    return {"data": ("info", "prepare", "shards"), "runs": ("list", "compare", "delete")}.get(command, ())


def _options(leading: Sequence[str], run: Callable[[Sequence[str]], int]) -> dict[str, list[str]]:
    """Options of a command with the names before them → what they may be."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(io.StringIO()), contextlib.suppress(SystemExit):
        run([*leading, "--list-options"])
    return {line.split()[0]: line.split()[1:] for line in said.getvalue().splitlines() if line.startswith("-")}
