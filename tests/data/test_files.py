from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tfrs_lab.data import DataError, Dataset, load_files, load_split_files, read_columns, split

ROWS = "user_id,movie_id,user_rating,timestamp\nu1,7,4.5,1500000100\nu2,8,3,1500000050\n"


@pytest.fixture
def csv(tmp_path: Path):
    def write(text: str | bytes, name: str = "ratings.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_csv_by_column_name(csv) -> None:
    path = csv(
        'when,timestamp,movie_id,comment,user_id,user_rating\nx,1500000100,7,"a, b",u1,4.5\ny,1500000050,8,,u2,3\n'
    )
    dataset = load_files(path)
    assert dataset.ratings.rows() == [("u1", "7", 4.5, 1_500_000_100), ("u2", "8", 3.0, 1_500_000_050)]
    assert dataset.movies["movie_title"].to_list() == ["7", "8"]
    assert dataset.users["user_id"].to_list() == ["u1", "u2"]
    assert (dataset.name, dataset.source) == ("ratings", str(path))


@pytest.mark.parametrize("change", [lambda text: "\ufeff" + text, lambda text: text.replace("\n", "\r\n"), str.rstrip])
def test_csv_as_other_programs_write_it(csv, change) -> None:
    assert load_files(csv(change(ROWS))).ratings.rows() == [
        ("u1", "7", 4.5, 1_500_000_100),
        ("u2", "8", 3.0, 1_500_000_050),
    ]


def test_parquet_with_integers(tmp_path: Path) -> None:
    path = tmp_path / "r.parquet"
    pl.DataFrame({"movie_id": [7, 8], "user_id": [10, 9], "user_rating": [4, 3], "extra": [1, 2]}).write_parquet(path)
    dataset = load_files(path)
    assert dataset.ratings.rows() == [("10", "7", 4.0), ("9", "8", 3.0)]
    assert dataset.ratings.schema["user_rating"] == pl.Float32
    assert dataset.users["user_id"].to_list() == ["9", "10"]
    assert not dataset.has_timestamps


def test_implicit_feedback(csv) -> None:
    dataset = load_files(csv("user_id,movie_id\n" + "\n".join(f"u{i % 5},{i}" for i in range(40))))
    assert not dataset.has_ratings
    assert split(dataset).kind == "random"


def test_features_of_movies_and_users(csv) -> None:
    movies = csv(
        "movie_id,movie_title,movie_genres,release_date\n8,Eight,Drama|War,1999-05-01\n9,Nine (1980),,\n", "m.csv"
    )
    users = csv("user_id,user_gender,raw_user_age\nu1,F,31\n", "u.csv")
    dataset = load_files(csv(ROWS), movies=movies, users=users)
    columns = ["movie_id", "movie_title", "movie_genres", "release_year"]
    assert dataset.movies.select(columns).rows() == [
        ("8", "Eight", ["Drama", "War"], 1999),
        ("9", "Nine (1980)", [], 1980),
        ("7", "7", [], None),
    ]
    assert dataset.users.rows() == [("u1", False, 31.0), ("u2", None, None)]


def test_our_own_tables_come_back(small: Dataset, tmp_path: Path) -> None:
    paths = {}
    for table in ("ratings", "movies", "users"):
        paths[table] = tmp_path / f"{table}.parquet"
        getattr(small, table).write_parquet(paths[table])
    dataset = load_files(**paths)
    assert dataset.fingerprint == small.fingerprint
    assert dataset.movies.equals(small.movies)
    assert dataset.users.equals(small.users)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "who,movie_id\n1,2\n",
            "r.csv, line 1, column user_id: expected the columns user_id, movie_id, got who, movie_id",
        ),
        ("user_id,movie_id,user_id\n1,2,3\n", "line 1: expected each column once"),
        (ROWS + "u1,9,good,1\n", "r.csv, line 4, column user_rating: expected a number, got 'good'"),
        (ROWS + "u1,9,4,soon\n", "line 4, column timestamp: expected a whole number, got 'soon'"),
        (ROWS + "u1,9,nan,1\n", "line 4, column user_rating: expected a number, got 'nan'"),
        (ROWS + "u1,9,inf,1\n", "line 4, column user_rating: expected a number, got 'inf'"),
        (ROWS + "u1,9,,1\n", "line 4, column user_rating: expected a number, got ''"),
        (ROWS + ",9,4,1\n", "line 4, column user_id: expected an id, got an empty field"),
        (ROWS + '"",9,4,1\n', "line 4, column user_id: expected an id"),
        (
            ROWS + "u1,9,4,1700000000000\n",
            "line 4, column timestamp: expected seconds from 1970 to 2100 (not milliseconds)",
        ),
        (ROWS + "u1,9,4\n", "line 4, column timestamp: expected 4 fields"),
        (ROWS.encode() + b"u\xff,9,4,1\n", "line 4: wrong encoding: expected utf-8, got byte 0xff"),
        ("user_id,movie_id\n", "expected ratings, got none"),
        ("", "r.csv: expected a header and ratings, got an empty file"),
        ('user_id,movie_id,note\n1,2,"two\nlines"\n1,3,\n,2,\n', "line 5, column user_id: expected an id"),
    ],
)
def test_bad_csv(csv, text: str | bytes, says: str) -> None:
    with pytest.raises(DataError) as caught:
        load_files(csv(text, "r.csv"))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"user_id": ["1"]}, "column movie_id: expected the columns user_id, movie_id, got user_id"),
        ({"user_id": ["1", None], "movie_id": ["1", "2"]}, "line 2, column user_id: expected an id, got nothing"),
        ({"user_id": [1.5], "movie_id": ["1"]}, "column user_id: expected ids that are text or whole numbers, got 1.5"),
        (
            {"user_id": [1, 2], "movie_id": [1, 2], "user_rating": [1.0, None]},
            "line 2, column user_rating: expected a finite",
        ),
        ({"user_id": [1, 2], "movie_id": [1, 2], "user_rating": [float("nan"), 1.0]}, "line 1, column user_rating"),
        (
            {"user_id": [1], "movie_id": [1], "user_rating": ["good"]},
            "line 1, column user_rating: expected a number, got 'good'",
        ),
        ({"user_id": [1], "movie_id": [1], "timestamp": [-1]}, "line 1, column timestamp: expected seconds"),
        ({"user_id": [], "movie_id": []}, "expected ratings, got none"),
    ],
)
def test_bad_parquet(tmp_path: Path, columns: dict, says: str) -> None:
    path = tmp_path / "r.parquet"
    pl.DataFrame(columns).write_parquet(path)
    with pytest.raises(DataError) as caught:
        load_files(path)
    assert says in str(caught.value)


