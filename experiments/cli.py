"""The command ``recs``: finds the subcommand, turns errors into one line and an exit status.

Exit status 0: success; 1: failure, with one line on stderr; 2: usage error.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from importlib import metadata

from tfrs_lab.experiments.runs.threads import limit_threads
from tfrs_lab.models import quick_import

COMMANDS = {
    "run": "run one experiment and write a run directory",
    "compare": "run several experiments on the same splits, print one table",
    "tune": "search for better settings, on validation only",
    "ablate": "what one part of a model is worth: run it with and without",
    "recommend": "recommend movies from a run or an export, with titles and reasons",
    "index": "tune and build the index of a run; let movies join and leave",
    "export": "write a run as a SavedModel that serves without this project",
    "serve": "answer over HTTP with exported models, and show them on a page",
    "report": "one HTML page with plots about a run, or about several",
    "runs": "list, compare or delete the runs on disk",
    "demo": "export a run, serve it and open the page, in one command",
    "replay": "what fresh histories are worth: play later events to a run or an export",
    "score": "score any tool's top-k file under our protocol",
    "data": "show or prepare a dataset",
}

INTERRUPTED = {
    "tune": "the same command continues",
    "recommend": "the same command continues",
    "demo": "the same command continues",
    "index": "nothing was changed",
    "export": "nothing was written",
    "report": "nothing was written",
    "runs": "the same command continues",
}
"""What an interrupted command says, where it is not resumed with --resume."""

HELP = """usage: recs COMMAND [OPTIONS]

TFRS Lab: recommenders on TensorFlow Recommenders, compared honestly.

{commands}

Start with:
  recs demo                                      a model and a page to try it, in the browser
  recs compare                                   which model is best on MovieLens-100K
  recs recommend --ratings my.csv --user 42      recommendations from your own ratings

`recs COMMAND --help` shows the options that people use, `--help-all` all of them.
`recs --version` prints the version, `recs --print-completion bash` (zsh, fish) shell completion.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns the exit status."""
    words = _with_help(list(sys.argv[1:] if arguments is None else arguments))
    if not words or words[0] in ("-h", "--help", "--help-all"):
        print(HELP.format(commands="\n".join(f"  {name:<10} {text}" for name, text in COMMANDS.items())))
        return 0
    name = words.pop(0)
    if name == "--version":
        print(f"tfrs-lab {metadata.version('tfrs-lab')}")
        return 0
    if name in ("--print-completion", "--complete"):
        from tfrs_lab.experiments.completion import complete, print_script

        return complete(words, COMMANDS, main) if name == "--complete" else print_script(words)
    if name not in COMMANDS:
        return _fail(f"expected a command ({', '.join(COMMANDS)}), got {name!r}{_meant(name)}", status=2)
    limit_threads()
    try:
        with quick_import():
            command = importlib.import_module(f"tfrs_lab.experiments.commands.{name}")
        command.main(words)
    except KeyboardInterrupt:
        return _fail(f"interrupted; {INTERRUPTED.get(name, 'go on with --resume')}", status=130)
    except BrokenPipeError:
        return 0
    except Exception as error:
        if "--debug" in words:
            raise

        from tfrs_lab.experiments.runs.failures import in_one_line

        return _fail(in_one_line(error), status=1)
    return 0


def _with_help(words: list[str]) -> list[str]:
    """``recs help run`` and ``recs run help`` as ``recs run --help``."""
    if words[:1] == ["help"]:
        return [*words[1:], "--help"]
    asks = words[-1:] == ["help"] and not any(word.startswith("-") for word in words) and not os.path.exists("help")
    return [*words[:-1], "--help"] if asks else words


def _meant(name: str) -> str:
    """The command that was meant, if there is one like it; an experiment's name alone wants to be run."""
    from tfrs_lab.data.hints import did_you_mean, near_words
    from tfrs_lab.models.registry import NAMES

    experiments = near_words(name, NAMES)
    hint = f"; did you mean recs run {experiments[0]}?" if experiments else ""
    return did_you_mean(name, [*COMMANDS, "help", "--version", "--help", "--print-completion"]) or hint


def _fail(line: str, *, status: int) -> int:
    print(f"recs: {line}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
