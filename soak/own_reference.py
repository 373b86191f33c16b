"""A user's own files once more: cut letter by letter, and every value by itself. Shares no code with the data room.

What cannot be decided here, such as a header that damage gave another meaning, is ``Unknown``.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from soak.reference import Refused, Unknown, real

_SPACES = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_BLANK = re.compile(f"[{_SPACES}]*")
_TIME = re.compile(
    r"([0-9]{4})[-/]([0-9]{2})[-/]([0-9]{2})"
    r"(?:[Tt ]\s?([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,][0-9]+)?)?"
    r"\s?(?:([Zz]|UTC|GMT)|([+-])([0-9]{2}):?([0-9]{2})?)?)?"
)
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_END = 4_102_444_800
_SIGNS = (",", ";", "\t", "|", "::")
Counts = tuple[int, int, int, int]


class _Bad(Exception):
    """A line cannot be read."""


class Own:
    """A text file's header, and its records: fields, or None where a line is bad."""

    def __init__(
        self,
        content: bytes,
        separator: str,
        names: Sequence[str],
        numbers: Sequence[str] = (),
        optional: Sequence[str] = (),
    ) -> None:
        """Cuts a file into the columns ``names``, of which some are numbers or times, and some need not be there."""
        self._lines, self._faulty = _lines(_text(content))
        self.separator = separator
        start = next((i for i, line in enumerate(self._lines) if line.strip()), None)
        if start is None:
            raise Refused("empty")
        first = self._lines[start].rstrip("\r")
        others = [sign for sign in _SIGNS if sign != separator and sign in first]
        if others or separator not in first or all(field[:1] == " " for field in first.split(separator)[1:]):
            raise Unknown
        try:
            header, after = self._cut(start, None)
        except _Bad:
            raise Refused("header") from None
        if any(line in self._faulty for line in range(start, after)):
            raise Refused("encoding")
        self.header = [name.strip() for name in header]
        if all(name in (*names, "note", "Note") for name in self.header):
            names = [name for name in names if name in self.header or name not in optional]
            numbers = [name for name in numbers if name in names]
        self.names = list(names)
        if any(self.header.count(name) != 1 for name in names):
            raise Unknown
        bare = {re.sub(r"[\W_]", "", name).lower() for name in names}
        if sum(re.sub(r"[\W_]", "", name).lower() in bare for name in self.header) != len(names):
            raise Unknown
        self._places = [self.header.index(name) for name in names]
        self._numbers = [self.header.index(name) for name in numbers]
        self.records = [fields and [fields[p] for p in self._places] for fields in self._records(after)]

    def _records(self, line: int) -> list[list[str] | None]:
        needed = max((i + 1 for i, name in enumerate(self.header) if name), default=len(self.header))
        found: list[list[str] | None] = []
        while line < len(self._lines):
            try:
                fields, after = self._cut(line, self._is_one)
            except _Bad:
                found.append(None)
                line += 1
                continue
            bad = any(number in self._faulty for number in range(line, after))
            line = after
            if bad:
                found.append(None)
            elif len(fields) > 1 or fields[0].strip():
                short = len(fields) < needed or any(fields[len(self.header) :])
                found.append(None if short else fields + [""] * (len(self.header) - len(fields)))
        return found

    def _is_one(self, fields: Sequence[str]) -> bool:
        """Whether a record of several lines is one."""
        if len(fields) != len(self.header) or any("\n" in fields[place] for place in self._places):
            return False
        for field in fields:
            for inside in field.split("\n")[1:]:
                parts = inside.split(self.separator)
                whole = len(parts) == len(self.header) and self._numbers
                if whole and all(_NUMBER.fullmatch(parts[place].strip()) for place in self._numbers):
                    return False
        return True

    def _cut(self, line: int, is_one: Callable[[list[str]], bool] | None) -> tuple[list[str], int]:
        """A record that begins on a line, and the line behind it."""
        fields, first = [], line
        text, place = self._lines[line].rstrip("\r"), 0
        while True:
            if text[place : place + 1] == '"':
                value, place = "", place + 1
                text = self._lines[line]  # inside quotes carriage returns are letters
                while True:
                    if place >= len(text):
                        line += 1
                        if line >= len(self._lines):
                            raise _Bad
                        value, text, place = value + "\n", self._lines[line], 0
                    elif text[place] != '"':
                        value, place = value + text[place], place + 1
                    elif text[place : place + 2] == '""':
                        value, place = value + '"', place + 2
                    else:
                        break
                text, place = text.rstrip("\r") if text[place + 1 :].strip("\r") else text[: place + 1], place + 1
            else:
                end = text.find(self.separator, place)
                end = len(text) if end < 0 else end
                value, place = text[place:end], end
                if "\r" in value:
                    raise _Bad
            fields.append(value)
            if place >= len(text):
                break
            if text[place] != self.separator:
                raise _Bad
            place += 1
        if line > first and is_one is not None and not is_one(fields):
            raise _Bad
        return fields, line + 1


