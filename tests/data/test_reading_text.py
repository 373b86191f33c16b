"""Text files as people have them: packed, encoded, cut and damaged in any way."""

import bz2
import gzip
import io
import lzma
import zipfile

import pyarrow
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from own_rows import HEADER, ROWS

from tfrs_lab.data import DataError, load_files

PLAIN = "\n".join([HEADER, *ROWS]) + "\n"
GOOD = [("u1", "a"), ("u1", "b"), ("u2", "a"), ("u2", "c"), ("u3", "b")]


def pairs(dataset):
    return dataset.ratings.select("user_id", "movie_id").rows()


def zipped(**files):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


PACKED = {
    "gzip": gzip.compress(PLAIN.encode()),
    "xz": lzma.compress(PLAIN.encode()),
    "bzip2": bz2.compress(PLAIN.encode()),
    "zip": zipped(**{"r.csv": PLAIN}),
    "zstd": pyarrow.compress(PLAIN.encode(), "zstd", asbytes=True),
}


@pytest.mark.parametrize("kind", PACKED)
def test_packed_files_are_read_by_their_contents(read, kind):
    dataset, said = read(PACKED[kind], "r.txt")
    assert pairs(dataset) == GOOD
    assert kind in said[0]


@pytest.mark.parametrize("kind", PACKED)
def test_a_packed_file_that_was_cut_off_is_refused(read, kind):
    with pytest.raises(DataError, match="got a damaged one or a part of one"):
        read(PACKED[kind][:-9])


def test_a_zip_archive_must_hold_one_file(read):
    with pytest.raises(
        DataError, match=r"expected a zip archive with one file, got 2: a\.csv, b\.csv; unpack it first"
    ):
        read(zipped(**{"a.csv": PLAIN, "b.csv": PLAIN}))
    dataset, _ = read(zipped(**{"folder/r.csv": PLAIN, "__MACOSX/folder/._r.csv": "x", ".DS_Store": "x"}))
    assert pairs(dataset) == GOOD


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (zipped(**{"[Content_Types].xml": "<x/>", "xl/workbook.xml": "<x/>"}), "an Excel workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "an Excel workbook: save it as CSV"),
        (zipped(mimetype="application/vnd.oasis", **{"content.xml": "<x/>"}), "an OpenDocument spreadsheet"),
        (b'{"user_id": "u1", "movie_id": "a"}\n', "JSON: save it as CSV"),
        (b'[{"user_id": "u1"}]', "JSON"),
        (b"<!DOCTYPE html><html><table>", "a web page or XML"),
        (b"\n <?xml version='1.0'?>", "a web page or XML"),
        (b"ARROW1\0\0" + bytes(99), r"a Feather \(Arrow\) file"),
        (b"SQLite format 3\x00" + bytes(99), "an SQLite database"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
        (PLAIN.encode("utf-16-le"), "UTF-16 without a byte order mark"),
        (b"", "an empty file"),
        (b"\n \n", "an empty file"),
        (b"\xef\xbb\xbf", "an empty file"),
        (HEADER.encode(), "expected ratings, got none"),
    ],
)
def test_what_is_no_csv_is_named_in_plain_words(read, content, says):
    with pytest.raises(DataError, match=says) as caught:
        read(content)
    assert "polars" not in str(caught.value)


def test_what_is_not_there(read, tmp_path):
    with pytest.raises(DataError, match=r"nothing\.csv: expected a CSV or Parquet file, but there is no such file"):
        read(tmp_path / "nothing.csv")
    with pytest.raises(DataError, match="expected a file, got a directory: name a file in it"):
        read(tmp_path)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_encodings_with_a_mark(read, encoding):
    dataset, _ = read(PLAIN.replace("u1", "ü1").encode(encoding))
    assert pairs(dataset)[0] == ("ü1", "a")


def test_other_encodings_are_named_with_the_way_out(read):
    content = PLAIN.replace("u2", "ü2").encode("cp1252")
    with pytest.raises(
        DataError, match="line 4: wrong encoding: expected utf-8, got byte 0xfc at 1; save the file as UT"
    ):
        read(content)
    dataset, said = read(content, skip_bad_lines=True)
    assert (pairs(dataset), dataset.dropped_lines) == ([GOOD[0], GOOD[1], GOOD[4]], 2)
    assert "skipped 2 of 5 lines (40 %), the first: line 4: wrong encoding" in said[0]


