"""The file formats once more, slowly and by themselves: what the readers say is compared with this.

Nothing here imports the data room. Numbers are what a regular expression says that they are.
"""

from __future__ import annotations

import csv
import datetime
import re
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Any

_FLOAT = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_DATE = re.compile(r"([0-9]{1,2})-(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)-([0-9]{4})")
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_TRUE, _FALSE = ("true", "1", "m", "male"), ("false", "0", "f", "female")


class Refused(Exception):
    """The file is not what it should be."""


class Unknown(Exception):
    """The reference cannot tell."""


def lines_of(content: bytes, encoding: str) -> Iterator[str]:
    """The lines, without a byte order mark."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    for line in content.split(b"\n")[: None if content[-1:] not in (b"\n", b"") else -1]:
        try:
            yield line.decode(encoding)
        except UnicodeDecodeError:
            raise Refused("encoding") from None


def plain(content: bytes, separator: str, fields: int, encoding: str) -> list[list[str]]:
    """Records of a file without quotes."""
    records = [line.rstrip("\r").split(separator) for line in lines_of(content, encoding)]
    if any(len(record) != fields for record in records):
        raise Refused("fields")
    return records


def quoted(content: bytes) -> tuple[list[str], list[list[str]]]:
    """Header and records of a CSV file."""
    text = [line + "\n" for line in lines_of(content, "utf-8")]
    try:
        records = list(csv.reader(text, strict=True))
    except csv.Error:
        raise Refused("csv") from None
    header, records = (records[0], records[1:]) if records else ([], [])
    if any(len(record) != len(header) for record in records) or len(set(header)) != len(header):
        raise Refused("fields")
    return header, records


def whole(text: str) -> str:
    """An id of MovieLens."""
    if not re.fullmatch("[0-9]{1,19}", text) or int(text) >= 2**32:
        raise Refused("id")
    return str(int(text))


def real(text: str) -> float:
    """A finite number in single precision."""
    if not _FLOAT.fullmatch(text):
        raise Refused("number")
    try:
        value = single(float(text))
    except OverflowError:
        raise Refused("number") from None
    if value in (float("inf"), float("-inf")):
        raise Refused("number")
    return value


def single(value: float) -> float:
    """A number as single precision has it."""
    found: float = struct.unpack("f", struct.pack("f", value))[0]
    return found


def seconds(text: str) -> int:
    """A time from 1970 to 2100."""
    if not re.fullmatch("[+-]?[0-9]{1,18}", text) or not 0 <= int(text) < 4_102_444_800:
        raise Refused("time")
    return int(text)


def ratings(records: Sequence[Sequence[str]], parsers: Sequence[Callable[[str], Any]]) -> list[tuple[Any, ...]]:
    """Ratings; the first two fields are the ids."""
    rows = [tuple(parse(text) for parse, text in zip(parsers, record, strict=True)) for record in records]
    if not rows or len({row[:2] for row in rows}) != len(rows):
        raise Refused("none, or a pair again")
    return rows


def unique(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The rows, if each id is there once."""
    if len({row[0] for row in rows}) != len(rows):
        raise Refused("an id again")
    return rows


def movielens_date(text: str) -> datetime.date | None:
    """A date of u.item."""
    found = _DATE.fullmatch(text)
    if not text:
        return None
    if not found:
        raise Refused("date")
    return date(int(found[3]), _MONTHS.index(found[2]) + 1, int(found[1]))


def iso_date(text: str) -> datetime.date | None:
    """A date of a user's own file."""
    if not text:
        return None
    if not _ISO.fullmatch(text):
        raise Refused("date")
    return date(*map(int, text.split("-")))


def date(year: int, month: int, day: int) -> datetime.date:
    """A day that exists."""
    try:
        return datetime.date(year, month, day)
    except ValueError:
        raise Refused("date") from None


def flag(text: str) -> bool | None:
    """A user's gender as own files have it; true is male."""
    if not text:
        return None
    if text.lower() not in (*_TRUE, *_FALSE):
        raise Refused("truth")
    return text.lower() in _TRUE


def genres(names: Sequence[str]) -> list[str]:
    """A movie's genres as TFDS spells them."""
    kept = [name for name in names if name and name.lower() not in ("unknown", "(no genres listed)")]
    return ["Children" if name == "Children's" else name for name in kept]


def choice(*allowed: str) -> Callable[[str], str]:
    """One of some words."""

    def parse(text: str) -> str:
        if text not in allowed:
            raise Refused(f"one of {allowed}")
        return text

    return parse
