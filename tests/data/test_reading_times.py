"""Times as files have them."""

import datetime

import polars as pl
import pytest

from tfrs_lab.data.reading.times import read_times

FIRST, SECOND = 1_500_000_100, 1_500_000_201  # 2017-07-14 02:41:40 and 02:43:21 UTC


def seconds(values, dtype=None):
    found = read_times(pl.Series("timestamp", values, dtype=dtype))
    assert found.refusal == ""
    return found.values.to_list(), found.note


@pytest.mark.parametrize(
    ("scale", "unit"), [(1, "seconds"), (10**3, "milliseconds"), (10**6, "microseconds"), (10**9, "nanoseconds")]
)
@pytest.mark.parametrize("form", [int, str, lambda value: f"{value}.0", float])
def test_numbers_by_their_size(scale, unit, form):
    values = [form(FIRST * scale), form(SECOND * scale)]
    assert seconds(values) == ([FIRST, SECOND], f"times in {unit}")


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("2017-07-14T02:41:40Z", "dates and times"),
        ("2017-07-14 02:41:40", "dates and times, taken as UTC"),
        ("2017-07-14 02:41:40.123456", "dates and times, taken as UTC"),
        ("2017-07-14T04:41:40+02:00", "dates and times"),
        ("2017-07-13T21:41:40-0500", "dates and times"),
        ("2017-07-14 02:41:40 UTC", "dates and times"),
        ("2017/07/14 02:41:40", "dates and times, taken as UTC"),
        ("2017-07-14T02:41:40.5+00", "dates and times"),
    ],
)
def test_iso(text, note):
    assert seconds([text, text]) == ([FIRST, FIRST], note)


def test_dates_and_minutes():
    midnight = FIRST - FIRST % 86_400
    assert seconds(["2017-07-14"]) == ([midnight], "dates")
    assert seconds(["2017-07-14 02:41"])[0] == [FIRST - 40]


def test_typed_times():
    moment = datetime.datetime.fromtimestamp(FIRST, datetime.timezone.utc)
    for unit in ("ms", "us", "ns"):
        assert seconds([moment.replace(tzinfo=None)], pl.Datetime(unit)) == ([FIRST], "dates and times")
    assert seconds([moment], pl.Datetime("us", "UTC"))[0] == [FIRST]
    assert seconds([moment.date()]) == ([FIRST - FIRST % 86_400], "dates")


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ([2010, 2018], "as seconds all lie in the first days of 1970: 2010 to 2018 (years?)"),
        ([17_361, 17_400], "days times 86400 are seconds"),
        ([1, 2, 3], "a mere order needs 1500000000 added"),
        ([0, 0], "all lie in the first days of 1970: 0"),
        ([20170716, 20180101], "dates written as numbers, such as 20170716: write them as 2017-07-16"),
        ([2017071612, 2018010123], "dates written as numbers, such as 2017071612"),
        ([201707161230, 201801012359], "dates written as numbers, such as 201707161230"),
        ([20170716123059, 20180101235900], "dates written as numbers"),
        (["2010", "2018"], "(years?)"),
        ([2010.0, 2018.0], "(years?)"),
        ([42_930.5, 42_931.25], "days"),
    ],
)
def test_numbers_that_are_no_times_are_refused_with_what_to_do(values, says):
    refusal = read_times(pl.Series(values)).refusal
    assert says in refusal
    assert "--columns timestamp= leaves the column unread" in refusal


def test_times_later_in_1970_are_doubted():
    assert seconds([25_000_000, 25_000_010]) == (
        [25_000_000, 25_000_010],
        "times in seconds (all of them in 1970: are they?)",
    )


def test_real_times_that_look_a_bit_like_dates_are_times():
    assert seconds([1999_10_10_10, 1_960_000_000])[0] == [1999_10_10_10, 1_960_000_000]
    assert seconds([0, 5, FIRST])[0] == [0, 5, FIRST]  # a few without a time are no reason


@pytest.mark.parametrize("bad", [-1, FIRST * 1000, 4_102_444_800, None])
def test_a_few_of_another_size_are_bad(bad):
    found = read_times(pl.Series([FIRST, bad, SECOND]))
    assert found.values.to_list() == [FIRST, None, SECOND]


@pytest.mark.parametrize("bad", ["soon", "", "2017-02-30", "14/07/2017", "2017-07-14T25:00", "Jul 14 2017", "1_500"])
def test_text_that_is_no_time_is_bad(bad):
    good = "2017-07-14" if bad != "1_500" else "1500000100"
    assert read_times(pl.Series([good, bad, good])).values.to_list()[1] is None


def test_a_number_among_dates_is_bad_and_a_date_among_numbers():
    assert read_times(pl.Series(["2017-07-14", "2017-07-15", "1500000100"])).values.null_count() == 1
    assert read_times(pl.Series(["1500000100", "1500000200", "2017-07-14"])).values.null_count() == 1
