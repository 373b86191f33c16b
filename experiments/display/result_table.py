"""A table for people: HTML in a notebook, lines on a terminal, and the numbers behind it as a frame."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import polars as pl
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tfrs_lab.experiments.display.display import WIDTH


@dataclass(frozen=True, repr=False, eq=False)
class Shown:
    """What ``experiments.compare`` and the methods of ``experiments.explore`` return.

    Attributes:
        frame: The numbers, to compute with.
        title: What the table is about.
        cells: Heading of a column → its texts.
        words: Headings of the columns that hold words rather than numbers.
        note: How to read the table; empty for nothing.
    """

    frame: pl.DataFrame
    title: str
    cells: Mapping[str, Sequence[str]]
    words: tuple[str, ...]
    note: str = ""

    def __rich__(self) -> Table:
        table = Table(box=box.SIMPLE_HEAD, title=Text(self.title, style="bold"))
        for place, heading in enumerate(self.cells):
            words = heading in self.words
            whole = not words or place == 0  # names are copied into commands
            table.add_column(Text(heading), justify="left" if words else "right", no_wrap=whole, overflow="fold")
        for row in self._rows():
            table.add_row(*map(Text, row))
        table.caption, table.caption_justify = Text(self.note, style="table.caption") if self.note else None, "left"
        return table

    def __repr__(self) -> str:
        file = io.StringIO()
        Console(file=file, width=WIDTH, highlight=False, force_jupyter=False).print(self)
        return "\n".join(line.rstrip() for line in file.getvalue().rstrip().splitlines())

    def _repr_html_(self) -> str:
        align = ["left" if heading in self.words else "right" for heading in self.cells]
        head = "".join(map(_cell, ["th"] * len(align), align, self.cells))
        body = "".join(f"<tr>{''.join(map(_cell, ['td'] * len(align), align, row))}</tr>" for row in self._rows())
        note = f"<p>{escape(self.note)}</p>" if self.note else ""
        caption = f"<caption><b>{escape(self.title)}</b></caption>"
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{note}"

    def _repr_pretty_(self, printer: object, cycle: bool) -> None:
        printer.text(repr(self))  # type: ignore[attr-defined]

    def _rows(self) -> list[tuple[str, ...]]:
        return list(zip(*self.cells.values(), strict=True))


def _cell(tag: str, align: str, text: str) -> str:
    return f'<{tag} style="text-align: {align}">{escape(text)}</{tag}>'
