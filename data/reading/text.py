"""Users' text files: delimiter, header and columns; polars where lines are regular, else record by record."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from tfrs_lab.data.errors import DataError
from tfrs_lab.data.names import OwnNames
from tfrs_lab.data.reading.column_names import WELL_KNOWN, Columns, bare, looks_like_data, no_header, numbered, resolve
from tfrs_lab.data.reading.raw import Lines, RawTable
from tfrs_lab.data.reading.records import Syntax, records
from tfrs_lab.data.reading.regular import regular_lines
from tfrs_lab.data.reading.unpack import Content, as_utf8
from tfrs_lab.data.reading.values import NUMERIC

_SIGNS = (",", ";", "\t", "|", "::")
_BLOCK_ROWS = 1 << 16
_ALL_KNOWN = frozenset[str]().union(*WELL_KNOWN.values())
_TYPES = {"user_rating": pl.Float32, "timestamp": pl.Int64}
"""Columns that polars may read as numbers at once; it refuses where there is anything else."""


def read_text(
    content: Content, file: str, schema: Mapping[str, Any], required: Sequence[str], names: OwnNames, kind: str
) -> RawTable:
    """Reads some columns of a text file."""
    content = as_utf8(content, file)
    given = {ours: theirs for ours, theirs in names.of_file(kind).items() if ours in schema}
    wanted = [*schema, *(theirs for theirs in given.values() if theirs)]
    syntax = _syntax(content, wanted)
    line, header = _header(content.data, syntax, file)
    try:
        columns = _columns(header, schema, required, names, kind)
    except DataError as error:
        raise error.at(file, line) from None
    notes = content.notes
    if columns.numbered:
        syntax = Syntax(syntax.separator, header=False, quoted=syntax.quoted, padded=syntax.padded)
        came = ", ".join(header)
        notes = (*notes, f"no header: the first row is {came if len(came) <= 60 else came[:59] + '…'}")
    count = regular_lines(content.data, syntax, len(header), own=True) if line == 1 and not syntax.padded else None
    found = None if count is None else _fast(content.data, syntax, len(header), columns, count)
    if found is not None and count is not None:
        first = 2 if syntax.header else 1
        return RawTable(file, found, range(first, first + count), columns, 0, None, syntax.separator, notes)
    table, lines, malformed, first_bad = _slowly(content.data, syntax, header, columns, file)
    return RawTable(file, table, lines, columns, malformed, first_bad, syntax.separator, notes)


def _syntax(content: Content, names: Iterable[str]) -> Syntax:
    """How a file is cut: by what cuts most known names out of its first line, else by what that line has most of."""
    lines = content.start().removeprefix(b"\xef\xbb\xbf").decode(errors="replace").split("\n")
    first = next((line for line in lines if line.strip()), "").rstrip("\r")
    known = {bare(name) for name in names} | _ALL_KNOWN

    def merit(sign: str) -> tuple[int, int, int]:
        fields = first.split(sign)
        return len(known & {bare(field) for field in fields if bare(field)}), len(fields), len(sign)

    separator = max(_SIGNS, key=merit)
    if separator not in first and " " in first.strip():
        separator = " "
    fields = first.split(separator)[1:]
    padded = separator != " " and bool(fields) and all(field[:1] == " " for field in fields)
    return Syntax(separator, header=True, quoted=len(separator) == 1, padded=padded)


def _header(content: bytes | Path, syntax: Syntax, file: str) -> tuple[int, list[str]]:
    """The first line that is not blank, with its number."""
    for line, fields in records(content, syntax):
        if isinstance(fields, DataError):
            raise DataError(_with_way(fields.reason), file=file, line=line)
        if any(field.strip() for field in fields):
            return line, fields
    raise DataError("expected a header and ratings, got an empty file", file=file)


def _with_way(reason: str) -> str:
    return f"{reason}; save the file as UTF-8" if "encoding" in reason else reason


def _columns(
    header: Sequence[str], schema: Mapping[str, Any], required: Sequence[str], names: OwnNames, kind: str
) -> Columns:
    given = {ours: theirs for ours, theirs in names.of_file(kind).items() if ours in schema}
    named = [theirs for theirs in given.values() if theirs]
    zeroth = "0" in named and any(name.strip() == "0" for name in header)
    if named and all(theirs.isdigit() for theirs in named) and not zeroth:
        places = numbered(len(header), schema, required, given)
        if not all(bare(header[place]) in _ALL_KNOWN | {bare(name)} for name, place in places.places.items()):
            return places
        return Columns(tuple(name.strip() for name in header), places.places)  # there is a header all the same
    try:
        return resolve(header, schema, required, names, kind)
    except DataError:
        if looks_like_data(header) and not any(given.values()):
            raise no_header(header, kind) from None
        raise


def _fast(content: bytes | Path, syntax: Syntax, fields: int, columns: Columns, count: int) -> pl.DataFrame | None:
    """A regular file through polars, or None if it does not like it."""
    if len(syntax.separator) > 1 or not count:
        return None
    ours = {place: name for name, place in columns.places.items()}
    if len(ours) < len(columns.places):
        return None  # one column that is several of ours
    for typed in (True, False):
        types = [_TYPES.get(ours.get(place, ""), pl.String) if typed else pl.String for place in range(fields)]
        schema = {f"column_{place + 1}": dtype for place, dtype in enumerate(types)}
        try:
            table = pl.read_csv(
                content,
                separator=syntax.separator,
                has_header=False,
                skip_lines=1 if syntax.header else 0,
                columns=[f"column_{place + 1}" for place in ours],
                schema=schema,
                quote_char=None,
                n_rows=count,
            )
        except pl.exceptions.PolarsError:
            continue
        table = table.rename({f"column_{place + 1}": name for place, name in ours.items()}).select(list(columns.places))
        if table.height == count and not (typed and _has_gaps(table)):
            return table
    return None


def _has_gaps(table: pl.DataFrame) -> bool:
    """Whether there are values that messages have to quote as they are written."""
    return any(column.null_count() or (column.dtype.is_float() and not column.is_finite().all()) for column in table)


def _slowly(
    content: bytes | Path, syntax: Syntax, header: Sequence[str], columns: Columns, file: str
) -> tuple[pl.DataFrame, Lines, int, DataError | None]:
    """A file record by record: its text, the line of each row, how many records were malformed, and the first."""
    full = len(header)
    needed = max((place + 1 for place, name in enumerate(header) if name.strip()), default=full)
    places = list(columns.places.values())
    schema = dict.fromkeys(columns.places, pl.String)
    blocks: list[pl.DataFrame] = []
    rows: list[tuple[str | None, ...]] = []
    lines: list[int] = []
    malformed, first_bad = 0, None
    below_header = not syntax.header

    def plausible(fields: list[str]) -> bool:
        return not below_header or _plausible(fields, full, columns, syntax.separator)

    for line, fields in records(content, syntax, plausible=plausible):
        if not isinstance(fields, DataError) and _is_blank(fields):
            continue
        if not below_header:
            below_header = isinstance(fields, DataError) or any(field.strip() for field in fields)
            continue
        if not isinstance(fields, DataError) and (len(fields) < needed or any(fields[full:])):
            fields = _wrong_count(fields, header, needed)
        if isinstance(fields, DataError):
            malformed += 1
            first_bad = first_bad or DataError(_with_way(fields.reason), file=file, line=line, column=fields.column)
            continue
        if syntax.padded:
            fields = [field.strip() for field in fields]
        rows.append(tuple(fields[place] if place < len(fields) else "" for place in places))
        lines.append(line)
        if len(rows) == _BLOCK_ROWS:
            blocks.append(pl.DataFrame(rows, schema=schema, orient="row"))
            rows = []
    blocks.append(pl.DataFrame(rows, schema=schema, orient="row"))
    return pl.concat(blocks), lines, malformed, first_bad


def _wrong_count(fields: Sequence[str], header: Sequence[str], needed: int) -> DataError:
    missing = header[len(fields)].strip() if len(fields) < needed else None
    names = ", ".join(name.strip() for name in header[:needed])
    return DataError(f"expected {needed} fields ({names}), got {len(fields)}", column=missing)


def _is_blank(fields: Sequence[str]) -> bool:
    return not fields or (len(fields) == 1 and not fields[0].strip())


def _plausible(fields: Sequence[str], full: int, columns: Columns, separator: str) -> bool:
    """Whether a record of several lines is one: no value of ours has a line break, and no line inside is a record.

    A quote that is not closed runs to the next one, and what lies between may look like a field by accident.
    """
    if any("\n" in fields[place] for place in columns.places.values() if place < len(fields)):
        return False
    if len(fields) != full:
        return False
    numeric = [columns.places[name] for name in _TYPES if name in columns.places]
    if not numeric:
        return True
    inside = [line for field in fields if "\n" in field for line in field.split("\n")[1:]]
    return not any(
        len(parts) == full and all(re.search(NUMERIC, parts[place].strip()) for place in numeric)
        for parts in (line.split(separator) for line in inside)
    )
