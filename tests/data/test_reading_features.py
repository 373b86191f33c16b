"""Files of movies and users beside the ratings."""

import pytest
from own_rows import HEADER, ROWS

from tfrs_lab.data import DataError


def movies(write, lines):
    return write(lines, "m.csv")


def test_titles_and_genres_by_well_known_names(read, write):
    dataset, said = read(
        [HEADER, *ROWS], movies=movies(write, ["item,Title,Genres,x", "a,Film a,Drama|War,1", "b,B,,2"])
    )
    found = dict(dataset.movies.select("movie_id", "movie_title").rows())
    assert found == {"a": "Film a", "b": "B", "c": "c"}
    assert dataset.movies["movie_genres"].to_list()[0] == ["Drama", "War"]
    assert said[1].split(": ", 1)[1] == (
        "2 movies, with them 2 of the 3 movies of the ratings; "
        "movie_id is item, movie_title is Title, movie_genres is Genres; passed over: x"
    )


def test_no_common_id_is_said_with_examples(read, write):
    rows = [row.replace(",a,", ",0097,").replace(",b,", ",0098,") for row in ROWS]
    _, said = read([HEADER, *rows], movies=movies(write, ["movie_id,title", "98,B", "97,A"]))
    assert "none of the 3 movies of the ratings is among them ('0097' beside '97')" in said[1]


def test_of_an_id_that_comes_again_the_last_row_counts(read, write):
    dataset, said = read([HEADER, *ROWS], movies=movies(write, ["movie_id,title", "a,old", "b,B", "a,new", "b,B"]))
    assert dict(dataset.movies.select("movie_id", "movie_title").rows())["a"] == "new"
    assert "2 rows with an id that comes again, of each the last counts" in said[1]
    _, said = read([HEADER, *ROWS], movies=movies(write, ["movie_id,title", "a,A", "b,B", "b,B"]))
    assert "1 rows with an id that comes again" in said[1]
    assert "the last counts" not in said[1]


@pytest.mark.parametrize(
    "genres",
    [
        '"Drama, War"',
        "Drama;War",
        "Drama; War",
        "\"['Drama', 'War']\"",
        '"[""Drama"", ""War""]"',
        "Drama|War",
        "[Drama|War]",
    ],
)
def test_several_genres_in_a_field(read, write, genres):
    expected = ["[Drama", "War]"] if genres == "[Drama|War]" else ["Drama", "War"]
    dataset, _ = read([HEADER, *ROWS], movies=movies(write, ["movie_id,genres", f"a,{genres}", "b,"]))
    assert dataset.movies["movie_genres"].to_list()[:2] == [expected, []]


def test_genres_with_names_and_ids(read, write):
    field = "\"[{'id': 16, 'name': 'Animation'}, {'id': 35, 'name': 'Comedy'}]\""
    dataset, _ = read([HEADER, *ROWS], movies=movies(write, ["id,title,genres", f"a,A,{field}"]))
    assert dataset.movies["movie_genres"].to_list()[0] == ["Animation", "Comedy"]


def test_years_with_a_point_and_what_cannot_be_read(read, write):
    dataset, _ = read([HEADER, *ROWS], movies=movies(write, ["movie_id,year", "a,1999.0", "b,"]))
    assert dataset.movies["release_year"].to_list()[:2] == [1999, None]
    path = movies(write, ["movie_id,year", "a,1999", "b,soon"])
    with pytest.raises(DataError, match="line 3, column year: expected a whole number, got 'soon'; --skip-bad-lines"):
        read([HEADER, *ROWS], movies=path)
    dataset, said = read([HEADER, *ROWS], movies=path, skip_bad_lines=True)
    assert dataset.dropped_lines == 1
    assert "skipped 1 of 2 lines (50 %), the first: line 3, column year" in said[1]
    dataset, _ = read([HEADER, *ROWS], movies=path, columns={"release_year": ""})
    assert dataset.movies["release_year"].null_count() == 3


def test_users(read, write):
    users = write(["UserID::Gender::Age::Occupation::Zip-code", "u1::F::25::12::55117", "u2::M::35::1::"], "u.dat")
    dataset, said = read([HEADER, *ROWS], users=users)
    assert dataset.users.rows()[:2] == [("u1", False, 25.0, "12", "55117"), ("u2", True, 35.0, "1", None)]
    assert "2 users, with them 2 of the 3 users of the ratings" in said[1]


def test_names_for_each_file(read, write):
    ratings = ["userID\tartistID\tweight", "u1\ta\t5", "u2\tb\t1"]
    columns = {"ratings.movie_id": "artistID", "movies.movie_id": "id", "user_rating": "weight", "movie_title": "name"}
    dataset, _ = read(ratings, movies=movies(write, "id\tname\na\tArtist a\nb\tB\n"), columns=columns)
    assert dataset.movies["movie_title"].to_list() == ["Artist a", "B"]
    assert dataset.ratings["user_rating"].to_list() == [5.0, 1.0]


def test_a_movies_file_without_a_header(read, write):
    path = movies(write, ["1|Toy Story (1995)", "2|GoldenEye (1995)"])
    with pytest.raises(DataError, match=r"no header, .* --columns movies\.movie_id=1,movies\.movie_title=2"):
        read([HEADER, *ROWS], movies=path)


def test_places_of_columns_are_those_of_the_ratings(read, write):
    path = movies(write, ["title,movie_id", "Film a,a"])
    dataset, _ = read(ROWS, movies=path, columns={"user_id": "1", "movie_id": "2"})
    assert dataset.movies["movie_title"].to_list() == ["Film a", "b", "c"]