def test_damaged_and_missing_files(tmp_path: Path, csv) -> None:
    with pytest.raises(DataError, match=r"nothing\.csv: expected a CSV or Parquet file, but there is no such file"):
        load_files(tmp_path / "nothing.csv")
    with pytest.raises(DataError, match="expected a file, got a directory"):
        load_files(tmp_path)
    with pytest.raises(DataError, match="expected a Parquet file, got a damaged one"):
        load_files(csv(b"PAR1 and then nothing", "x.parquet"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nr,movie_title\n7,A\n", "column movie_id"),
        ("movie_id,release_year\n7,old\n", "line 2, column release_year: expected a whole number, got 'old'"),
        ("movie_id,movie_title\n7,A\n,B\n", "line 3, column movie_id: expected an id, got an empty field"),
    ],
)
def test_bad_movies(csv, text: str, says: str) -> None:
    with pytest.raises(DataError) as caught:
        load_files(csv(ROWS), movies=csv(text, "m.csv"))
    assert says in str(caught.value)


def test_columns_by_schema(csv) -> None:
    path = csv("score,x,movie_id\n.5,a,7\n1e-3,b,8\n")
    schema = {"movie_id": pl.String, "score": pl.Float64, "rank": pl.Int64}
    assert read_columns(path, schema, ("movie_id",)).rows() == [("7", 0.5), ("8", 0.001)]
    with pytest.raises(DataError, match=r"line 1, column rank: expected the columns rank"):
        read_columns(path, schema, ("rank",))


def test_skipping(csv) -> None:
    said: list[str] = []
    path = csv(ROWS + "u1,9,good,1\nu1,7,1,1500000200\n,7,1,1\n")
    dataset = load_files(path, skip_bad_lines=True, report=said.append)
    assert dataset.ratings.rows() == [("u2", "8", 3.0, 1_500_000_050), ("u1", "7", 1.0, 1_500_000_200)]
    assert dataset.dropped_lines == 2
    reading = dataset.reading[0]
    assert (reading.rows, reading.kept, reading.merged, reading.skipped) == (5, 2, 1, 2)
    why = "the first: line 4, column user_rating: expected a number, got 'good'"
    assert said[0] == f"{path}: skipped 2 of 5 lines (40 %), {why}"
    assert said[1:] == [reading.line]


def test_files_that_are_already_split(csv) -> None:
    train, validation = csv(ROWS, "train.csv"), csv(ROWS.replace("u1", "u3").replace("u2", "u4"), "val.csv")
    test = csv("timestamp,user_rating,movie_id,user_id\n1500000300,1,9,u1\n", "test.csv")
    dataset, parts = load_split_files(train, test, validation=validation)
    assert (parts.kind, parts.rows) == ("files", None)
    assert [part.height for part in (parts.train, parts.validation, parts.test)] == [2, 2, 1]
    assert parts.train_and_validation.equals(pl.concat([parts.train, parts.validation]))
    assert dataset.ratings.height == 5
    assert dataset.movies["movie_id"].to_list() == ["7", "8", "9"]
    assert load_split_files(train, test)[1].validation.is_empty()


def test_split_files_must_fit_together(csv) -> None:
    train = csv(ROWS, "train.csv")
    with pytest.raises(DataError, match=r"t\.csv: expected the columns of train .* got user_id, movie_id"):
        load_split_files(train, csv("user_id,movie_id\nu1,9\n", "t.csv"))
    with pytest.raises(DataError, match=r"t\.csv: expected parts without a common rating, got 1 .* user u2, movie 8"):
        load_split_files(train, csv("user_id,movie_id,user_rating,timestamp\nu2,8,1,1500000300\n", "t.csv"))
