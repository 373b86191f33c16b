"""The hunt for files that are read wrongly, in its short form, and what the long form has found."""

import random
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from soak import archives, parsers
from soak import reference as ref
from soak.mutate import WORDS, mutate
from soak.own import OWN, PLAIN, own_formats
from soak.texts import ARCHIVED, Format, compare
from tfrs_lab.data import DataError

ROOT = Path(__file__).parent.parent.parent
FORMATS = {format.name: format for format in ARCHIVED}


@pytest.mark.parametrize("seed", [1, 2])
def test_damaged_files_are_refused_or_read_as_the_reference_reads_them(seed, tmp_path):
    found = parsers.try_inputs(seed, range(700), tmp_path)
    assert found["failures"] == []
    assert found["counts"]["table"] > 100
    assert found["counts"]["refused"] > 100


def test_good_files_are_read(tmp_path):
    for format in parsers.all_formats(tmp_path):
        assert compare(format, format.sample) == ("table", None), format.name


def test_evil_archives_are_refused():
    found = archives.hunt(0, archives=40)
    assert found.failures == []
    assert found.counts["refused"] == 40


def test_a_reader_that_crashes_or_reads_wrongly_is_found():
    def broken(content):
        raise KeyError("oops")

    def wrong(content):
        return [(1,)]

    expect = FORMATS["u.data"].expect
    assert "KeyError" in compare(Format("x", b"", broken, expect), FORMATS["u.data"].sample)[1]
    assert "first difference" in compare(Format("x", b"", wrong, expect), FORMATS["u.data"].sample)[1]
    assert "what the reference refuses" in compare(Format("x", b"", wrong, expect), b"\n")[1]


def test_an_input_follows_from_its_seed():
    one, other, third = (mutate(OWN, random.Random(seed)) for seed in ("0:5", "0:5", "0:6"))
    assert one == other != third


FIELDS = st.sampled_from([word.decode("latin-1") for word in WORDS]) | st.text(max_size=4) | st.integers().map(str)
LINES = st.lists(st.lists(FIELDS, min_size=1, max_size=6), max_size=5)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(["u.data", "ratings.dat", "ratings.csv", "movies.csv", "tags.csv"]), LINES, st.booleans())
def test_made_up_lines(name, lines, with_head):
    separator = {"u.data": "\t", "ratings.dat": "::"}.get(name, ",")
    head = FORMATS[name].sample.split(b"\n")[0] + b"\n" if with_head else b""
    text = "\n".join(separator.join(fields) for fields in lines)
    assert compare(FORMATS[name], head + text.encode("utf-8", "replace"))[1] is None


CASES = {
    "a comma for the decimal point shifts the fields": b"user_id,movie_id,user_rating,timestamp\nu1,7,4,5,100\n",
    "a line that ends early": b"user_id,movie_id,user_rating,timestamp\nu1,7,4.5\n",
    "a quote that is never closed swallows the rest": b'user_id,movie_id,note\nu1,7,"a\nu2,8,b\n',
    "wrong bytes inside a field of two lines": b'user_id,movie_id,note\n"u\xff\n1",7,a\n',
    "a number with a space": b"user_id,movie_id,user_rating\nu1,7, 4.5\n",
    "a number with an underscore": b"user_id,movie_id,user_rating\nu1,7,1_0\n",
    "digits of another script": "user_id,movie_id,user_rating\nu1,7,４\n".encode(),
}


@pytest.mark.parametrize("name", CASES)
def test_own_ratings_that_were_once_read_as_something_else(name, tmp_path):
    own = next(format for format in own_formats(tmp_path) if format.name == "own ratings")
    with pytest.raises(ref.Refused):
        own.expect(CASES[name])
    with pytest.raises(DataError, match=r"own\.csv"):
        own.read(CASES[name])


def test_an_id_with_a_sign_is_not_the_id_without():
    with pytest.raises(DataError, match=r"line 3, column userId: expected a whole number, got '\+1'"):
        FORMATS["ratings.csv"].read(b"userId,movieId,rating,timestamp\n1,31,2.5,1\n+1,32,3.0,1\n")


def test_a_movies_file_without_its_header_does_not_lose_its_first_movie():
    with pytest.raises(DataError, match=r"movies\.csv, line 1: expected the header movieId, title, genres, got '31, A"):
        FORMATS["movies.csv"].read(b"31,A,Drama\n32,B,Drama\n")


def test_a_title_with_a_year_in_another_script_has_no_year(tmp_path):
    read = next(format for format in own_formats(tmp_path) if format.name == "own movies").read
    assert read("movie_id,movie_title\n7,Seven (１９95)\n8,Eight\n".encode())[0][1] == "Seven (１９95)"


def test_a_date_is_written_year_first(tmp_path):
    read = next(format for format in own_formats(tmp_path) if format.name == "own movies").read
    with pytest.raises(
        DataError, match=r"line 2, column release_date: expected a date such as 1995-01-31, got '01/02/1995'"
    ):
        read(b"movie_id,release_date\n7,01/02/1995\n")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("own movies", b"movie_id,movie_ti\t\t\t\ttle,movie_genres,rel"),
        ("own users", b"user_id|,u"),
        ("own users", b"user_id,us0\t\t7er_g%E"),
    ],
)
def test_headers_in_which_several_separators_stand(name, content, tmp_path):
    own = next(format for format in own_formats(tmp_path) if format.name == name)
    assert compare(own, content)[1] is None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("own implicit ratings", b"movie_id,user_id\n\xef\xbb\xbf7,u1\n8,u1\n"),
        ("own implicit ratings", b"movie_id,user_id\x1c\n7,u1\n8,u1\n"),
        ("a log in milliseconds", b"\t\t\nvisitorid\titemid\tts\nu1\t7\t1500000100000\n"),
        ("a log in milliseconds", b"visitorid\titemid\tts\nu3\t9\t1500000400000\nu1\t7\t15x\nu1\t8\t\n"),
        ("plain ratings, bad lines skipped", PLAIN + b"u9,7,\t2,1500000300\n"),
    ],
)
def test_own_files_that_a_long_hunt_found_read_otherwise(name, content, tmp_path):
    """Byte order marks behind the header, separators that are spaces, and what polars trims."""
    own = next(format for format in own_formats(tmp_path) if format.name == name)
    assert compare(own, content) == ("table", None)


def test_a_page_that_made_polars_end_the_process(tmp_path):
    """It claims to hold more values than memory has room for."""
    path = tmp_path / "r.parquet"
    table = {"user_id": [3, 1, 1], "movie_id": ["a", "b", "ü"], "user_rating": [4.5, 1.0, 3.0], "timestamp": [7, 8, 9]}
    pl.DataFrame(table).write_parquet(path, compression="zstd")
    content = bytearray(path.read_bytes())
    content[473] ^= 1
    path.write_bytes(content)
    load = f"    load_files({str(path)!r})"
    program = f"from tfrs_lab.data import *\ntry:\n{load}\nexcept DataError as error:\n    print('refused', error)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]
    assert done.stdout.startswith("refused")
