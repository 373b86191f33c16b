"""Tables that are in memory, or in Parquet: polars, pandas, Arrow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from tfrs_lab.data.errors import DataError
from tfrs_lab.data.names import OwnNames
from tfrs_lab.data.reading.column_names import looks_like_data, resolve
from tfrs_lab.data.reading.parquet import read_foreign
from tfrs_lab.data.reading.raw import RawTable
from tfrs_lab.data.reading.text import read_text
from tfrs_lab.data.reading.unpack import open_content


def read_raw(
    source: Any, schema: Mapping[str, Any], required: Sequence[str], names: OwnNames, kind: str = "ratings"
) -> RawTable:
    """Reads some columns of a file or a table."""
    if not isinstance(source, str | Path):
        return _typed(frame_of(source), label(source), schema, required, names, kind)
    path = Path(source).expanduser()
    content = open_content(path)
    if not content.parquet:
        return read_text(content, str(path), schema, required, names, kind)
    raw = _typed(read_foreign(content.data, path), str(path), schema, required, names, kind)
    return RawTable(raw.file, raw.table, raw.lines, raw.columns, notes=content.notes)


def label(source: Any) -> str:
    """What messages call a source."""
    if isinstance(source, str | Path):
        return str(Path(source).expanduser())
    return f"{type(source).__module__.partition('.')[0]} {type(source).__name__}"


def frame_of(source: Any) -> pl.DataFrame:
    """A table of polars, pandas or Arrow as polars has it."""
    if isinstance(source, pl.LazyFrame):
        source = source.collect()
    if isinstance(source, pl.DataFrame):
        return source
    try:
        if type(source).__module__.partition(".")[0] == "pandas":
            source = source.rename(columns=str)  # pandas has columns with numbers for names
        if hasattr(source, "__arrow_c_stream__") or hasattr(source, "__dataframe__"):
            import pyarrow

            return pl.DataFrame(pl.from_arrow(pyarrow.table(source)))
    except (ValueError, TypeError, pl.exceptions.PolarsError) as error:  # ArrowInvalid is a ValueError
        reason = (str(error.args[-1] if error.args else error).splitlines() or [type(error).__name__])[0]
        raise DataError(f"expected columns of one type each, got others ({reason})", file=label(source)) from None
    raise DataError(f"expected a path or a table of polars, pandas or Arrow, got {type(source).__name__}")


def _typed(
    table: pl.DataFrame, file: str, schema: Mapping[str, Any], required: Sequence[str], names: OwnNames, kind: str
) -> RawTable:
    try:
        columns = resolve(table.columns, schema, required, names, kind)
    except DataError as error:
        reason = error.reason
        if looks_like_data(table.columns):
            reason += "; the columns' names look like data: was a file without a header read as if it had one?"
        raise DataError(reason, file=file, column=error.column) from None
    picked = table.select(pl.nth(place).alias(name) for name, place in columns.places.items())
    return RawTable(file, picked, range(1, table.height + 1), columns)
