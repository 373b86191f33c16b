"""Text files line by line: slower than polars, but each fault is found in its line and column."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tfrs_lab.data.errors import DataError
from tfrs_lab.data.reading.csv_records import csv_records

Row = TypeVar("Row")

NUMBER = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?"
"""What counts as a number: Python's ``float`` would also take spaces, underscores and the digits of other scripts."""


@dataclass(frozen=True)
class Syntax:
    """How a text file is cut into fields.

    Attributes:
        separator: Between fields; one character, or ``::``.
        header: Whether the first line names the columns, as in CSV.
        encoding: ``utf-8`` or ``latin-1``.
        quoted: Whether fields may be quoted: in CSV only, elsewhere ``"`` is an ordinary character.
        padded: Whether spaces around fields do not count.
    """

    separator: str
    header: bool = False
    encoding: str = "utf-8"
    quoted: bool = False
    padded: bool = False


TAB = Syntax("\t")
PIPE = Syntax("|", encoding="latin-1")
DAT = Syntax("::")
DAT_LATIN1 = Syntax("::", encoding="latin-1")
CSV = Syntax(",", header=True, quoted=True)


def records(
    content: bytes | Path, syntax: Syntax, *, plausible: Callable[[list[str]], bool] | None = None
) -> Iterator[tuple[int, list[str] | DataError]]:
    """The fields of each record with the number of its first line, the header included.

    A record that cannot be decoded or cut comes as the error that it deserves: the caller raises or skips it. Where a
    quote is never closed, its line is the bad one, and the next is read as if nothing had been. ``plausible`` tells
    whether a record of several lines may be one; otherwise its quote counts as never closed.
    """
    with io.BytesIO(content) if isinstance(content, bytes) else content.open("rb") as lines:
        faults: dict[int, DataError] = {}
        text = _decoded(lines, syntax.encoding, faults)
        if syntax.quoted and len(syntax.separator) == 1:
            yield from csv_records(text, faults, syntax.separator, syntax.padded, plausible)
            return
        for number, line in enumerate(text, start=1):
            yield number, faults.get(number) or line.rstrip("\r\n").split(syntax.separator)


def _decoded(lines: io.BufferedIOBase | io.BytesIO, encoding: str, faults: dict[int, DataError]) -> Iterator[str]:
    """The lines as text; those in another encoding are noted in ``faults`` under their numbers."""
    for number, line in enumerate(lines, start=1):
        if number == 1 and line.startswith(b"\xef\xbb\xbf"):
            line = line[3:]  # a byte order mark, as spreadsheets write it
            if not line:
                return
        try:
            yield line.decode(encoding)
        except UnicodeDecodeError as error:
            byte = line[error.start]
            faults[number] = DataError(
                f"wrong encoding: expected {encoding}, got byte 0x{byte:02x} at {error.start + 1}"
            )
            yield line.decode(encoding, errors="replace")


def parse(
    content: bytes | Path,
    syntax: Syntax,
    file: str,
    convert: Callable[[list[str]], Row],
    *,
    skip_bad_lines: bool,
    header: Sequence[str] | None = None,
) -> tuple[list[Row], list[int], int]:
    """Converts each record of a file; the header, if there is one, is passed over.

    ``convert`` raises DataError with the column at fault. ``header`` is what the header must be; None where the caller
    has looked at it.

    Returns:
        The converted records, the line of each, and how many were dropped.
    """
    rows: list[Row] = []
    numbers: list[int] = []
    dropped = 0
    found = records(content, syntax)
    if syntax.header:
        line, first = next(found, (1, []))
        if header is not None and first != list(header):
            came = first if isinstance(first, DataError) else ", ".join(first) or "nothing"
            raise DataError(
                f"expected the header {', '.join(header)}, got {shorten(str(came), 80)}", file=file, line=line
            )
    for number, fields in found:
        try:
            if isinstance(fields, DataError):
                raise fields
            rows.append(convert(fields))
            numbers.append(number)
        except DataError as error:
            if not skip_bad_lines:
                raise error.at(file, number) from None
            dropped += 1
    return rows, numbers, dropped


def expect_fields(fields: list[str], names: list[str] | tuple[str, ...]) -> None:
    """Checks the number of fields."""
    if len(fields) != len(names):
        missing = names[len(fields)] if len(fields) < len(names) else None
        raise DataError(f"expected {len(names)} fields ({', '.join(names)}), got {len(fields)}", column=missing)


def whole_number(text: str, column: str) -> int:
    """A non-negative integer in plain digits, below 2³².

    >>> whole_number("007", "user_id")
    7
    """
    if text.isascii() and text.isdigit() and len(text) < 20 and int(text) < 1 << 32:
        return int(text)
    raise DataError(f"expected a whole number, got {shorten(text)}", column=column)


def integer(text: str, column: str) -> int:
    """An integer, possibly negative."""
    digits = text[1:] if text[:1] in ("-", "+") else text
    if digits.isascii() and digits.isdigit() and len(digits) < 19:
        return int(text)
    raise DataError(f"expected a whole number, got {shorten(text)}", column=column)


def number(text: str, column: str) -> float:
    """A finite number."""
    value = float(text) if re.fullmatch(NUMBER, text) else math.nan
    if math.isfinite(value):
        return value
    raise DataError(f"expected a number, got {shorten(text)}", column=column)


def identifier(text: str, column: str) -> str:
    """An id: any text but none."""
    if text:
        return text
    raise DataError("expected an id, got an empty field", column=column)


def shorten(text: str, length: int = 40) -> str:
    """A value as messages quote it: on one line and not longer than a line."""
    return repr(text if len(text) <= length else text[: length - 1] + "…")
