"""Help texts: the options that people use and examples, everything in groups with ``--help-all``; names to complete."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import tyro

from tfrs_lab.experiments.command_line.examples import EXAMPLES

HELP = ("-h", "--help", "--help-all", "--list-options")
"""Words that ask for help; the last one for the options and what they may be, a line each, for shells to complete."""
SEVERAL = 20
"""A command with more options than this leaves some to ``--help-all``."""
RARE = (
    *("data-dir", "users", "validation", "validation-split", "threshold", "revealed", "folds", "cuts", "draws"),
    "from-run",
    *("overwrite", "mlflow", "distribute", "shards", "timeout", "study", "debug", "like", "skip-bad-lines"),
)
"""Options that it leaves to it, beside what is inside a model's parts."""
OF_MODEL = 6
"""How many fields of its configuration are shown of a model; the first ones, which its author put there."""
SHARED = "budget"
"""A field that is shown wherever a model has it, however deep."""
PLACES = {"out": "OUT", "root": "DIR", "results": "DIR", "data-dir": "DIR"} | dict.fromkeys(
    ("run", "runs", "source", "from-run", "resume", "like"), "RUN"
)
"""What paths are, where not files."""
UNSAID = re.compile(r"\s*\((default: (None|False|True|'')?|repeatable|required)\)$")
DEFAULT = re.compile(r"\s*\(default: .*\)$")
LAST = ("json", "debug")
"""Options that every command has."""
COLUMN = 24


@dataclass(frozen=True)
class Option:
    """An option, or a word that is none, as help shows it.

    Attributes:
        flags: How it is written, the way that changes something first; empty for a word without.
        values: What follows, such as ``FILE``.
        text: What it does, with its default.
        field: Its name, dotted inside a model's configuration.
        group: What it belongs to.
        choices: What it may be.
    """

    flags: tuple[str, ...]
    values: str
    text: str
    field: str
    group: str
    choices: tuple[str, ...]

    @property
    def name(self) -> str:
        """The last part of the field."""
        return self.field.rpartition(".")[2]

    @property
    def brief(self) -> str:
        """The first sentence of the text, and the default."""
        default = DEFAULT.search(self.text)
        sentence = re.split(r"(?<=[\w)])\. |; (?!default)", DEFAULT.sub("", self.text))[0]
        return sentence.removesuffix(".") + (default[0] if default else "")

    def lines(self, flags: Sequence[str], text: str, width: int) -> list[str]:
        """The option as a paragraph."""
        if self.choices and self.values in (self.name.upper().replace("-", "_"), f"{self.name.upper()} ..."):
            text = f"{text.removesuffix('.')} (one of {', '.join(self.choices)})"
        head = "  " + " ".join(filter(None, (", ".join(flags), self.values)))
        body = textwrap.wrap(text, width - COLUMN, break_on_hyphens=False)
        first = [f"{head:<{COLUMN}}{body.pop(0)}"] if body and len(head) < COLUMN - 1 else [head]
        return [*first, *(" " * COLUMN + line for line in body)]


def print_help(kind: type, own: type, words: Sequence[str], prog: str, **arguments: Any) -> NoReturn:
    """Prints the help that the words ask for, and ends with status 0.

    Args:
        kind: Dataclass that the command's words become.
        own: The part of it that is not the configurations of models.
        words: At least one of ``HELP``.
        prog: The command.
        **arguments: Of ``tyro.cli``.
    """
    options, description = _options(kind, own, prog, **arguments)
    if "--list-options" in words:
        print(
            "\n".join(" ".join([flag, *one.choices]) for one in options for flag in [*one.flags, *bare(one, options)])
        )
    else:
        print(help_text(options, description, prog, everything="--help-all" in words))
    sys.exit(0)


def help_text(options: Sequence[Option], description: str, prog: str, *, everything: bool) -> str:
    """Usage, description, examples and options."""
    width = min(shutil.get_terminal_size((100, 24)).columns, 100)
    lines = [f"usage: {' '.join([prog, *(one.values for one in options if not one.flags)])} [OPTIONS]", ""]
    for paragraph in description.strip().split("\n\n"):
        lines += [*textwrap.wrap(paragraph, width), ""]
    lines += examples(prog)
    shown, group = options if everything else _common(options), None
    for one in shown:
        heading = one.group if everything else "Options:"
        if heading != group:
            lines += ["", *textwrap.wrap(heading, width)]
        group, short = heading, bare(one, options)
        flags = [*short, *one.flags[:1]] if everything else short or one.flags[:1]
        lines += one.lines(flags, one.text if everything else one.brief, width)
    if len(shown) < len(options):
        lines += ["", f"{prog.partition(' [')[0]} --help-all shows {len(options) - len(shown)} more, in groups."]
    return "\n".join(lines)