CHANGES = {
    "CR alone": lambda text: text.replace("\n", "\r"),
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "no last line end": str.rstrip,
    "blank lines at the end": lambda text: text + "\n\n\n",
    "blank lines at the end of CRLF": lambda text: text.replace("\n", "\r\n") + "\r\n\r\n",
    "blank lines between": lambda text: text.replace("\nu2", "\n\nu2"),
    "lines of spaces": lambda text: text.replace("\nu2", "\n  \nu2") + "   \n",
    "blank lines in front": lambda text: "\n\n" + text,
    "trailing empty column": lambda text: text.replace("\n", ",\n"),
    "trailing empty columns, one in the header": lambda text: text.replace("\n", ",\n").replace("0,\n", "0,,\n"),
    "trailing empty column, not in the header": lambda text: text.replace("0\n", "0,\n"),
    "trailing empty column in the header alone": lambda text: text.replace("p\n", "p,\n"),
    "quotes": lambda text: text.replace("u", '"u').replace(",", '",').replace('",', ",", 1),
    "spaces in the header": lambda text: text.replace(",movie", ", movie").replace("timestamp", "timestamp "),
    "spaces behind all separators": lambda text: text.replace(",", ", "),
    "semicolons": lambda text: text.replace(",", ";"),
    "tabs": lambda text: text.replace(",", "\t"),
    "bars": lambda text: text.replace(",", "|"),
    "double colons": lambda text: text.replace(",", "::"),
    "spaces": lambda text: text.replace(",", " "),
    "an index of pandas": lambda text: "," + text.replace("\nu", "\n7,u"),
}
CHANGES["quotes"] = lambda text: "\n".join(
    ",".join(f'"{field}"' for field in line.split(",")) for line in text.splitlines()
)


@pytest.mark.parametrize("change", CHANGES)
def test_files_as_other_programs_write_them(read, change):
    dataset, _ = read(CHANGES[change](PLAIN))
    assert pairs(dataset) == GOOD
    reading = dataset.reading[0]
    assert (reading.rows, reading.kept, reading.skipped) == (5, 5, 0)
    assert dataset.ratings["timestamp"].to_list()[0] == 1_500_000_100


def test_decimal_commas(read):
    text = "user_id;movie_id;user_rating\nu1;a;3,5\nu2;a;4\n"
    dataset, said = read(text)
    assert dataset.ratings["user_rating"].to_list() == [3.5, 4.0]
    assert "ratings have decimal commas" in said[0]
    with pytest.raises(DataError, match="line 2, column user_rating: expected a number, got '3,5': a decimal comma"):
        read(text + "u3;a;2.5\n")
    with pytest.raises(DataError, match="got '3,5': a decimal comma"):
        read('user_id,movie_id,user_rating\nu1,a,"3,5"\n')


def test_an_unclosed_quote_spoils_its_own_line_only(read):
    lines = [HEADER, *ROWS[:2], 'u2,"a,2,1500001100', *ROWS[3:]]
    with pytest.raises(DataError, match=r"line 4: expected quotes that are closed.*--skip-bad-lines drops such lines"):
        read(lines)
    dataset, said = read(lines, skip_bad_lines=True)
    assert pairs(dataset) == [GOOD[0], GOOD[1], GOOD[3], GOOD[4]]
    assert "skipped 1 of 5 lines (20 %), the first: line 4: expected quotes that are closed" in said[0]


@pytest.mark.parametrize(
    "quotes",
    [
        {1: 'u1,"b,4,1500000200', 3: 'u2,"c,3,1500001200'},
        {1: 'u1,"b,4,1500000200', 3: 'u2,c",3,1500001200'},
        {4: 'u3,b,1,"1500002100'},
        {0: '"u1,a,5,1500000100', 1: '"u1,b,4,1500000200'},
    ],
)
def test_several_unclosed_quotes(read, quotes):
    lines = [quotes.get(place, row) for place, row in enumerate(ROWS)]
    dataset, _ = read([HEADER, *lines], skip_bad_lines=True)
    reading = dataset.reading[0]
    assert reading.kept + reading.merged + reading.skipped == reading.rows == 5
    assert set(pairs(dataset)) >= {pair for place, pair in enumerate(GOOD) if place not in quotes}


def test_an_unclosed_quote_that_another_closes_by_accident(read):
    lines = [f"{HEADER},note", f'{ROWS[0]},"fine', f"{ROWS[1]},x", f'{ROWS[2]},y"', f"{ROWS[3]},z"]
    dataset, _ = read(lines, skip_bad_lines=True)
    reading = dataset.reading[0]
    assert (reading.rows, reading.kept, reading.skipped) == (4, 3, 1)
    assert pairs(dataset) == GOOD[1:4]


