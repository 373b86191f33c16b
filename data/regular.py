"""Whether a text file is so plain that polars reads it as we would: it is fast, but forgives what we do not.

polars fills a short line with nulls, passes over further fields where only some columns are wanted, takes ``+1`` for
the id 1 and drops a carriage return inside a line. Files with such lines, or with quotes, are read line by line.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from data.records import Syntax

_BLOCK_BYTES = 1 << 18  # as much as a processor keeps near: every byte is looked at some times


def is_regular(content: bytes | Path, syntax: Syntax, fields: int, *, numbers: bool) -> bool:
    """Looks at every byte.

    Args:
        content: The file's contents, or the file.
        syntax: How it is cut.
        fields: How many fields each line must have.
        numbers: All fields below the header are non-negative numbers in plain digits.

    Returns:
        Whether each line has as many separators as it takes, none is blank, there are no quotes where they would mean
        something, carriage returns stand before line feeds only, no field begins or ends with a space, and nothing but
        numbers is where numbers are wanted.
    """
    line = syntax.separator.encode() * (fields - 1) + b"\n"
    others = bytes(set(range(256)) - set(line))
    values = b"0123456789.\r" if numbers else others
    # Where only digits may be, cuts show spaces and blank lines too.
    edges = (syntax.separator.encode(), b"\n", b"\r")
    gaps = [
        gap for edge in edges for gap in (edge + b" ", b" " + edge)
    ]  # around a number, polars takes no notice of them
    below_header = not syntax.header
    for block in _blocks(content):
        if syntax.quoted and b'"' in block:
            return False
        if (returns := block.count(b"\r")) and returns != block.count(b"\r\n"):
            return False
        if not numbers and any(gap in block for gap in gaps):
            return False
        if not below_header:
            header, _, block = block.partition(b"\n")
            below_header = True
            if header.translate(None, others) + b"\n" != line or any(gap in header + b"\n" for gap in gaps):
                return False
        cuts = block.translate(None, values)
        if (fields == 1 and _has_blank_line(block)) or cuts != line * (len(cuts) // len(line)):
            return False
    return True


def _blocks(content: bytes | Path) -> Iterator[bytes]:
    """The file in pieces that end where lines end, the last line as if it had an end."""
    with io.BytesIO(content) if isinstance(content, bytes) else content.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            block += file.readline()
            yield block if block.endswith(b"\n") else block + b"\n"


def _has_blank_line(block: bytes) -> bool:
    return block.startswith((b"\n", b"\r\n")) or b"\n\n" in block or b"\n\r\n" in block
