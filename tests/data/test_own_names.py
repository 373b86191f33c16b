"""Files that call columns something else, or separate fields by something else."""

import polars as pl
import pytest

from tfrs_lab.data import DataError, load_files, load_split_files, parse_columns

NAMES = {"user_id": "kunde", "movie_id": "werk", "user_rating": "note", "movie_title": "name"}
ROWS = [("u1", "f1", 4.0), ("u1", "f2", 3.0), ("u2", "f1", 5.0)]


@pytest.fixture
def write(tmp_path):
    def written(text, name="shop.csv"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return written


def shop(separator):
    lines = [("werk", "wann", "kunde", "note"), *((film, "today", user, stars) for user, film, stars in ROWS)]
    return "\n".join(separator.join(map(str, line)) for line in lines)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_columns_of_other_names_between_other_separators(write, separator):
    films = write(separator.join(["name", "werk"]) + f'\n"Alien{separator} 1979"{separator}f1\n', "films.csv")
    dataset = load_files(write(shop(separator)), movies=films, columns=NAMES)
    assert dataset.ratings.rows() == ROWS
    assert dataset.movies["movie_title"].to_list() == [f"Alien{separator} 1979", "f2"]


def test_parquet_and_ready_splits(write, tmp_path):
    pl.read_csv(write(shop(","))).write_parquet(tmp_path / "train.parquet")
    test = write("kunde,werk,note\nu2,f2,1\n", "test.csv")
    _, split = load_split_files(tmp_path / "train.parquet", test, columns={**NAMES, "movie_title": "werk"})
    assert split.train.rows() == ROWS
    assert split.test.rows() == [("u2", "f2", 1.0)]


def test_bad_lines_are_named_and_dropped_in_any_separator(write):
    path = write("werk;kunde;note\nf1;u1;4\nf2;u1;good\n")
    with pytest.raises(DataError, match=r"line 3, column note: expected a number, got 'good'"):
        load_files(path, columns=NAMES)
    assert load_files(path, columns=NAMES, skip_bad_lines=True).dropped_lines == 1


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({}, "column user_id: expected the columns user_id, movie_id, got werk, wann, kunde, note; --columns"),
        ({**NAMES, "user_rating": "score"}, "column score: expected the columns kunde, werk, score, got werk"),
        ({"price": "note"}, r"--columns: expected some of user_id, .*, got 'price'"),
    ],
)
def test_a_column_that_is_not_there(write, columns, message):
    with pytest.raises(DataError, match=message):
        load_files(write(shop(",")), columns=columns)


@pytest.mark.parametrize("text", ["user_id", "user_id=", "=customer", "user_id=customer,,"])
def test_what_is_no_mapping(text):
    with pytest.raises(DataError, match=r"--columns: expected OURS=THEIRS,OURS=THEIRS, got"):
        parse_columns(text)
