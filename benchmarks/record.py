"""What a benchmark found: a table, the conditions, targets; printed, and kept for the tables of the docs."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from importlib import metadata
from typing import Any, Protocol

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.pages.benchmark_table import benchmark_cells, benchmark_notes, rounded
from benchmarks.pages.paths import RESULTS


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
        table = Table(box=box.SIMPLE_HEAD)
        for place, title in enumerate(self.columns):
            table.add_column(title, justify="right" if place else "left", overflow="fold")
        kept = self.as_json()
        for row in benchmark_cells(kept)[1]:
            table.add_row(*row)
        Console(width=150).print(table)
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
    """What a benchmark found, and has printed, whose table in the docs has a form of its own (``pages/tables.py``)."""

    kind: str
    content: dict[str, Any]
    reached: bool = True

    def finish(self, write: bool) -> int:
        """Keeps it in ``docs/results`` if asked to; returns the exit code."""
        if write:
            keep(self.kind, {"kind": self.kind, **self.content})
        return 0 if self.reached else 1


class Found(Protocol):
    """A result that can be kept."""

    def finish(self, write: bool) -> int:
        """Keeps it if asked to; returns the exit code."""
        ...


def keep(name: str, content: dict[str, Any]) -> None:
    """Writes ``docs/results/NAME.json``."""
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    (RESULTS / f"{name}.json").write_text(text, encoding="utf-8")


def run(
    words: list[str] | None, document: str | None, measure: Callable[..., Found], **options: tuple[Any, str]
) -> int:
    """The command of a benchmark: measures, prints, keeps the record with ``--write``; returns the exit code.

    Args:
        words: Of the command line.
        document: Its help.
        measure: Takes the options.
        **options: Default and help of each; a type in place of a default: None, or what is given of that type.
    """
    parser = argparse.ArgumentParser(description=document, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, (default, text) in options.items():
        kind: dict[str, Any] = {"type": type(default), "default": default}
        if isinstance(default, bool):
            kind = {"action": "store_true"}
        elif isinstance(default, type):
            kind = {"type": default}
        else:
            text += " (default %(default)s)"
        parser.add_argument(f"--{name.replace('_', '-')}", help=text, **kind)
    parser.add_argument("--write", action="store_true", help="keep the record in docs/results")
    given = vars(parser.parse_args(words))
    write = given.pop("write")
    return measure(**given).finish(write)


TURNS = "turns of each, of which the best counts"


def versions_here(*packages: str) -> dict[str, str]:
    """Versions of packages in this environment."""
    return {package: metadata.version(package) for package in packages}


def cores() -> str:
    """How many processors the machine has."""
    return f"{os.cpu_count()} processors"
