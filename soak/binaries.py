"""Parquet files, which Arrow reads on both sides; zip archives, and archives that an enemy made."""

from __future__ import annotations

import io
import random
import stat
import struct
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow
import pyarrow.parquet

from soak import reference as ref
from soak.texts import FILES, RATING_COLUMNS, Format, Rows
from tfrs_lab.data import DataError, load_files
from tfrs_lab.data.catalogue import release
from tfrs_lab.data.reading.archive import in_memory, open_archive
from tfrs_lab.data.reading.formats import parse_archive

RATINGS = pl.DataFrame(
    {
        "user_id": [3, 1, 1],
        "movie_id": ["a", "b", "ü"],
        "user_rating": [4.5, 1.0, 3.0],
        "timestamp": [1_500_000_007, 8, 9],
    }
)


def binary_formats(folder: Path) -> list[Format]:
    """Parquet in several encodings, and zip archives.

    Args:
        folder: Where files may be written.
    """
    parquet = folder / "own.parquet"

    def read_parquet(content: bytes) -> Rows:
        parquet.write_bytes(content)
        return [tuple(row) for row in load_files(parquet).ratings.iter_rows()]

    archive = folder / "own.zip"
    good = [tuple(row) for row in parse_archive(in_memory("good", FILES["100k"]), "100k").ratings.iter_rows()]

    def read_zip(content: bytes) -> Rows:
        archive.write_bytes(content)
        parsed = parse_archive(open_archive(archive, release("100k")), "100k")
        rows = [tuple(row) for row in parsed.ratings.iter_rows()]
        if rows != good:
            raise AssertionError(f"members have checksums, got another table: {rows[:3]}")
        return rows

    kinds: tuple[Any, ...] = ("uncompressed", "zstd", "snappy")
    formats = [
        Format(f"{kind} parquet", _parquet(kind), read_parquet, _expected_parquet, may_refuse=True) for kind in kinds
    ]
    return [
        *formats,
        Format("deflated zip", packed(FILES["100k"], zipfile.ZIP_DEFLATED), read_zip, _checked_by_crc),
        Format("stored zip", packed(FILES["100k"], zipfile.ZIP_STORED), read_zip, _checked_by_crc),
    ]


def _parquet(compression: Any) -> bytes:
    file = io.BytesIO()
    RATINGS.write_parquet(file, compression=compression)
    return file.getvalue()


def _expected_parquet(content: bytes) -> Rows | None:
    """The same bytes through Apache Arrow; damage that only one of the readers looks at is no wrong table."""
    try:
        table = pyarrow.parquet.read_table(io.BytesIO(content)).to_pydict()
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError, MemoryError):
        raise ref.Unknown from None
    names = [name for name in RATING_COLUMNS if name in table]
    if len(names) != len(RATING_COLUMNS):
        raise ref.Unknown  # another name may be well known too
    if not table["user_id"]:
        raise ref.Refused("rows")
    columns = []
    for name in names:
        columns.append([_value(name, value) for value in table[name]])
    rows = list(zip(*columns, strict=True))
    if len({row[:2] for row in rows}) != len(rows):
        raise ref.Unknown  # repeated events, which are merged
    if max(row[-1] for row in rows) < 864_000:
        raise ref.Refused("no times")
    return rows


def _value(name: str, value: Any) -> Any:
    if value is None or value == "":
        raise ref.Refused("null")
    if name.endswith("_id"):
        if not isinstance(value, int | str):
            raise ref.Unknown  # whole numbers with a point are ids
        return str(value)
    if name == "user_rating":
        return ref.real(str(value))
    if isinstance(value, int) and value >= 4_102_444_800:
        raise ref.Unknown  # milliseconds
    return ref.seconds(str(value))


def packed(files: dict[str, bytes], compression: int) -> bytes:
    """An archive as GroupLens makes it."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(f"ml-100k/{name}"), content, compression)
    return file.getvalue()


def _checked_by_crc(content: bytes) -> Rows | None:
    """Nothing to compare with: ``read_zip`` knows what the members' checksums stand for."""
    raise ref.Unknown


def evil_zip(rng: random.Random) -> bytes:
    """An archive with something in it that none of ratings has."""
    file = io.BytesIO()
    way = rng.choice(EVIL)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in FILES["100k"].items():
            archive.writestr(f"ml-100k/{name}", content)
        way(archive, rng)
    content = file.getvalue()
    return _lie(content) if rng.random() < 0.1 else content


def _outside(archive: zipfile.ZipFile, rng: random.Random) -> None:
    up = rng.choice(("../", "/", "ml-100k/../../", "..\\", "C:\\", "\\\\host\\share\\", "./../"))
    archive.writestr(up + rng.choice(("u.data", "etc/passwd", "x")), b"1\t1\t1\t1\n")


def _link(archive: zipfile.ZipFile, rng: random.Random) -> None:
    link = zipfile.ZipInfo(f"ml-100k/{rng.choice(('link', 'u.genre', 'deep/u.data'))}")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(link, rng.choice(("/etc/passwd", "../../..", "u.data")))


def _twice(archive: zipfile.ZipFile, rng: random.Random) -> None:
    with warnings.catch_warnings(action="ignore"):
        archive.writestr(f"ml-100k/{rng.choice(list(FILES['100k']))}", b"9\t9\t1\t0\n")


EVIL: tuple[Callable[[zipfile.ZipFile, random.Random], None], ...] = (_outside, _link, _twice)


def bomb() -> bytes:
    """A small archive with a large member."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in FILES["100k"].items():
            archive.writestr(f"ml-100k/{name}", content)
        archive.writestr("ml-100k/README", bytes(80 << 20), compresslevel=1)
    return file.getvalue()


def _lie(content: bytes) -> bytes:
    """Says in the directory that the first member is longer than it is."""
    place = content.rindex(b"PK\x01\x02")
    return content[: place + 24] + struct.pack("<I", 1 << 30) + content[place + 28 :]


def refused(content: bytes, file: Path) -> str | None:
    """What is wrong with how an evil archive is dealt with; None if it is refused."""
    file.write_bytes(content)
    try:
        parse_archive(open_archive(file, release("100k")), "100k")
    except DataError:
        return None
    except BaseException as error:
        return f"expected DataError, got {type(error).__name__}: {error}"
    return "read an archive that it should have refused"
