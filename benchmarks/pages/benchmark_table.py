"""Tables of what the benchmarks found, as they keep it in docs/results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def benchmark_cells(stored: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and rows."""
    columns = stored["columns"]
    return list(columns), [[cell(row.get(title), form) for title, form in columns.items()] for row in stored["rows"]]


def benchmark_notes(stored: Mapping[str, Any]) -> list[str]:
    """What stands below the table, a paragraph each: conditions, what was reached, who is missing.

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