def examples(prog: str) -> list[str]:
    """Command lines that can be pasted, under a heading."""
    command, *rest = prog.split()[1:]
    of_command = [line for line in EXAMPLES if line.split()[0] == command]
    found = [line for line in of_command if command in ("data", "runs") and line.split()[1:2] == rest] or of_command
    return ["Examples:", *(f"  recs {line.format(names=' '.join(rest) or 'retrieval')}" for line in found)]


def bare(option: Option, options: Sequence[Option]) -> list[str]:
    """How a field of a model's configuration can be written without the model; empty where it can't.

    A field at the top of the configuration, and the one called ``SHARED`` in any of its parts.
    """
    rest = option.field.partition(".")[2]
    free = option.name not in {one.field for one in options}
    return [f"--{option.name}"] if rest and free and option.name in (rest, SHARED) else []


def _common(options: Sequence[Option]) -> list[Option]:
    """Options for ``--help``: few are all shown; of several models only what they share."""
    if len(options) <= SEVERAL:
        return [one for one in options if one.field != "debug"]
    models = {one.field.partition(".")[0] for one in options if "." in one.field}
    found = [one for one in options if "." not in one.field and one.field not in RARE]
    of_models = [one for one in options if bare(one, options) and (len(models) == 1 or one.name == SHARED)]
    chosen = [*of_models[:OF_MODEL], *(one for one in of_models[OF_MODEL:] if one.name == SHARED)]
    return [*found, *{one.name: one for one in chosen}.values()]


def _options(kind: type, own: type, prog: str, **arguments: Any) -> tuple[list[Option], str]:
    """The options of a dataclass, and what it says of itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # tyro has no other way to list its arguments
        parser: Any = tyro.extras.get_parser(kind, prog=prog, add_help=False, **arguments)
    headings = {
        field.replace("_", "-"): (base.__doc__ or "").partition("\n\n")[0]
        for base in reversed(own.__mro__)
        for field in getattr(base, "__annotations__", ())
    }
    found = []
    for group in parser._action_groups:
        for action in group._group_actions:
            field = action.dest.removeprefix("options.")
            of_model = f"{str(group.title).removesuffix(' options')}: {group.description}"
            found.append(_option(action, field, of_model if "." in field else headings.get(field, "")))
    return sorted(found, key=lambda one: one.field in LAST), parser.description or ""


def _option(action: Any, field: str, group: str) -> Option:
    """What an action of the parser is for a person."""
    said, metavar = " ".join((action.help or "").replace("%%", "%").split()), str(action.metavar or "")
    flags, text = tuple(action.option_strings), UNSAID.sub("", said)
    if len(flags) == 2 and said.endswith("(default: True)"):
        flags, text = flags[::-1], f"Turn off: {text}"
    listed = re.findall(r"\{(.*?)\}", metavar)[-1:]
    choices = tuple(one for one in ",".join(listed).split(",") if one not in ("", "None"))
    values = _values(re.sub(r"\{None\}\||None,", "", metavar), field.rpartition(".")[2], choices)
    values = f"[{values}]" if action.nargs == "?" else values
    return Option(flags, values, text, field, group, choices)


def _values(kinds: str, name: str, choices: Sequence[str]) -> str:
    """What follows an option: FILE, N, NUMBER, its choices where they are short, else its name in capitals."""
    one = name.upper().replace("-", "_")
    if not kinds or "INT,INT" in kinds:
        return kinds and "N,N,..."
    if name == SHARED:
        one = "MINUTES"
    elif "PATH" in kinds:
        one = PLACES.get(name, "FILE")
    elif choices and len("|".join(choices)) <= COLUMN:
        one = "|".join(choices)
    elif not choices and "STR" not in kinds:
        one = "N" if "INT" in kinds else "NUMBER"
    return f"{one} ..." if "..." in kinds else one
