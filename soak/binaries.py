"""Parquet files, which Arrow reads on both sides, and zip archives."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow
import pyarrow.parquet

from soak import reference as ref
from soak.texts import FILES, Format, Rows
from tfrs_lab.data import load_files
from tfrs_lab.data.catalogue import release
from tfrs_lab.data.reading.archive import in_memory, open_archive
from tfrs_lab.data.reading.formats import parse_archive

RATINGS = pl.DataFrame({"user_id": [3, 1, 1], "movie_id": ["a", "b", "ü"], "user_rating": [4.5, 1.0, 3.0]})
RATINGS = RATINGS.with_columns(timestamp=pl.Series([1_500_000_007, 8, 9]))


def binary_formats(folder: Path) -> list[Format]:
    """Parquet in several encodings, and zip archives, which are read from files in ``folder``."""
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
    if not set(RATINGS.columns) <= table.keys():
        raise ref.Unknown  # another name may be well known too
    if not table["user_id"]:
        raise ref.Refused("rows")
    columns = [[_value(name, value) for value in table[name]] for name in RATINGS.columns]
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