def test_a_note_of_several_lines_is_one_record(read):
    lines = [f"{HEADER},note", f'{ROWS[0]},"one, two\nthree, ""four""\n\nfive"', f"{ROWS[1]},x"]
    dataset, _ = read(lines)
    assert (pairs(dataset), dataset.reading[0].rows) == (GOOD[:2], 2)


@pytest.mark.parametrize("guest", [",a,5,1500003000", '"",a,5,1500003000', "  ,a,5,1500003000"])
def test_guests_without_an_id(read, guest):
    lines = [HEADER, *ROWS, guest]
    with pytest.raises(DataError, match="line 7, column user_id: expected an id, got an empty field; --skip-bad-lines"):
        read(lines)
    dataset, said = read(lines, skip_bad_lines=True)
    assert (pairs(dataset), dataset.dropped_lines) == (GOOD, 1)
    assert "skipped 1 of 6 lines (17 %)" in said[0]


def test_most_and_all_lines_bad(read):
    bad = [row.replace(",5,", ",n/a,").replace(",4,", ",n/a,") for row in ROWS]
    _, said = read([HEADER, *bad], skip_bad_lines=True)
    why = "the first: line 2, column user_rating: expected a number, got 'n/a'"
    assert f"skipped 2 of 5 lines (40 %), {why}" in said[0]
    bad = [row.replace("15000", "soon ") for row in ROWS]
    with pytest.raises(DataError, match="all 5 lines are bad, the first: line 2, column timestamp: expected a time"):
        read([HEADER, *bad], skip_bad_lines=True)
    with pytest.raises(DataError, match=r"line 2, column timestamp: .*--skip-bad-lines drops such lines \(5 of 5\)"):
        read([HEADER, *bad])


def test_years_are_refused_and_can_be_left_unread(read):
    lines = [HEADER, *(row.replace("150000", "20")[:-2] for row in ROWS)]
    with pytest.raises(
        DataError, match=r"column timestamp: expected times since 1970, got numbers that as seconds all"
    ):
        read(lines)
    dataset, said = read(lines, columns={"timestamp": ""})
    assert not dataset.has_timestamps
    assert "no times; passed over: timestamp" in said[0]


@pytest.mark.parametrize(
    ("text", "bad", "line"),
    [
        ("user_id,movie_id,user_rating\nu1,a,5\nu1,b\nu2,a,3\n", "column user_rating: expected 3 fields", 3),
        ("user_id,movie_id,user_rating\nu1,a,5\nu1,b,4,9\n", "expected 3 fields", 3),
        ("user_id,movie_id,user_rating\nu1,a,5\n\nu1,b,x\n", "column user_rating: expected a number, got 'x'", 4),
        ("user_id,movie_id,user_rating\nu1,a,5\nu1,b\rc,4\n", "a carriage return", 3),
        ('user_id,movie_id,note\nu1,a,"x\ny"\nu1,,z\n', "column movie_id: expected an id", 4),
    ],
)
def test_the_line_is_the_file_s_own(read, text, bad, line):
    with pytest.raises(DataError, match=rf"line {line}\b.*{bad}|line {line}, {bad}"):
        read(text)


FIELDS = st.sampled_from(
    ["u1", "a", "", " ", "5", "4,5", "n/a", "1500000100", '"', '"x', 'y"', '"a,b"', "é", "2017-07-14"]
)
LINES = st.lists(st.lists(FIELDS, min_size=1, max_size=5), min_size=1, max_size=12)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(LINES, st.sampled_from([HEADER, "user,item", "userId,itemId,score"]), st.sampled_from(",;\t"))
def test_no_row_is_lost(tmp_path_factory, lines, header, separator):
    rows = [f"g{number}{separator}a{separator}5{separator}1500000100" for number in range(3)]
    width = len(header.split(","))
    good = [separator.join(row.split(separator)[:width]) for row in rows]
    text = "\n".join([header.replace(",", separator), *(separator.join(line) for line in lines), *good]) + "\n"
    path = tmp_path_factory.mktemp("rows") / "r.csv"
    path.write_bytes(text.encode())
    try:
        dataset = load_files(path, skip_bad_lines=True)
    except DataError:
        return
    reading = dataset.reading[0]
    assert reading.kept + reading.merged + reading.skipped == reading.rows
    assert {f"g{number}" for number in range(3)} <= set(dataset.ratings["user_id"])
    if '"' not in text:
        # a line of tabs alone is one of empty fields where tabs separate them
        assert reading.rows == sum(bool(line.strip(" ")) for line in text.splitlines()[1:])
