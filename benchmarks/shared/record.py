"""What a benchmark found: a table, the conditions, targets; printed, and kept for the tables of the docs."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib import metadata
from typing import Any, Protocol

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.pages import RESULTS


@dataclass(frozen=True)
class Target:
    """What has to be reached: at least the bound, or at most where not ``least``."""

    what: str
    value: float
    bound: float
    unit: str = "times"
    least: bool = True

    @property
    def reached(self) -> bool:
        """Whether the measured value is on the right side of the bound."""
        return self.value >= self.bound if self.least else self.value <= self.bound

    def __str__(self) -> str:
        """In words: "against pandas 4.2 times (at least 3)"."""
        words = f"{self.what} {rounded(self.value)} {self.unit}".rstrip()
        words += f" ({'at least' if self.least else 'at most'} {rounded(self.bound)})"
        return words if self.reached else f"{words}: MISSED"


@dataclass(frozen=True)
class Record:
    """What a benchmark found.

    Attributes:
        name: The benchmark, and its file in ``docs/results``.
        columns: Title → format of its values.
        rows: Title → value; None where there is none.
        conditions: Data, dimension, threads and the like.
        versions: Package → version.
        targets: What had to be reached.
        left_out: Contenders that could not be measured, and why.
    """

    name: str
    columns: dict[str, str]
    rows: list[dict[str, Any]]
    conditions: list[str]
    versions: dict[str, str]
    targets: Sequence[Target]
    left_out: dict[str, str] = field(default_factory=dict)

    def finish(self, write: bool) -> int:
        """Prints all, keeps it in ``docs/results`` if asked to; returns the exit code, 1 if a target was missed."""
        kept = self.as_json()
        print_table(*benchmark_cells(kept))
        print("\n".join(benchmark_notes(kept)))
        if write:
            keep(self.name, kept)
        return 0 if all(target.reached for target in self.targets) else 1

    def as_json(self) -> dict[str, Any]:
        """What is kept."""
        targets = [{"words": str(target), "reached": target.reached} for target in self.targets]
        return {"kind": "benchmark", **asdict(self), "targets": targets}


@dataclass(frozen=True)
class Numbers:
    """What a benchmark found whose table in the docs has a form of its own, ``pages.tables.TABLES[kind]``."""

    kind: str
    content: dict[str, Any]
    reached: bool = True

    def finish(self, write: bool) -> int:
        """Prints the table, keeps the numbers in ``docs/results`` if asked to; returns the exit code."""
        from benchmarks.pages.tables import TABLES

        kept = {"kind": self.kind, **self.content}
        print_table(*TABLES[self.kind](kept))
        if write:
            keep(self.kind, kept)
        return 0 if self.reached else 1


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Shows a table, numbers to the right."""
    table = Table(box=box.SIMPLE_HEAD)
    for place, title in enumerate(header):
        table.add_column(title, justify="right" if place else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console(width=150).print(table)


class Found(Protocol):
    """A result that can be kept."""

    def finish(self, write: bool) -> int:
        """Keeps it if asked to; returns the exit code."""
        ...


def keep(name: str, content: dict[str, Any]) -> None:
    """Writes ``docs/results/NAME.json``."""
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    (RESULTS / f"{name}.json").write_text(text, encoding="utf-8")


def command(document: str | None, measure: Callable[..., Found], **options: tuple[Any, str]) -> Callable[..., int]:
    """The command of a benchmark, ``main(words=None)``: measures, prints, keeps the record with ``--write``.

    Args:
        document: Its help.
        measure: Takes the options.
        **options: Default and help of each; a type in place of a default: None, or what is given of that type; ``()``:
            any number of words.
    """
    parser = argparse.ArgumentParser(description=document, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, (default, text) in options.items():
        kind: dict[str, Any] = {"type": type(default), "default": default}
        if isinstance(default, bool):
            kind = {"action": "store_true"}
        elif default == ():
            kind = {"nargs": "*", "default": default, "metavar": "NAME"}
        elif isinstance(default, type):
            kind = {"type": default}
        else:
            text += " (default %(default)s)"
        parser.add_argument(f"--{name.replace('_', '-')}", help=text, **kind)
    parser.add_argument("--write", action="store_true", help="keep the record in docs/results")

    def main(words: list[str] | None = None) -> int:
        given = vars(parser.parse_args(words))
        write = given.pop("write")
        return measure(**given).finish(write)

    return main


TURNS = "turns of each, of which the best counts"


def versions_here(*packages: str) -> dict[str, str]:
    """Versions of packages in this environment."""
    return {package: metadata.version(package) for package in packages}


def cores() -> str:
    """How many processors the machine has."""
    return f"{os.cpu_count()} processors"


def benchmark_cells(stored: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and rows."""
    columns = stored["columns"]
    return list(columns), [[cell(row.get(title), form) for title, form in columns.items()] for row in stored["rows"]]


def benchmark_notes(stored: Mapping[str, Any]) -> list[str]:
    """The notes below the table, a paragraph each: conditions, what was reached, who is missing.

    >>> stored = {"conditions": ["dimension 32"], "versions": {"numpy": "2.4"}, "targets": [], "left_out": {"X": "why"}}
    >>> benchmark_notes(stored)
    ['dimension 32; numpy 2.4.', 'Left out: X (why).']
    """
    versions = ", ".join(f"{name} {version}" for name, version in sorted(stored["versions"].items()))
    lines = [f"{', '.join(stored['conditions'])}; {versions}."]
    if stored["targets"]:
        lines.append("; ".join(target["words"] for target in stored["targets"]) + ".")
    return lines + [f"Left out: {name} ({why})." for name, why in stored["left_out"].items()]


def cell(value: Any, form: str) -> str:
    """A value in its format; a dash for what there is not.

    >>> cell(12345.6, ",.0f"), cell(None, ".3f"), cell("TFRS", "")
    ('12,346', '–', 'TFRS')
    """
    return "–" if value is None else format(value, form)


def rounded(value: float) -> str:
    """As many digits as count.

    >>> [rounded(value) for value in (0.488, 3.0, 3.14, 31.4, 1234.5, 2e-7)]
    ['0.488', '3', '3.1', '31', '1,234', '2.0e-07']
    """
    if value == int(value):
        return f"{value:,.0f}"
    if abs(value) < 1e-3:
        return f"{value:.1e}"
    return f"{value:.3f}" if abs(value) < 1 else f"{value:.1f}" if abs(value) < 10 else f"{value:,.0f}"
