from __future__ import annotations

import datetime
import importlib.util
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tfrs_lab.data import Dataset
from tfrs_lab.data.catalogue import release
from tfrs_lab.data.reading.archive import in_memory, open_archive
from tfrs_lab.data.reading.formats import parse_archive


def item(id: int, title: str, date: str, genres: dict[int, str]) -> str:
    flags = "|".join(genres.get(i, "0") for i in range(19))
    return f"{id}|{title}|{date}||http://x|{flags}"


def files_100k(**changes: bytes) -> dict[str, bytes]:
    files = {
        "u.data": b"2\t10\t3\t881250949\n1\t9\t5\t881250949\n2\t9\t1\t0\n",
        "u.item": "\n".join(
            [
                item(9, "Misérables, Les (1995)", "1-Feb-1995", {4: "1", 8: "1"}),
                item(10, "unknown", "", {0: "1"}),
                item(11, "Land Before Time III (1995) (V)", "", {}),
            ]
        ).encode("latin-1"),
        "u.user": b"1|24|M|technician|85711\n2|53|F|other|T8H1N\n",
    }
    return files | {name.replace("_", "."): content for name, content in changes.items()}


def test_100k() -> None:
    parsed = parse_archive(in_memory("x", files_100k()), "100k")
    assert parsed.ratings.rows() == [("2", "10", 3.0, 881250949), ("1", "9", 5.0, 881250949), ("2", "9", 1.0, 0)]
    assert parsed.movies.rows() == [
        ("9", "Misérables, Les (1995)", ["Children", "Drama"], 1995, datetime.date(1995, 2, 1), []),
        ("10", "unknown", [], None, None, []),
        ("11", "Land Before Time III (1995) (V)", [], 1995, None, []),
    ]
    assert parsed.users.rows() == [
        ("1", True, 24.0, 18.0, "technician", "85711"),
        ("2", False, 53.0, 50.0, "other", "T8H1N"),
    ]


def test_1m() -> None:
    files = {
        "ratings.dat": b"1::1193::5::978300760\r\n2::661::3::978302109\r\n",
        "movies.dat": "661::Élan: a:b (1996)::Children's|Musical\n1193::One (1975)::Drama\n".encode("latin-1"),
        "users.dat": b"1::F::1::10::48067\n2::M::56::16::70072\n",
    }
    parsed = parse_archive(in_memory("x", files), "dat")
    assert parsed.ratings.rows() == [("1", "1193", 5.0, 978300760), ("2", "661", 3.0, 978302109)]
    assert parsed.movies["movie_title"].to_list() == ["Élan: a:b (1996)", "One (1975)"]
    assert parsed.movies["movie_genres"].to_list() == [["Children", "Musical"], ["Drama"]]
    assert parsed.users.rows() == [
        ("1", False, 1.0, "K-12 student", "48067"),
        ("2", True, 56.0, "self-employed", "70072"),
    ]
    assert "raw_user_age" not in parsed.users.columns


def test_10m() -> None:
    files = {
        "ratings.dat": b"1::122::4.5::838985046\n7::122::.5::838985046\n",
        "movies.dat": '122::Amélie: "X" (2001)::(no genres listed)\n'.encode(),
        "tags.dat": b"15::122::Excellent!::1215184630\n20::122:: paris ::1\n20::122::excellent!::2\n",
    }
    parsed = parse_archive(in_memory("x", files), "dat")
    assert parsed.ratings["user_rating"].to_list() == [4.5, 0.5]
    assert parsed.movies.rows() == [("122", 'Amélie: "X" (2001)', [], 2001, None, ["excellent!", "paris"])]
    assert parsed.users.to_dict(as_series=False) == {"user_id": ["1", "7"]}


def test_csv() -> None:
    files = {
        "ratings.csv": b"userId,movieId,rating,timestamp\n1,31,2.5,1260759144\n10,1029,3.0,1260759179\n9,31,4,1\n",
        "movies.csv": (
            'movieId,title,genres\n31,"American President, The (1995)",Comedy|Drama\n'
            '1029,"He said ""no"" (1975-1979)",(no genres listed)\n5,Ünrated,IMAX\n'
        ).encode(),
        "tags.csv": b'userId,movieId,tag,timestamp\n2,31,"dark, funny",1\n3,31,Dark,2\n',
    }
    parsed = parse_archive(in_memory("x", files), "csv")
    assert parsed.ratings.row(1) == ("10", "1029", 3.0, 1260759179)
    assert parsed.movies.rows() == [
        ("31", "American President, The (1995)", ["Comedy", "Drama"], 1995, None, ["dark", "dark, funny"]),
        ("1029", 'He said "no" (1975-1979)', [], 1975, None, []),
        ("5", "Ünrated", ["IMAX"], None, None, []),
    ]
    assert parsed.users["user_id"].to_list() == ["1", "9", "10"]


@pytest.mark.parametrize(
    ("layout", "name", "lost"),
    [("100k", "100k", []), ("dat", "1m", ["raw_user_age"]), ("csv", "20m", None), ("dat", "10m", None)],
)
def test_official_files_round_trip(small: Dataset, official, layout: str, name: str, lost: list[str] | None) -> None:
    tags = pl.Series(
        "tags", [["a b", "c"] if i % 3 == 0 and lost is None else [] for i in range(50)], dtype=pl.List(pl.String)
    )
    users = small.users.select("user_id") if lost is None else small.users.drop(lost)
    dataset = Dataset(name, small.ratings, small.movies.with_columns(tags), users, "test")
    parsed = parse_archive(open_archive(official(dataset, layout, release(name).folder), release(name)), layout)
    assert_frame_equal(parsed.ratings, dataset.ratings)
    assert_frame_equal(parsed.users, dataset.users)
    undated = dataset.movies.with_columns(release_date=pl.lit(None, pl.Date))
    dated = dataset.movies if layout == "100k" else undated
    by_name = pl.col("movie_genres").list.sort()
    assert_frame_equal(parsed.movies.with_columns(by_name), dated.with_columns(by_name))


def test_a_rated_movie_without_a_line_keeps_its_id_as_title() -> None:
    parsed = parse_archive(in_memory("x", files_100k(u_data=b"1\t77\t3\t1\n")), "100k")
    assert parsed.movies.row(-1) == ("77", "77", [], None, None, [])


def test_the_constants_are_those_of_tfds() -> None:
    """TFDS's lists are inside its functions: look for ours in its source, without importing it."""
    from tfrs_lab.data.reading.formats import GENRES_100K, OCCUPATIONS_1M

    spec = importlib.util.find_spec("tensorflow_datasets")
    assert spec is not None
    assert spec.origin is not None
    source = Path(spec.origin).with_name("structured").joinpath("movielens_parsing.py").read_text()
    for name, ours in (
        ("all_genre_list", ["Unknown", *GENRES_100K[1:]]),
        ("occupation_index_to_label", OCCUPATIONS_1M),
    ):
        listed = source.split(f"{name} = [")[1].split("]")[0]
        assert [word.strip().strip("'") for word in listed.split(",\n") if word.strip()] == list(ours)
