"""Text in other encodings than UTF-8, and with other line ends, as UTF-8 with line feeds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tfrs_lab.data.errors import DataError
from tfrs_lab.data.reading.unpack import Content

_MARKS = {b"\xff\xfe\x00\x00": "utf-32", b"\x00\x00\xfe\xff": "utf-32", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def as_utf8(content: Content, file: str) -> Content:
    """Decodes UTF-16 and UTF-32 by their byte order marks, and turns carriage returns that end lines into line feeds.

    Raises:
        DataError: The text is not in the encoding that its mark says.
    """
    start = content.start()
    for mark, encoding in _MARKS.items():
        if start.startswith(mark):
            try:
                text = _bytes(content.data).decode(encoding)
            except UnicodeDecodeError:
                raise DataError(
                    f"expected {encoding.upper()}, got a damaged file; save it as UTF-8", file=file
                ) from None
            content = Content(text.encode("utf-8", "replace"), False, (*content.notes, encoding.upper()))
            start = content.start()
            break
    if b"\r" in start and b"\n" not in start:
        text_bytes = _bytes(content.data).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        content = replace(content, data=text_bytes, notes=(*content.notes, "lines end with CR alone"))
    return content


def _bytes(data: bytes | Path) -> bytes:
    return data.read_bytes() if isinstance(data, Path) else data
