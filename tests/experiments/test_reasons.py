"""A reason is a movie that the person liked."""

import polars as pl

from tfrs_lab.data import Interactions
from tfrs_lab.experiments.storage.stored_model import StoredModel, recommend_for_history, recommend_for_user
from tfrs_lab.models.baselines import BASELINES


def model_of(ratings: pl.DataFrame) -> StoredModel:
    """Item-kNN: everybody has rated a and b alike, and c after them."""
    baseline = BASELINES["itemknn"]
    recommender = baseline.fit(Interactions.from_ratings(ratings), baseline.config(), seed=0)
    movies = pl.DataFrame({"movie_id": ["a", "b", "c"], "movie_title": ["A", "B", "C"]})
    titles = dict(movies.iter_rows())
    return StoredModel("itemknn", recommender, titles, ratings, ratings.clear(), movies, "random")


def ratings_of(values: dict[str, float]) -> pl.DataFrame:
    others = [(f"u{user}", movie, 4.0) for user in range(9) for movie in "abc"]
    own = [("me", movie, value) for movie, value in values.items()]
    return pl.DataFrame([*others, *own], schema=["user_id", "movie_id", "user_rating"], orient="row")


def why(model: StoredModel) -> list[str]:
    return recommend_for_user(model, "me", 5)["why"].to_list()


def test_a_movie_below_the_persons_mean_is_no_reason():
    assert why(model_of(ratings_of({"a": 5.0, "b": 1.0}))) == ["like A"]
    assert why(model_of(ratings_of({"a": 1.0, "b": 5.0}))) == ["like B"]


def test_without_ratings_or_with_equal_ones_any_movie_is():
    assert why(model_of(ratings_of({"a": 2.0, "b": 2.0}))) == ["like A, B"]
    assert why(model_of(ratings_of({"a": 5.0, "b": 1.0}).drop("user_rating"))) == ["like A, B"]


def test_histories_carry_ratings_too():
    model = model_of(ratings_of({"a": 5.0}))
    assert recommend_for_history(model, [("a", 1.0), ("b", 5.0)], 5)["why"].to_list() == ["like B"]
    found = recommend_for_history(model, [("a", None), ("b", None)], 5)
    assert found["why"].to_list() == ["like B, A"]  # fewer have rated b, all of whom have rated c
    assert found["score"].is_finite().all()


def test_what_was_disliked_is_not_asked_with_nor_recommended():
    model = model_of(ratings_of({"a": 5.0, "b": 1.0}))
    assert model.disliked_below == 2.0
    asked = recommend_for_history(model, [("a", 1.0), ("b", 5.0)], 5)
    alone = recommend_for_history(model, [("b", 5.0)], 5)
    assert asked["movie_id"].to_list() == ["c"]
    assert asked["score"].to_list() == alone.filter(movie_id="c")["score"].to_list()
    assert model_of(ratings_of({"a": 4.0})).disliked_below is None  # all ratings are alike
