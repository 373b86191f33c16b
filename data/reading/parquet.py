"""Parquet files that may be damaged: polars panics on some of them, which is neither an ``Exception`` nor one line.

Ours have checksums, which are looked at before. What others wrote is read by Arrow: a page that claims to hold as many
values as no memory has room for makes polars end the process, where Arrow raises.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from tfrs_lab.data.errors import DataError


def read_table(path: Path) -> pl.DataFrame:
    """Reads a Parquet file of ours."""
    try:
        with _quiet():
            return pl.read_parquet(path)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(f"expected a Parquet file, got a damaged one ({reason})", file=path) from None


def read_foreign(content: bytes | Path, path: Path) -> pl.DataFrame:
    """Reads a Parquet file whose contents nobody has looked at."""
    from pyarrow import ArrowException, parquet

    try:
        with _quiet():
            table = parquet.ParquetFile(io.BytesIO(content) if isinstance(content, bytes) else content).read()
            table.validate(full=True)  # polars trusts Arrow with what it does not check itself, such as UTF-8
            return pl.DataFrame(pl.from_arrow(table))
    except (ArrowException, pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(f"expected a Parquet file, got a damaged one ({reason})", file=path) from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps back what is written to stderr, and drops it if polars panics: it is a backtrace of Rust's."""
    try:
        sys.stderr.flush()
        before = os.dup(2)
    except (OSError, AttributeError, ValueError):  # no stderr, nothing to keep quiet
        yield
        return
    with tempfile.TemporaryFile() as kept:
        os.dup2(kept.fileno(), 2)
        panicked = False
        try:
            yield
        except pl.exceptions.PanicException:
            panicked = True
            raise
        finally:
            os.dup2(before, 2)
            if not panicked and kept.seek(0, os.SEEK_END):
                kept.seek(0)
                with os.fdopen(before, "wb", closefd=False) as stderr:
                    shutil.copyfileobj(kept, stderr)
            os.close(before)
