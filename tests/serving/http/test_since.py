"""What the server lets through to ``recommend_since``."""

import numpy as np
import pytest

from tfrs_lab.serving.http.catalogue import Catalogue, Movie
from tfrs_lab.serving.http.checks import check_inputs
from tfrs_lab.serving.http.errors import ApiError
from tfrs_lab.serving.http.payloads.tensors import read_inputs
from tfrs_lab.serving.http.settings import ServerSettings
from tfrs_lab.serving.http.signature import Signature, Tensor

MANY = (None, None)
INPUTS = {
    "k": Tensor("int32", ()),
    "movie_id": Tensor("string", MANY),
    "rating": Tensor("float32", MANY),
    "timestamp": Tensor("int64", MANY),
    "user_id": Tensor("string", (None,)),
}
SINCE = Signature("recommend_since", "", INPUTS, {})
CATALOGUE = Catalogue({"50": Movie("50", "Star Wars (1977)")}, {"1": (("50", 5.0),)})


def checked(document):
    arrays, _ = read_inputs(document, SINCE)
    return arrays, check_inputs(arrays, SINCE, CATALOGUE, ServerSettings())


@pytest.mark.parametrize(("user", "movies"), [("1", ["50"]), ("1", []), ("1", ["nothing"]), ("who", ["50"])])
def test_known_users_and_others_who_tell_something_are_answered(user, movies):
    rating = [0] * len(movies)
    for document in (
        {"inputs": {"user_id": [user], "movie_id": [movies], "rating": [rating], "k": 3}},
        {"instances": [{"user_id": user, "movie_id": movies, "rating": rating, "k": 3}]},
    ):
        arrays, rows = checked(document)
        assert rows == 1
        assert arrays["timestamp"].dtype == np.int64
        assert arrays["timestamp"].tolist() == [rating]


@pytest.mark.parametrize("movies", [[], [""], ["nothing"]])
def test_of_unknown_users_something_must_be_told(movies):
    inputs = {"user_id": ["1", "who"], "movie_id": [movies] * 2, "rating": [[0] * len(movies)] * 2, "k": 3}
    with pytest.raises(ApiError, match="unknown user 'who'"):
        checked({"inputs": inputs})


def test_each_event_has_a_rating_and_a_time():
    inputs = {"user_id": ["1"], "movie_id": [["50"]], "rating": [[1]], "timestamp": [[1]], "k": 3}
    for name in ("rating", "timestamp"):
        with pytest.raises(ApiError, match=f"expected one {name} for each movie"):
            checked({"inputs": {**inputs, name: [[1, 2]]}})
    instance = {"user_id": "1", "movie_id": "50", "rating": [1], "k": 3}
    with pytest.raises(ApiError):
        checked({"instances": [instance]})
