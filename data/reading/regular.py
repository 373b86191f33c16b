"""Whether a text file is so plain that polars reads it as we would: it is fast, but forgives what we do not.

polars fills a short line with nulls, passes over further fields where only some columns are wanted, takes ``+1`` for
the id 1 and drops a carriage return inside a line. Files with such lines, or with quotes, are read line by line.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from tfrs_lab.data.reading.records import Syntax

_BLOCK_BYTES = 1 << 18  # as much as a processor keeps near: every byte is looked at some times


def is_regular(content: bytes | Path, syntax: Syntax, fields: int, *, numbers: bool) -> bool:
    """Looks at every byte.

    Returns:
        Whether each line has as many separators as it takes, none is blank, there are no quotes where they would mean
        something, carriage returns stand before line feeds only, no field begins or ends with a space or tab, and
        nothing but numbers is where numbers are wanted.
    """
    return regular_lines(content, syntax, fields, numbers=numbers) is not None


def regular_lines(
    content: bytes | Path, syntax: Syntax, fields: int, *, numbers: bool = False, own: bool = False
) -> int | None:
    """``is_regular``, and how many lines there are below the header.

    In a user's ``own`` file the header is read by others, blank lines at the end do not count, text is UTF-8.
    """
    line = syntax.separator.encode() * (fields - 1) + b"\n"
    others = bytes(set(range(256)) - set(line))
    values = b"0123456789.\r" if numbers else others
    # Where only digits may be, cuts show spaces and blank lines too.
    edges = (syntax.separator.encode(), b"\n", b"\r")
    blanks = [blank for blank in (b" ", b"\t") if blank != syntax.separator.encode()]
    # Around a number, polars takes no notice of them.
    gaps = [gap for edge in edges for blank in blanks for gap in (edge + blank, blank + edge)]
    below_header = not syntax.header
    count = 0
    for block, last in _blocks(content):
        if not below_header:
            header, _, rest = block.partition(b"\n")
            below_header = True
            if not own and not _is_plain_header(header + b"\n", line, gaps, syntax):
                return None
            if rest.startswith(b"\xef\xbb\xbf"):
                return None  # a byte order mark is one at the beginning only, but polars would drop it here
            block = rest
        if own and last:
            block = block.rstrip(b"\r\n") + b"\n" if block.strip(b"\r\n") else b""
        if syntax.quoted and b'"' in block:
            return None
        if (returns := block.count(b"\r")) and returns != block.count(b"\r\n"):
            return None
        if not numbers and any(blank in block for blank in blanks) and any(gap in b"\n" + block for gap in gaps):
            return None
        cuts = block.translate(None, values)
        if (fields == 1 and _has_blank_line(block)) or cuts != line * (len(cuts) // len(line)):
            return None
        if own and not _is_utf8(block):
            return None
        count += len(cuts) // len(line)
    return count


def _is_plain_header(header: bytes, line: bytes, gaps: list[bytes], syntax: Syntax) -> bool:
    if any(gap in header for gap in gaps) or (syntax.quoted and b'"' in header):
        return False
    others = bytes(set(range(256)) - set(line))
    return header.translate(None, others) == line and header.count(b"\r") == header.count(b"\r\n")


def _is_utf8(block: bytes) -> bool:
    if block.isascii():
        return True
    try:
        block.decode()
    except UnicodeDecodeError:
        return False
    return True


def _blocks(content: bytes | Path) -> Iterator[tuple[bytes, bool]]:
    """The file in pieces that end where lines end, the last line as if it had an end; whether it is the last piece."""
    with io.BytesIO(content) if isinstance(content, bytes) else content.open("rb") as file:
        block = _block(file)
        while block:
            following = _block(file)
            yield (block if block.endswith(b"\n") else block + b"\n"), not following
            block = following


def _block(file: io.BufferedIOBase | io.BytesIO) -> bytes:
    return file.read(_BLOCK_BYTES) + file.readline()


def _has_blank_line(block: bytes) -> bool:
    return block.startswith((b"\n", b"\r\n")) or b"\n\n" in block or b"\n\r\n" in block
