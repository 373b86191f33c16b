"""Times in whatever form files have them → seconds since 1970."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from tfrs_lab.data.errors import DataError
from tfrs_lab.data.reading.values import NUMERIC, Values, numbers_of

END_OF_TIME = 4_102_444_800  # 2100-01-01
_FEW_DAYS = 864_000  # ten
_1971 = 31_536_000
_UNITS = {"seconds": 1, "milliseconds": 10**3, "microseconds": 10**6, "nanoseconds": 10**9}
_UNREAD = "--columns timestamp= leaves the column unread"
_PARTS = ("year", "month", "day", "hour", "minute", "second", "zulu", "sign", "zone_hours", "zone_minutes")
_ISO = (
    r"^\s*([0-9]{4})[-/]([0-9]{2})[-/]([0-9]{2})"
    r"(?:[Tt ]\s?([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,][0-9]+)?)?"
    r"\s?(?:([Zz]|UTC|GMT)|([+-])([0-9]{2}):?([0-9]{2})?)?)?\s*$"
)


def read_times(column: pl.Series) -> Values:
    """Reads a column of times.

    Whole numbers count as seconds, milli-, micro- or nanoseconds by their size; the size of most rows decides, and
    others are bad. Text may be numbers, or ISO dates and date-times; without a zone they are UTC.

    Returns:
        [n] Int64 seconds since 1970, null where bad; with a refusal if the numbers are no times: years, days, 20170716.

    Raises:
        DataError: The column is of another type.
    """
    dtype = column.dtype
    if dtype == pl.String:
        return _from_text(column)
    if dtype == pl.Date:
        return _within(column.cast(pl.Int64) * 86_400, "dates")
    if isinstance(dtype, pl.Datetime):
        return _within(column.dt.epoch("us") // 1_000_000, "dates and times")
    if dtype.is_integer():
        return _from_numbers(column.cast(pl.Int64, strict=False))
    if dtype.is_numeric() or dtype == pl.Null:
        return _from_numbers(_whole(column.cast(pl.Float64)))
    raise DataError(f"expected times, such as seconds since 1970, got a column of another kind; {_UNREAD}")


def _from_text(text: pl.Series) -> Values:
    numeric = text.str.contains(NUMERIC).fill_null(False)
    if 2 * int(numeric.sum()) >= int((text != "").sum()):
        plain = text.str.contains("^[+-]?[0-9]+$").fill_null(False)
        nothing = pl.Series([None], dtype=pl.String)
        whole = text.zip_with(plain, nothing).cast(pl.Int64, strict=False)
        values = whole.zip_with(plain, _whole(numbers_of(text.zip_with(~plain, nothing)))) if not plain.all() else whole
        found = _from_numbers(values)
        return replace(found, otherwise="expected a whole number", odd=values.is_null())
    return _from_iso(text)


def _whole(values: pl.Series) -> pl.Series:
    """Numbers without their fractions as Int64, null where that is none."""
    finite = values.is_finite().fill_null(False) & (values.abs() < 2.0**62).fill_null(False)
    return values.zip_with(finite, pl.Series([None], dtype=pl.Float64)).floor().cast(pl.Int64, strict=False)


def _from_numbers(values: pl.Series) -> Values:
    unit, seconds, refusal = "seconds", values, ""
    if len(values) and values.null_count() < len(values):
        starts = [0, *(END_OF_TIME * scale for scale in list(_UNITS.values())[:-1])]
        ends = [END_OF_TIME * scale for scale in _UNITS.values()]
        least, most = int(values.min()), int(values.max())  # type: ignore[arg-type]
        inside = [
            values.is_between(start, end, closed="left") if start <= most and end > least else None
            for start, end in zip(starts, ends, strict=True)
        ]
        counts = [0 if good is None else int(good.sum() or 0) for good in inside]
        place = int(np.argmax(counts))
        unit, scale = list(_UNITS.items())[place]
        good = inside[place]
        if good is None or not counts[place]:
            seconds = pl.Series(values.name, [None], dtype=pl.Int64).new_from_index(0, len(values))
        else:
            if counts[place] < len(values):
                seconds = values.zip_with(good, pl.Series([None], dtype=pl.Int64))
            refusal = _implausible(seconds, unit, scale)
            seconds = seconds // scale if scale > 1 else seconds
    not_other = "not milliseconds" if unit == "seconds" else f"as in other rows: {unit}"
    note = f"times in {unit}"
    if seconds.null_count() < len(seconds) and int(seconds.max()) < _1971:  # type: ignore[arg-type]
        note += " (all of them in 1970: are they?)"
    return Values(seconds, f"expected seconds from 1970 to 2100 ({not_other})", note, refusal=refusal)


def _implausible(values: pl.Series, unit: str, scale: int) -> str:
    """What is wrong with numbers that are dates, years, days or an order, and no times since 1970; else nothing."""
    least, most = int(values.min()), int(values.max())  # type: ignore[arg-type]
    expected = "expected times since 1970"
    for digits, example in ((8, "2017-07-16"), (10, "2017-07-16 12:00"), (12, "2017-07-16 12:30")):
        if _is_calendar(values, digits) or (digits == 12 and _is_calendar(values // 100, digits)):
            came = f"dates written as numbers, such as {values.drop_nulls()[0]}"
            return f"{expected}, got {came}: write them as {example}, or {_UNREAD}"
    if most // scale < _FEW_DAYS:
        span = f"{least}" if least == most else f"{least} to {most}"
        what = "years?" if least >= 1800 and most <= 2100 else "days or an order?"
        way = "days times 86400 are seconds; a mere order needs 1500000000 added"
        came = f"numbers that as {unit} all lie in the first days of 1970: {span} ({what})"
        return f"{expected}, got {came}: {way}; or {_UNREAD}"
    return ""


def _is_calendar(values: pl.Series, digits: int) -> bool:
    """Whether all numbers are a year, month and day, perhaps with hours and minutes, with this number of digits."""
    high = 10 ** (digits - 4)
    least, most = int(values.min()), int(values.max())  # type: ignore[arg-type]
    if least < 1970 * high or most >= 2101 * high:
        return False
    good = (values // (high // 100) % 100).is_between(1, 12) & (values // (high // 10_000) % 100).is_between(1, 31)
    if digits >= 10:
        good &= values // (high // 1_000_000) % 100 < 24
    if digits >= 12:
        good &= values % 100 < 60
    return bool(good.fill_null(True).all())


def _from_iso(text: pl.Series) -> Values:
    parts = text.str.extract_groups(_ISO).struct.rename_fields(_PARTS).struct.unnest()
    date = parts.select(pl.concat_str("year", "month", "day", separator="-").str.to_date("%Y-%m-%d", strict=False))
    clock = parts.select(pl.col(name).cast(pl.Int64).fill_null(0) for name in _PARTS[3:6] + _PARTS[8:])
    offset = clock["zone_hours"] * 3600 + clock["zone_minutes"] * 60
    sign = (parts["sign"] == "-").fill_null(False).cast(pl.Int64) * 2 - 1  # a clock that is ahead shows more than UTC
    seconds = date.to_series().cast(pl.Int64) * 86_400 + clock["hour"] * 3600 + clock["minute"] * 60 + clock["second"]
    real = (clock["hour"] < 24) & (clock["minute"] < 60) & (clock["second"] <= 60)
    real &= (clock["zone_hours"] < 24) & (clock["zone_minutes"] < 60)
    seconds = (seconds + sign * offset).zip_with(real, pl.Series([None], dtype=pl.Int64)).rename(text.name)
    timed = bool(parts["hour"].is_not_null().any())
    zoned = bool((parts["zulu"].is_not_null() | parts["sign"].is_not_null()).any())
    note = "dates" if not timed else "dates and times" if zoned else "dates and times, taken as UTC"
    expected = "expected a time from 1970 to 2100, such as 2017-07-14T02:41:40Z or seconds since 1970"
    return _within(seconds, note, expected)


def _within(seconds: pl.Series, note: str, expected: str = "expected a time from 1970 to 2100") -> Values:
    good = seconds.is_between(0, END_OF_TIME, closed="left").fill_null(False)
    if good.all():
        return Values(seconds, expected, note)
    return Values(seconds.zip_with(good, pl.Series([None], dtype=pl.Int64)), expected, note)
