"""What a benchmark found: a table, the conditions, targets; printed, and kept for the tables of the docs."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.pages.benchmark_table import benchmark_cells, benchmark_notes, rounded

RESULTS = Path(__file__).parent.parent / "docs" / "results"


@dataclass(frozen=True)
class Target:
    """What has to be reached.

    Attributes:
        what: Is compared.
        value: Was measured.
        bound: That it should reach.
        unit: Of both.
        least: Whether the value should be at least the bound, instead of at most.
    """

    what: str
    value: float
    bound: float
    unit: str = "times"
    least: bool = True

    @property
    def reached(self) -> bool:
        """Whether it is so."""
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
        name: Of the benchmark.
        columns: Title → format of its values.
        rows: Title → value; None for what there is not.
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
            text = json.dumps(kept, indent=2, ensure_ascii=False) + "\n"
            (RESULTS / f"{self.name}.json").write_text(text, encoding="utf-8")
        return 0 if all(target.reached for target in self.targets) else 1

    def as_json(self) -> dict[str, Any]:
        """What is kept."""
        targets = [{"words": str(target), "reached": target.reached} for target in self.targets]
        return {"kind": "benchmark", **asdict(self), "targets": targets}


def versions_here(*packages: str) -> dict[str, str]:
    """Versions of packages in this environment."""
    return {package: metadata.version(package) for package in packages}


def cores() -> str:
    """How many processors the machine has."""
    return f"{os.cpu_count()} processors"
