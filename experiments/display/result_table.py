"""One table for people: lines on a terminal, HTML in a notebook or a report, Markdown, and the numbers as a frame."""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import zip_longest
from typing import Any

import polars as pl
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tfrs_lab.data import printable
from tfrs_lab.experiments.display.display import WIDTH, title_of, with_interval


@dataclass(frozen=True, repr=False, eq=False)
class ResultTable:
    """A table of texts; what ``tl.compare`` and the methods of models and explorers return.

    Attributes:
        header: A heading per column.
        rows: A text per column each.
        title: What the table is about.
        note: How to read the table.
        words: Headings of the columns that hold words rather than numbers: aligned left, and wrapped where space is
            short. None for the first column.
        wrapped: Whether the first column is wrapped too; it usually holds names that are copied into commands.
        bold: Positions of the rows in bold.
        frame: The numbers, to compute with.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""
    note: str = ""
    words: Collection[str] | None = None
    wrapped: bool = False
    bold: Collection[int] = ()
    frame: pl.DataFrame = field(default_factory=pl.DataFrame)

    def __rich__(self) -> Table:
        table = Table(box=box.SIMPLE_HEAD, title=_text(self.title, "bold"))
        for place, (heading, left) in enumerate(zip(self.header, self._left(), strict=True)):
            whole = not left or (place == 0 and not self.wrapped)
            table.add_column(_text(heading) or "", justify="left" if left else "right", no_wrap=whole, overflow="fold")
        for place, row in enumerate(self.rows):
            table.add_row(*(Text(printable(cell)) for cell in row), style="bold" if place in self.bold else "")
        table.caption, table.caption_justify = _text(self.note, "table.caption"), "left"
        return table

    def __repr__(self) -> str:
        file = io.StringIO()
        Console(file=file, width=WIDTH, highlight=False, force_jupyter=False).print(self)
        return "\n".join(line.rstrip() for line in file.getvalue().rstrip().splitlines())

    def _repr_html_(self) -> str:
        note = f"<p>{escape(self.note)}</p>" if self.note else ""
        styles = [f' style="text-align: {"left" if left else "right"}"' for left in self._left()]
        return f"<table><caption><b>{escape(self.title)}</b></caption>{self._html(styles, styles)}</table>{note}"

    def __len__(self) -> int:
        return self.frame.height

    def __getitem__(self, key: Any) -> Any:
        return self.frame[key]

    @property
    def columns(self) -> list[str]:
        """Names of the columns of ``frame``."""
        return self.frame.columns

    def to_pandas(self) -> Any:
        """The numbers as a DataFrame of pandas.

        Raises:
            ImportError: It is not installed.
        """
        try:
            return self.frame.to_pandas()
        except ModuleNotFoundError as error:
            raise ImportError(f"to_pandas needs pandas: pip install pandas ({error}); .frame is of polars") from None

    def _repr_pretty_(self, printer: object, cycle: bool) -> None:
        printer.text(repr(self))  # type: ignore[attr-defined]

    def html(self) -> str:
        """For a page with the style sheet of a report; wider than the screen it scrolls, with the keyboard too."""
        kind = " class=texts" if all(self._left()) else ""
        inside = self._html([" scope=col"] * len(self.header), [""] * len(self.header))
        return f"<div class=wide tabindex=0 role=region aria-label=Table><table{kind}>{inside}</table></div>"

    def markdown(self) -> str:
        """Header and rows, one line each."""
        rule = ["---" if left else "---:" for left in self._left()]
        return "".join("| " + " | ".join(line) + " |\n" for line in [self.header, rule, *self.rows])

    def _left(self) -> list[bool]:
        """For each column whether it is aligned left."""
        return [place == 0 if self.words is None else name in self.words for place, name in enumerate(self.header)]

    def _html(self, of_head: Sequence[str], of_cell: Sequence[str]) -> str:
        def line(tag: str, attributes: Sequence[str], cells: Sequence[str]) -> str:
            return "".join(f"<{tag}{own}>{escape(one)}</{tag}>" for own, one in zip(attributes, cells, strict=True))

        body = "".join(
            f"<tr{' class=best' if place in self.bold else ''}>{line('td', of_cell, row)}</tr>"
            for place, row in enumerate(self.rows)
        )
        return f"<thead><tr>{line('th', of_head, self.header)}</tr></thead><tbody>{body}</tbody>"


def _text(text: str, style: str = "") -> Text | None:
    return Text("\n".join(map(printable, text.split("\n"))), style=style) if text else None


def top_k_table(
    metrics: Mapping[str, float], confidence: Mapping[str, Sequence[float]], title: str = "", *, width: int = 1000
) -> ResultTable:
    """All top-k metrics of one model, a row per metric and a column per k, the smallest that fit."""
    ks = sorted(int(name.split("@")[1]) for name in metrics if name.startswith("ndcg@"))[: max(1, width // 16 - 1)]
    names = dict.fromkeys(key.split("@")[0] for key in metrics if "@" in key)
    rows = [[title_of(name), *(with_interval(metrics, confidence, f"{name}@{k}") for k in ks)] for name in names]
    return ResultTable(["metric", *(f"@{k}" for k in ks)], rows, title)


def side_by_side(left: Sequence[str], right: Sequence[str], left_title: str, right_title: str) -> ResultTable:
    """Two lists of lines beside each other."""
    header = [left_title, right_title]
    return ResultTable(header, list(zip_longest(left, right, fillvalue="")), words=header, wrapped=True)


HEADINGS = {"movie_id": "id", "movie_title": "movie", "movie_genres": "genres", "user_rating": "rating"}


def movies_table(frame: pl.DataFrame, title: str, *, held_out: str = "", note: str = "") -> ResultTable:
    """A frame of movies as a table: shorter headings, three decimals, ticks.

    Args:
        frame: Columns such as ``rank``, ``movie_id``, ``movie_title``, ``score``, ``why``, ``held_out``.
        title: What the table is about.
        held_out: The heading of ``held_out``.
        note: How to read the table.
    """
    headings = {**HEADINGS, "held_out": held_out}
    header = [headings.get(name, name.replace("_", " ")) for name in frame.columns]
    rows = [[_cell(name, value) for name, value in row.items()] for row in frame.iter_rows(named=True)]
    return ResultTable(header, rows, title, note, words=("movie", "genres", "why"), frame=frame)


def _cell(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "✓" if value else ""
    if isinstance(value, list):
        return ", ".join(value)
    if name in ("score", "similarity"):
        return f"{value:.3f}"
    return f"{value:g}" if isinstance(value, float) else str(value)
