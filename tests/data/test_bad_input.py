from __future__ import annotations

import pytest
from test_formats import files_100k, item

from tfrs_lab.data import DataError
from tfrs_lab.data.reading.archive import in_memory
from tfrs_lab.data.reading.formats import parse_archive

CSV = {
    "ratings.csv": b"userId,movieId,rating,timestamp\n1,31,2.5,1\n2,31,3.0,1\n",
    "movies.csv": b"movieId,title,genres\n31,A,Drama\n",
}
DAT = {"ratings.dat": b"1::5::5::1\n2::5::3::1\n", "movies.dat": b"5::A (1990)::Drama\n"}

CASES = [
    # layout, file, its contents, what the message says
    (
        "100k",
        "u.data",
        b"1\t9\t5\t1\nx\t9\t5\t1\n",
        ["u.data, line 2, column user_id: expected a whole number, got 'x'"],
    ),
    ("100k", "u.data", b"1\t9\tgood\t1\n", ["u.data, line 1, column rating: expected a number, got 'good'"]),
    ("100k", "u.data", b"1\t9\t5\t1\n1\t10\t5\n", ["line 2, column timestamp", "expected 4 fields", "got 3"]),
    ("100k", "u.data", b"1\t9\t5\t1\t9\n", ["line 1", "expected 4 fields", "got 5"]),
    ("100k", "u.data", b"1\t9\t5\t1\n\n2\t9\t5\t1\n", ["line 2", "got 1"]),
    ("100k", "u.data", b"1\t9\tnan\t1\n", ["line 1, column rating: expected a number, got 'nan'"]),
    ("100k", "u.data", b"1\t9\t\t1\n", ["line 1, column rating: expected a number, got ''"]),
    ("100k", "u.data", b"1\t9\t5\t-4\n", ["line 1, column timestamp: expected seconds", "got -4"]),
    ("100k", "u.data", b"1\t9\t5\t978300760000\n", ["line 1, column timestamp", "not milliseconds"]),
    ("100k", "u.data", b"1\t9\t5\t1.5\n", ["line 1, column timestamp: expected a whole number, got '1.5'"]),
    ("100k", "u.data", b"1\t99999999999\t5\t1\n", ["line 1, column movie_id: expected a whole number"]),
    ("100k", "u.data", b"1\t9\t5\t1\n2\t9\t5\t1\n1\t9\t4\t2\n", ["line 3", "user 1, movie 9 again (first on line 1)"]),
    ("100k", "u.data", b"", ["u.data: expected ratings, got none"]),
    (
        "100k",
        "u.item",
        item(9, "A", "1995", {}).encode(),
        ["u.item, line 1, column release_date", "01-Jan-1995", "'1995'"],
    ),
    ("100k", "u.item", item(9, "A", "31-Feb-1995", {}).encode(), ["line 1, column release_date"]),
    ("100k", "u.item", item(9, "A", "", {18: "yes"}).encode(), ["line 1, column Western: expected 0 or 1, got 'yes'"]),
    ("100k", "u.item", b"9|A|\n", ["line 1", "expected 24 fields", "got 3"]),
    (
        "100k",
        "u.user",
        b"1|24|M|technician|1\n1|24|X|technician|1\n",
        ["u.user, line 2, column gender: expected F or M"],
    ),
    ("100k", "u.user", b"1|24|M|x|1\n1|25|M|x|1\n", ["line 2, column user_id: expected each id once, got 1 again"]),
    ("dat", "ratings.dat", b"1::5::5::1\n2::5:3::1\n", ["ratings.dat, line 2", "expected 4 fields"]),
    ("dat", "ratings.dat", b"1:7:5::5::1\n", ["line 1"]),
    ("dat", "ratings.dat", b"1::5::5::1\n2::5::three::1\n", ["line 2, column rating: expected a number, got 'three'"]),
    (
        "dat",
        "movies.dat",
        "5::Amélie (2001)::Drama\n".encode("latin-1"),
        ["line 1: wrong encoding: expected utf-8", "0xe9"],
    ),
    (
        "csv",
        "ratings.csv",
        b"userId,movieId,rating,timestamp\n1,31,2.5,1\n1,a,2.5,1\n",
        ["line 3, column movieId", "'a'"],
    ),
    (
        "csv",
        "ratings.csv",
        b"userId,movieId,timestamp\n1,31,1\n",
        ["line 1, column rating: expected the columns userId"],
    ),
    ("csv", "ratings.csv", b"userId,movieId,rating,timestamp\n1,31\n", ["line 2, column rating", "got 2"]),
    ("csv", "ratings.csv", b"userId,movieId,rating,timestamp\n1,31,3,1,8\n", ["line 2", "got 5"]),
    ("csv", "ratings.csv", b"", ["line 1", "got nothing"]),
    ("csv", "movies.csv", b"movieId,title,genres\n31,A, B,Drama\n", ["movies.csv, line 2", "got 4"]),
    ("csv", "movies.csv", b"movieId,title,genres\n31,\xff,Drama\n", ["line 2: wrong encoding"]),
]


@pytest.mark.parametrize(("layout", "name", "content", "says"), CASES)
def test_the_message_is_one_line_that_names_the_place(layout: str, name: str, content: bytes, says: list[str]) -> None:
    files = {"100k": files_100k(), "dat": DAT, "csv": CSV}[layout] | {name: content}
    with pytest.raises(DataError) as caught:
        parse_archive(in_memory("archive.zip", files), layout)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"archive.zip!/{name}")
    for words in says:
        assert words in message


def test_a_missing_file_is_named() -> None:
    with pytest.raises(DataError, match=r"expected a file u\.user, got only u\.data, u\.item"):
        parse_archive(in_memory("x", {k: v for k, v in files_100k().items() if k != "u.user"}), "100k")


def test_skipping_counts_what_it_dropped() -> None:
    lines = [
        b"1\t9\t5\t1",
        b"x\t9\t5\t1",
        b"2\t9",
        b"2\t9\t3\t1",
        b"2\t10\tnan\t1",
        b"1\t10\t3\t-1",
        b"2\t9\t4\t7",
        b"",
    ]
    parsed = parse_archive(in_memory("x", files_100k(u_data=b"\n".join(lines))), "100k", skip_bad_lines=True)
    assert parsed.ratings.rows() == [("1", "9", 5.0, 1), ("2", "9", 4.0, 7)]  # of a pair the last line
    assert parsed.dropped == 5


def test_skipping_works_in_every_file() -> None:
    files = CSV | {
        "ratings.csv": CSV["ratings.csv"] + b"3,31,\xe9,1\n3,31,4,1\n",
        "movies.csv": CSV["movies.csv"] + b"x,B,Drama\n32,\xff,Drama\n",
        "tags.csv": b"userId,movieId,tag,timestamp\n1,31,good,1\n1,31\n",
    }
    parsed = parse_archive(in_memory("x", files), "csv", skip_bad_lines=True)
    assert (parsed.dropped, parsed.ratings.height, parsed.movies.height) == (4, 3, 1)
    assert parsed.movies["tags"].to_list() == [["good"]]


def test_skipping_nothing_changes_nothing() -> None:
    one, other = (parse_archive(in_memory("x", files_100k()), "100k", skip_bad_lines=skip) for skip in (True, False))
    assert one.ratings.equals(other.ratings)
    assert one.dropped == 0
