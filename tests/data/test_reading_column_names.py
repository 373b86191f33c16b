"""Which column of a file is taken for which of ours."""

import pytest
from own_rows import HEADER, ROWS

from tfrs_lab.data import DataError, parse_columns
from tfrs_lab.data.dataset import MOVIES_SCHEMA, RATINGS_SCHEMA, USERS_SCHEMA
from tfrs_lab.data.names import OwnNames
from tfrs_lab.data.reading.column_names import resolve

NEEDED = ("user_id", "movie_id")


def places(header, columns=None, schema=RATINGS_SCHEMA, required=NEEDED, kind="ratings"):
    names = OwnNames.of_all(parse_columns(columns))
    found = resolve(header.split(","), schema, required, names, kind)
    return {ours: found.theirs(ours) for ours in found.places}


@pytest.mark.parametrize(
    ("user", "item", "rating", "time"),
    [
        ("userId", "movieId", "rating", "timestamp"),
        ("UserID", "ItemID", "Score", "Time"),
        ("user", "item", "stars", "date"),
        ("visitorid", "itemid", "user_rating", "timestamp"),
        ("customer_id", "product_id", "star_rating", "review_date"),
        ("Customer ID", "Article No", "RATING", "DateTime"),
        ("User-ID", "ISBN", "Book-Rating", "ts"),
        ("reviewer_id", "asin", "overall", "unixReviewTime"),
        ("user.id", "track.id", "'rating'", "created_at"),
        ("user_id:token", "item_id:token", "rating:float", "timestamp:float"),
        ("uid", "business_id", "stars", "event_time"),
        ("session_id", "song", "score", "epoch"),
    ],
)
def test_well_known_names_are_taken(user, item, rating, time):
    found = places(f"x,{time},{item},{user},{rating}")
    assert found == {"user_id": user, "movie_id": item, "user_rating": rating, "timestamp": time}


def test_our_own_name_has_precedence():
    found = places("user,user_id,movie_id,item,session_id")
    assert found == {"user_id": "user_id", "movie_id": "movie_id"}


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("user,userId,item", "expected one column for user_id, got user and userId; --columns user_id=user says which"),
        ("user,item,product_id", "one column for movie_id, got item and product_id; --columns movie_id=item says"),
        (
            "user,item,date,time",
            "for timestamp, got date and time; --columns timestamp=date says which, timestamp= lea",
        ),
        ("user,item,rating,Rating", "for user_rating, got rating and Rating"),
    ],
)
def test_two_candidates_are_refused_and_named(header, says):
    with pytest.raises(DataError, match=says):
        places(header)


def test_columns_says_which():
    assert places("user,userId,item", "user_id=userId")["user_id"] == "userId"
    assert "timestamp" not in places("user,item,date,time", "timestamp=")
    assert places("user,item,date,time", "timestamp=time")["timestamp"] == "time"
    assert places("USER,Item Nr,x", "movie_id=item nr")["movie_id"] == "Item Nr"


@pytest.mark.parametrize(
    ("columns", "kind", "expected"),
    [
        ("ratings.movie_id=artistID,movies.movie_id=id", "ratings", "artistID"),
        ("ratings.movie_id=artistID,movies.movie_id=id", "movies", "id"),
        ("movie_id=artistID,movies.movie_id=id", "movies", "id"),
        ("movie_id=artistID", "movies", "id"),  # as far as the file has it; else what is well known
    ],
)
def test_files_may_have_names_of_their_own(columns, kind, expected):
    header, schema = ("userID,artistID", RATINGS_SCHEMA) if kind == "ratings" else ("id,name", MOVIES_SCHEMA)
    required = NEEDED if kind == "ratings" else ("movie_id",)
    assert places(header, columns, schema, required, kind)["movie_id"] == expected


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ("movies.user_id=x", "got 'movies.user_id'"),
        ("films.movie_id=x", "got 'films.movie_id'"),
        ("user_id=nobody", "column nobody: expected the columns nobody, movie_id, got user, item"),
        ("movie_id=", "got 'movie_id='"),
    ],
)
def test_what_is_not_there_is_refused(columns, says):
    with pytest.raises(DataError, match=says):
        places("user,item", columns)


def test_features_have_well_known_names_too():
    found = places("id,Name,categories,Year,keywords", None, MOVIES_SCHEMA, ("movie_id",), "movies")
    assert found == {
        "movie_id": "id",
        "movie_title": "Name",
        "movie_genres": "categories",
        "release_year": "Year",
        "tags": "keywords",
    }
    found = places("UserID,Gender,Age,Occupation,Zip-code", None, USERS_SCHEMA, ("user_id",), "users")
    assert found["user_zip_code"] == "Zip-code"
    assert found["raw_user_age"] == "Age"


def test_an_id_alone_is_no_user_of_ratings():
    with pytest.raises(DataError, match="expected the columns user_id, movie_id, got id, movie_id"):
        places("id,movie_id")


def test_what_is_taken_and_what_is_passed_over_is_said(read):
    text = ["userId, Item ,rating,Timestamp,note,note", *(f"{row},x,y" for row in ROWS)]
    dataset, said = read(text)
    assert dataset.ratings.height == 5
    assert "user_id is userId, movie_id is Item, user_rating is rating, timestamp is Timestamp" in said[0]
    assert said[0].endswith("passed over: note, note")


def test_a_twin_is_refused_only_where_it_is_wanted(read):
    with pytest.raises(DataError, match="line 1: expected each column once"):
        read([HEADER + ",user_id", *(f"{row},x" for row in ROWS)])
    with pytest.raises(DataError, match="line 1: expected each column once"):
        read(["user_id,movie_id,note,note", "u1,a,5,4"], columns={"user_rating": "note"})


@pytest.mark.parametrize("count", [2, 3, 4])
def test_a_file_without_a_header_says_what_to_do_and_that_works(read, count):
    lines = [",".join(row.split(",")[:count]) for row in ROWS]
    if count == 2:
        lines = [line.replace("u", "") for line in lines]
    with pytest.raises(DataError) as caught:
        read(lines)
    message = str(caught.value)
    assert "seems to have no header" in message
    columns = parse_columns(message.partition("--columns ")[2])
    dataset, said = read(lines, columns=columns)
    assert dataset.ratings.height == len(ROWS)
    assert f"no header: the first row is {', '.join(lines[0].split(','))}" in said[0]
    assert dataset.ratings.columns == ["user_id", "movie_id", "user_rating", "timestamp"][:count]


def test_numbers_of_a_file_that_has_a_header_all_the_same(read):
    dataset, said = read([HEADER, *ROWS], columns={"user_id": "1", "movie_id": "2"})
    assert dataset.ratings.height == len(ROWS)
    assert "no header" not in said[0]


@pytest.mark.parametrize("number", ["0", "9"])
def test_a_number_beyond_the_columns(read, number):
    with pytest.raises(DataError, match=f"expected the number of a column, 1 to 4, got '{number}'"):
        read(ROWS, columns={"user_id": number, "movie_id": "2"})


def test_a_header_of_numbers_is_named_by_them(read):
    dataset, _ = read(["0,1", "u1,a", "u2,b"], columns={"user_id": "0", "movie_id": "1"})
    assert dataset.ratings.rows() == [("u1", "a"), ("u2", "b")]
