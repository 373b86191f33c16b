"""Columns as they come, text or typed → ids, ratings and what is known of movies and users."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl

from tfrs_lab.data.errors import DataError
from tfrs_lab.data.reading.records import NUMBER, shorten

NUMERIC = f"^(?:{NUMBER})$"
_ID = "expected an id"
_DECIMAL_COMMA = "^[+-]?[0-9]+,[0-9]+$"
_TRUTH = dict.fromkeys(("true", "1", "m", "male"), True) | dict.fromkeys(("false", "0", "f", "female"), False)
_NOTHING = pl.Series([None], dtype=pl.String)
_EXPECTED: dict[Any, str] = {
    pl.Float32: "expected a number",
    pl.Float64: "expected a number",
    pl.Int32: "expected a whole number",
    pl.Int64: "expected a whole number",
    pl.Date: "expected a date such as 1995-01-31",
    pl.Boolean: "expected F or M, true or false",
}


@dataclass(frozen=True)
class Values:
    """A column that was read.

    Attributes:
        values: [n] values, null where they are bad.
        expected: What messages say was expected.
        note: What is worth saying of the whole column.
        otherwise: What was expected of those that are ``odd``.
        odd: [n] Boolean: bad for another reason than the others.
        refusal: What is wrong with the column as a whole, once its bad lines are out of the way.
    """

    values: pl.Series
    expected: str
    note: str = ""
    otherwise: str = ""
    odd: pl.Series | None = None
    refusal: str = ""

    def fault(self, row: int, came: Any, column: str) -> DataError:
        """What is wrong with the value of a row."""
        expected = self.otherwise if self.odd is not None and self.odd[row] else self.expected
        what = "nothing" if came is None else shorten(came) if isinstance(came, str) else str(came)
        if expected == _ID and isinstance(came, str) and not came.strip():
            what = "an empty field"
        if isinstance(came, str) and re.search(_DECIMAL_COMMA, came):
            what += ": a decimal comma"
        return DataError(f"{expected}, got {what}", column=column)


def read_ids(column: pl.Series) -> Values:
    """Ids as text: text as it is, whole numbers by their digits."""
    dtype, note = column.dtype, ""
    if dtype == pl.Binary:
        column = column.cast(pl.String, strict=False)
    elif dtype.is_float() or dtype.is_decimal():
        numbers = column.cast(pl.Float64)
        present = numbers.filter(numbers.is_finite().fill_null(False))
        if (present != present.floor()).any() or (present.abs() >= 2.0**53).any():
            odd = next(value for value in present if value != int(value) or abs(value) >= 2.0**53)
            raise DataError(f"expected ids that are text or whole numbers, got {odd}")
        column = numbers.zip_with(numbers.is_finite().fill_null(False), pl.Series([None], dtype=pl.Float64))
        column, note = column.cast(pl.Int64).cast(pl.String), "whole numbers with a point are ids without it"
    elif dtype.is_nested() or dtype.is_temporal() or dtype in (pl.Boolean, pl.Object):
        raise DataError("expected ids that are text or whole numbers, got a column of another kind")
    elif dtype != pl.String:
        column = column.cast(pl.String)
    empty = (column.str.strip_chars_start() == "").fill_null(True)
    return Values(column.zip_with(~empty, _NOTHING) if empty.any() else column, _ID, note)


def read_ratings_column(column: pl.Series, separator: str | None) -> Values:
    """Ratings in single precision.

    Unless the fields of the file are separated by commas, numbers may have decimal commas.
    """
    if column.dtype == pl.String:
        note = ""
        if separator != "," and _all_decimal_commas(column):
            column, note = column.str.replace(",", ".", literal=True), "ratings have decimal commas"
        found = numbers_of(column).cast(pl.Float32)
        return Values(_finite(found), "expected a number", note)
    if column.dtype.is_nested() or not (column.dtype.is_numeric() or column.dtype == pl.Null):
        raise DataError("expected numbers, got a column of another kind")
    return Values(_finite(column.cast(pl.Float32)), "expected a finite number")


def numbers_of(text: pl.Series) -> pl.Series:
    """Text as numbers in double precision; null where it is none."""
    plain = text.str.contains(NUMERIC).fill_null(False)
    return text.zip_with(plain, _NOTHING).cast(pl.Float64, strict=False)


def read_feature(column: pl.Series, dtype: Any) -> Values:
    """A column of a movies or users file, null where there is nothing.

    ``odd`` is where a value cannot be read.
    """
    if column.dtype in (pl.Categorical, pl.Enum):
        column = column.cast(pl.String)
    if column.dtype == pl.String and dtype != pl.String:
        column = column.zip_with(column.str.contains("\\S").fill_null(False), _NOTHING)
        read: Callable[[pl.Series], pl.Series] = (
            _split if dtype == pl.List(pl.String) else lambda text: _cast(text, dtype)
        )
        found = read(column)
    elif column.dtype == pl.String:
        column = found = column.zip_with((column != "").fill_null(False), _NOTHING)
    else:
        found = _typed(column, dtype)
    expected = _EXPECTED.get(dtype, "expected text")
    odd = found.is_null() & column.is_not_null()
    if found.dtype.is_float():
        odd |= ~found.is_finite().fill_null(True)
    return Values(found, expected, otherwise=expected, odd=odd)


def _typed(column: pl.Series, dtype: Any) -> pl.Series:
    came = column.dtype
    fits = came in (dtype, pl.Null)
    if dtype == pl.String:
        fits = fits or came.is_integer() or came.is_float()
        if came.is_float():
            return read_ids(column).values
    elif dtype in (pl.Float32, pl.Float64):
        fits = fits or came.is_numeric()
    elif dtype in (pl.Int64, pl.Int32):
        whole = came.is_float() and bool((column.drop_nulls().drop_nans() % 1 == 0).all())
        fits = fits or came.is_integer() or whole
        column = column.fill_nan(None) if whole else column
    elif dtype == pl.Date:
        fits = fits or isinstance(came, pl.Datetime)
    elif dtype == pl.List(pl.String):
        fits = fits or isinstance(came, pl.List | pl.Array)
    if not fits:
        raise DataError(f"{_EXPECTED.get(dtype, 'expected text')} in each row, got a column of another kind")
    return column.cast(dtype, strict=False)


def _cast(text: pl.Series, dtype: Any) -> pl.Series:
    """Text as another type; null where it is something else."""
    if dtype == pl.Boolean:
        return text.str.to_lowercase().replace_strict(_TRUTH, default=None, return_dtype=pl.Boolean)
    if dtype == pl.Date:
        plain = text.str.contains("^[0-9]{4}-[0-9]{2}-[0-9]{2}$").fill_null(False)
        return text.zip_with(plain, _NOTHING).str.to_date("%Y-%m-%d", strict=False)
    if dtype in (pl.Int32, pl.Int64):
        # Spreadsheets and pandas write years with a point where some are missing.
        whole = text.str.replace(r"\.0*$", "")
        plain = whole.str.contains("^[+-]?[0-9]+$").fill_null(False)
        return whole.zip_with(plain, _NOTHING).cast(dtype, strict=False)
    return numbers_of(text).cast(dtype, strict=False)


def _split(text: pl.Series) -> pl.Series:
    """Several names in one field: between bars, else as a list in brackets, else between semicolons or commas."""
    given = text.drop_nulls()
    if given.str.contains("|", literal=True).any():
        parts = text.str.split("|")
    elif len(given) and given.str.contains(r"^\s*\[.*\]\s*$").all():
        named = given.str.contains(r"""['"]name['"]\s*:""").any()  # [{'id': 16, 'name': 'Animation'}]
        inside = r"""['"]name['"]\s*:\s*['"]([^'"]*)['"]""" if named else r"""([^\[\],'"]+)"""
        parts = text.str.extract_all(inside)
        if named:
            parts = parts.list.eval(pl.element().str.extract(inside))
    else:
        parts = text.str.split(";" if given.str.contains(";", literal=True).any() else ",")
    return parts.list.eval(pl.element().str.strip_chars()).list.eval(pl.element().filter(pl.element() != ""))


def _finite(numbers: pl.Series) -> pl.Series:
    good = numbers.is_finite().fill_null(False)
    return numbers if good.all() else numbers.zip_with(good, pl.Series([None], dtype=numbers.dtype))


def _all_decimal_commas(text: pl.Series) -> bool:
    """Whether numbers have decimal commas: some do, and none has a point."""
    with_comma = text.str.contains(_DECIMAL_COMMA).fill_null(False)
    return bool(with_comma.any()) and not text.str.contains(r"^[+-]?[0-9]*\.[0-9]*$").fill_null(False).any()