def _text(content: bytes) -> bytes:
    """The bytes in UTF-8 with line feeds."""
    wide = content.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff"))
    if wide or content.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            content = content.decode("utf-32" if wide else "utf-16").encode("utf-8", "replace")
        except UnicodeDecodeError:
            raise Refused("encoding") from None
    start = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    odd = (b"<", b"{", b"[", b"%PDF", b"PAR1", b"PK", b"\x1f\x8b", b"BZh", b"Rar!", b"ORC", b"Obj", b"RDX", b"\x80")
    if (
        start.startswith(odd)
        or content.startswith((b"7z", b"\x28\xb5", b"\xfd7z", b"\x04\x22"))
        or 11 * content.count(0) > len(content)
    ):
        raise Unknown
    if b"\n" not in content:
        content = content.replace(b"\r", b"\n")
    return content


def _lines(content: bytes) -> tuple[list[str], set[int]]:
    lines, faulty = [], set()
    raw = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    for number, line in enumerate(raw[:-1] if raw[-1] == b"" else raw):
        try:
            lines.append(line.decode())
        except UnicodeDecodeError:
            faulty.add(number)
            lines.append(line.decode(errors="replace"))
    return lines, faulty


def ratings(own: Own, *, skip: bool, rated: bool, timed: bool) -> tuple[Counts, list[tuple[Any, ...]]]:
    """Counts (rows, kept, merged, skipped) and the ratings: user, movie, then what there is of rating and time."""
    good = [record for record in own.records if record is not None]
    columns: list[list[Any]] = [[None if _BLANK.fullmatch(r[place]) else r[place] for r in good] for place in (0, 1)]
    if rated:
        columns.append(_ratings([record[2] for record in good], own.separator))
    scale = 1
    if timed:
        times, scale = _times([record[-1] for record in good])
        columns.append(times)
    rows = [row for row in zip(*columns, strict=True) if None not in row]
    skipped = len(own.records) - len(rows)
    if (skipped and not skip) or not rows:
        raise Refused("bad lines, or no others")
    if timed:
        _check_times([time for time in columns[-1] if time is not None], scale)
        rows = [(*row[:-1], row[-1] // scale) for row in rows]
    latest: dict[tuple[Any, ...], int] = {}
    for place, row in enumerate(rows):
        before = latest.get(row[:2])
        if before is None or not timed or rows[before][-1] <= row[-1]:
            latest[row[:2]] = place
    kept = [rows[place] for place in sorted(latest.values())]
    return (len(own.records), len(kept), len(rows) - len(kept), skipped), kept


def _ratings(texts: Sequence[str], separator: str) -> list[float | None]:
    comma = any(re.fullmatch("[+-]?[0-9]+,[0-9]+", text) for text in texts)
    point = any(re.fullmatch(r"[+-]?[0-9]*\.[0-9]*", text) for text in texts)
    if separator != "," and comma and not point:
        texts = [text.replace(",", ".", 1) for text in texts]
    return [_or_none(real, text) for text in texts]


def _or_none(read: Callable[[str], Any], text: str) -> Any:
    try:
        return read(text)
    except Refused:
        return None


def _times(texts: Sequence[str]) -> tuple[list[int | None], int]:
    """Whole numbers, None where they are bad, and how many are a second; dates are seconds."""
    given = sum(text != "" for text in texts)
    if 2 * sum(bool(_NUMBER.fullmatch(text)) for text in texts) < given:
        return [_iso(text) for text in texts], 1
    numbers = [_number(text) for text in texts]

    def inside(scale: int) -> list[int | None]:
        start = 0 if scale == 1 else _END * scale // 1000
        return [value if value is not None and start <= value < _END * scale else None for value in numbers]

    # of equally many the smaller scale
    scale = max((1, 10**3, 10**6, 10**9), key=lambda scale: sum(value is not None for value in inside(scale)))
    return inside(scale), scale


def _number(text: str) -> int | None:
    if re.fullmatch("[+-]?[0-9]+", text):
        return int(text) if -(2**63) <= int(text) < 2**63 else None
    if not _NUMBER.fullmatch(text) or abs(float(text)) >= 2**62:
        return None
    return int(float(text) // 1)


def _iso(text: str) -> int | None:
    found = _TIME.fullmatch(text.strip(" \t\n\x0b\x0c\r"))
    if not found:
        return None
    year, month, day, hour, minute, second, _, sign, zone_hours, zone_minutes = found.groups(default="0")
    try:
        days = datetime.date(int(year), int(month), int(day)) - datetime.date(1970, 1, 1)
    except ValueError:
        return None
    if int(hour) > 23 or int(minute) > 59 or int(second) > 60 or int(zone_hours) > 23 or int(zone_minutes) > 59:
        return None
    ahead = (int(zone_hours) * 60 + int(zone_minutes)) * (-60 if sign == "-" else 60)
    seconds = days.days * 86_400 + int(hour) * 3600 + int(minute) * 60 + int(second) - ahead
    return seconds if 0 <= seconds < _END else None


def _check_times(values: Sequence[int], scale: int) -> None:
    if max(values) // scale < 864_000:
        raise Refused("the first days of 1970")
    for digits in (8, 10, 12, 14):
        if all(len(str(value)) == digits and _is_calendar(str(value)) for value in values):
            raise Unknown  # told apart only where it matters


def _is_calendar(text: str) -> bool:
    return 1970 <= int(text[:4]) <= 2100 and 1 <= int(text[4:6]) <= 12 and 1 <= int(text[6:8]) <= 31


def features(
    own: Own, readers: Sequence[Callable[[str], Any]], columns: Mapping[int, Callable[[list[str]], list[Any]]]
) -> list[tuple[Any, ...]]:
    """Rows of a movies or users file, the id first, the last of each id.

    ``readers`` read a text each, ``columns`` a column as a whole, by its place.
    """
    if any(record is None for record in own.records):
        raise Refused("lines")
    texts = [list(column) for column in zip(*(r for r in own.records if r is not None), strict=True)]
    if not texts:
        return []
    read = [
        columns[place](column) if place in columns else [reader(text) for text in column]
        for place, (column, reader) in enumerate(zip(texts, readers, strict=True))
    ]
    last = {row[0]: row for row in zip(*read, strict=True)}
    return list(last.values())


def an_id(text: str) -> str:
    """An id."""
    if _BLANK.fullmatch(text):
        raise Refused("id")
    return text


def optional(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """A value, or None where there is nothing."""
    return lambda text: None if _BLANK.fullmatch(text) else read(text)


def year(text: str) -> int:
    """A whole number, with or without a point behind it."""
    found = re.fullmatch(r"([+-]?[0-9]+)(\.0*)?", text)
    if not found or not -(2**31) <= int(found[1]) < 2**31:
        raise Refused("year")
    return int(found[1])


def several(texts: list[str]) -> list[list[str]]:
    """Names in one field, between bars, else semicolons, else commas."""
    given = [text for text in texts if not _BLANK.fullmatch(text)]
    if any("[" in text for text in given):
        raise Unknown
    sign = next((sign for sign in "|;" if any(sign in text for text in given)), ",")
    trimmed = [[re.sub(f"^[{_SPACES}]+|[{_SPACES}]+$", "", part) for part in text.split(sign)] for text in texts]
    return [[part for part in parts if part] for parts in trimmed]
