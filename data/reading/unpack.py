"""The contents of a file: unpacked, and recognised where they are neither text nor Parquet."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from tfrs_lab.data.errors import DataError

_SAVE = "save it as CSV or Parquet"
_LOOK = 1 << 16  # bytes that are looked at
_KINDS: dict[bytes, str] = {
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": f"an Excel workbook: {_SAVE}",
    b"ARROW1": f"a Feather (Arrow) file: {_SAVE}",
    b"FEA1": f"a Feather file: {_SAVE}",
    b"ORC": f"an ORC file: {_SAVE}",
    b"Obj\x01": f"an Avro file: {_SAVE}",
    b"SQLite format 3\x00": f"an SQLite database: {_SAVE}",
    b"\x89HDF\r\n\x1a\n": f"an HDF5 file: {_SAVE}",
    b"\x93NUMPY": f"a NumPy array: {_SAVE}",
    b"%PDF": f"a PDF document: {_SAVE}",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive: unpack it first",
    b"Rar!": "a RAR archive: unpack it first",
    b"version https://git-lfs": "a pointer of Git LFS: fetch the file itself (git lfs pull)",
    b"\x80\x02": f"a Python pickle: {_SAVE}",
    b"\x80\x03": f"a Python pickle: {_SAVE}",
    b"\x80\x04": f"a Python pickle: {_SAVE}",
    b"\x80\x05": f"a Python pickle: {_SAVE}",
    b"RDX3": f"an R data file: {_SAVE}",
    b"RDX2": f"an R data file: {_SAVE}",
    b"<stata_dta>": f"a Stata file: {_SAVE}",
}
"""How files begin that are named in plain words."""


@dataclass(frozen=True)
class Content:
    """What is in a file: the file itself where it can be read as it is, else its bytes, unpacked as ``notes`` say."""

    data: bytes | Path
    parquet: bool
    notes: tuple[str, ...] = ()

    def start(self, size: int = _LOOK) -> bytes:
        """Its first bytes."""
        if isinstance(self.data, bytes):
            return self.data[:size]
        with self.data.open("rb") as file:
            return file.read(size)


def open_content(path: Path) -> Content:
    """Looks into a file, by its contents and not by its name."""
    if path.is_dir():
        raise DataError("expected a file, got a directory: name a file in it", file=path)
    content = Content(path, parquet=False)
    try:
        start = content.start()
        for _ in range(3):  # a packed file may be packed
            name = next((name for sign, (name, _) in _PACKED.items() if start.startswith(sign)), None)
            if name is None:
                break
            content = Content(_unpack(name, content.data, path), False, (*content.notes, name))
            start = content.start()
    except FileNotFoundError:
        raise DataError("expected a CSV or Parquet file, but there is no such file", file=path) from None
    except OSError as error:
        raise DataError(f"expected a file that can be read, got: {error.strerror or error}", file=path) from None
    if not start:
        raise DataError("expected a header and ratings, got an empty file", file=path)
    if start.startswith(b"PAR1"):
        return Content(content.data, True, content.notes)
    came = next((name for sign, name in _KINDS.items() if start.startswith(sign)), None) or _by_content(start)
    if came:
        raise DataError(f"expected a CSV or Parquet file, got {came}", file=path)
    return content


def _by_content(start: bytes) -> str | None:
    """What a file is that has no sign of its own; None if it may be CSV."""
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[257:262] == b"ustar":
        return "a tar archive: unpack it first"
    if text[:1] == b"<":
        return f"a web page or XML: {_SAVE}"
    if text[:1] in (b"{", b"[") and any(sign in text for sign in (b'":', b'" :', b'["', b"[[", b"{}", b"[]")):
        return f"JSON: {_SAVE}"
    if not start.startswith((b"\xff\xfe", b"\xfe\xff")) and 10 * start.count(0) > len(start):
        return f"binary data, or UTF-16 without a byte order mark: {_SAVE}, in UTF-8"
    return None


def _unpack(name: str, data: bytes | Path, path: Path) -> bytes:
    whole = data.read_bytes() if isinstance(data, Path) else data
    unpack = next(unpack for kind, unpack in _PACKED.values() if kind == name)
    try:
        return unpack(whole, path)
    except (EOFError, OSError, ValueError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, RuntimeError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"expected a whole {name} file, got a damaged one or a part of one", file=path) from None
    except NotImplementedError:
        raise DataError(f"expected a {name} file of a usual kind, got one that cannot be unpacked", file=path) from None


def _zip(data: bytes, path: Path) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        if "[Content_Types].xml" in names:
            raise DataError(f"expected a CSV or Parquet file, got an Excel workbook or the like: {_SAVE}", file=path)
        if "content.xml" in names:
            raise DataError(f"expected a CSV or Parquet file, got an OpenDocument spreadsheet: {_SAVE}", file=path)
        files = [
            info
            for info in archive.infolist()
            if not info.is_dir() and not info.filename.startswith("__MACOSX/") and "/." not in f"/{info.filename}"
        ]
        if len(files) != 1:
            came = f"{len(files)}: {', '.join(info.filename for info in files[:8])}" if files else "none"
            raise DataError(f"expected a zip archive with one file, got {came}; unpack it first", file=path)
        if files[0].flag_bits & 1:
            raise DataError("expected a zip archive without a password, got one with", file=path)
        return archive.read(files[0])


def _by_arrow(codec: str) -> Callable[[bytes, Path], bytes]:
    def unpack(data: bytes, path: Path) -> bytes:
        import pyarrow

        with pyarrow.CompressedInputStream(pyarrow.BufferReader(data), codec) as stream:
            return bytes(stream.read())

    return unpack


_PACKED: dict[bytes, tuple[str, Callable[[bytes, Path], bytes]]] = {
    b"\x1f\x8b": ("gzip", lambda data, path: gzip.decompress(data)),
    b"\x28\xb5\x2f\xfd": ("zstd", _by_arrow("zstd")),
    b"\xfd7zXZ\x00": ("xz", lambda data, path: lzma.decompress(data)),
    b"BZh": ("bzip2", lambda data, path: bz2.decompress(data)),
    b"\x04\x22\x4d\x18": ("lz4", _by_arrow("lz4")),
    b"PK\x03\x04": ("zip", _zip),
    b"PK\x05\x06": ("zip", _zip),
}

_MARKS = {b"\xff\xfe\x00\x00": "utf-32", b"\x00\x00\xfe\xff": "utf-32", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def as_utf8(content: Content, file: str) -> Content:
    """Decodes UTF-16 and UTF-32 by their byte order marks; carriage returns that end lines become line feeds."""
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
