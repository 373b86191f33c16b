"""The API for people, health, metrics and documentation."""

import re
from dataclasses import replace

import pytest

from tfrs_lab.serving.http.api.question import Question
from tfrs_lab.serving.http.api.recommend import spelt_out, without_disliked
from tfrs_lab.serving.http.api.search import find_movies
from tfrs_lab.serving.http.catalogue import Catalogue, Movie, read_catalogue, write_catalogue


def ask(server, status=200, **document):
    answer = server.client.post("/api/recommend", json=document)
    assert answer.status_code == status, answer.text
    return answer.json()


def ids(answer):
    return [movie["movie_id"] for movie in answer["recommendations"]]


def test_recommendations_of_a_user_come_with_reasons(server):
    answer = ask(server, user_id="1", k=2)
    assert (answer["model"], answer["version"]) == ("recs", 1)
    assert answer["recommendations"][0] == {
        "rank": 1,
        "movie_id": "172",
        "movie_title": "Movie 1 (1991)",
        "movie_genres": ["Comedy"],
        "release_year": 1991,
        "score": 0.9,
        "why": [{"movie_id": "50", "movie_title": "Movie 0 (1990)", "similarity": 0.9938837}],
    }
    assert server.client.get("/api/recommend", params={"user_id": "1", "k": 2}).json() == answer


def test_recommendations_of_a_history(server):
    answer = ask(server, history=[{"movie_id": "50", "rating": 1}, {"movie_id": "258", "rating": 4}], k=3)
    assert ids(answer) == ["100", "56", "181"]
    assert [reason["movie_id"] for reason in answer["recommendations"][2]["why"]] == ["258"]  # the other was not liked
    answer = ask(server, history=[{"movie_id": "50"}, {"movie_id": "258"}], k=3)
    assert [reason["movie_id"] for reason in answer["recommendations"][2]["why"]] == ["50", "258"]
    assert ids(ask(server, history=[{"movie_id": "50"}], model="reverse")) == ["172", "181", "56", "100", "258"]


def test_there_is_no_padding_in_an_answer(server):
    assert ids(ask(server, user_id="1", k=50)) == ["172", "181", "56", "100", "258"]
    assert ids(ask(server, user_id="1", k=50, model="reverse")) == ["258", "100", "56", "181", "172"]


@pytest.mark.parametrize(
    ("filters", "user", "history"),
    [
        ({"genres": ["Comedy"]}, ["172", "56", "258"], ["172", "56", "258"]),
        ({"genres": ["Drama", "Comedy"], "k": 2}, ["172", "181"], ["172", "181"]),
        ({"genres": ["Western"]}, [], []),
        ({"year_from": 1993}, ["56", "100", "258"], ["56", "100", "258"]),
        ({"year_from": 1992, "year_to": 1993}, ["181", "258"], ["181", "258"]),
        ({"year_to": 1992, "exclude": ["172"]}, ["181"], ["181"]),
    ],
)
def test_filters_in_the_graph_and_without(server, filters, user, history):
    # the model has recommend_filtered, but nothing of the kind for histories: there the server filters
    assert ids(ask(server, user_id="1", **filters)) == user
    assert ids(ask(server, history=[{"movie_id": "50"}], **filters)) == history


def test_similar_movies(server):
    answer = server.client.get("/api/models/recs/movies/258/similar", params={"k": 2}).json()
    assert ids(answer) == ["100", "56"]


def test_what_there_is_to_ask(server):
    recs, reverse, bare = server.client.get("/api/models").json()
    assert (recs["name"], recs["version"], recs["users"], recs["movies"]) == ("recs", 1, 4, 6)
    assert (recs["genres"], recs["years"]) == (["Comedy", "Drama"], [1990, 1995])
    assert "similar_movies" in recs["signatures"]
    assert (reverse["name"], bare["name"], bare["users"], bare["years"]) == ("reverse", "bare", 0, None)


def test_search_and_histories(server):
    get = server.client.get
    assert [movie["movie_id"] for movie in get("/api/models/recs/movies?q=199 movie 4").json()] == ["100"]
    assert get("/api/models/recs/movies?q=258").json()[0]["movie_title"] == "Movie 3 (1993)"
    assert [user["user_id"] for user in get("/api/models/recs/users?q=2").json()] == ["2", "42"]
    (seen,) = get("/api/models/recs/users/42").json()["history"]
    assert (seen["movie_id"], seen["movie_title"], seen["rating"]) == ("172", "Movie 1 (1991)", 4.0)


def test_without_a_catalogue_the_model_still_answers(server):
    answer = ask(server, user_id="1", k=1, model="bare")
    assert ids(answer) == ["172"]
    assert answer["recommendations"][0]["why"] == []
    assert ids(ask(server, history=[{"movie_id": "258"}], k=1, model="bare")) == ["100"]


@pytest.mark.parametrize(
    ("document", "status", "message"),
    [
        ({}, 400, "expected either user_id or a history"),
        ({"user_id": "1", "history": [{"movie_id": "50"}]}, 400, "expected either user_id or a history"),
        ({"user_id": "nobody"}, 400, "unknown user 'nobody'"),
        ({"user_id": "1", "model": "nope"}, 404, "unknown model 'nope'; expected one of: recs, reverse, bare"),
        ({"user_id": "1", "k": 0}, 400, "k: expected 1 to 50, got 0"),
        ({"user_id": "1", "k": 51}, 400, "k: expected 1 to 50, got 51"),
        ({"user_id": "1", "k": 2**40}, 400, "k: expected a small whole number"),
        ({"user_id": 1}, 400, "user_id: Input should be a valid string, got '1'"),
        ({"user": "1"}, 400, "user: Extra inputs are not permitted"),
        ({"history": [{"movie_id": "50", "rating": "good"}]}, 400, "history.0.rating: Input should be a valid number"),
        ({"history": [{"movie_id": "nothing"}]}, 400, "names no movie that is known"),
        ({"history": [{"movie_id": "50"}], "model": "bare", "genres": ["Drama"]}, 400, "it has no catalogue"),
    ],
)
def test_errors_of_the_api(server, document, status, message):
    answer = ask(server, status, **document)
    assert list(answer) == ["error"]
    assert message in answer["error"]


def test_errors_of_look_ups(server):
    for path, status, message in (
        ("/api/models/recs/users/nobody", 404, "unknown user 'nobody'; the model knows 4 users"),
        ("/api/models/nope/users", 404, "unknown model 'nope'"),
        ("/api/models/bare/movies", 404, "model bare version 1 has no catalogue"),
        ("/api/models/recs/movies?limit=1000", 400, "limit: Input should be less than or equal to 100"),
        ("/api/models/recs/movies/x/similar", 400, "unknown movie 'x'"),
        ("/api/recommend", 400, "user_id: Field required"),
    ):
        answer = server.client.get(path)
        assert answer.status_code == status
        assert message in answer.json()["error"]


def test_reasons_are_no_recommendations_to_prometheus(server):
    def lists():
        text = server.client.get("/metrics").text
        return float(re.search(r'recs_best_score_count{model="recs"} (\S+)', text)[1])

    ask(server, user_id="1", k=2)
    before = lists()
    assert ask(server, user_id="1", k=3)["recommendations"][0]["why"]
    assert lists() == before + 1


def test_health_and_metrics(server):
    assert server.client.get("/health").json() == {"status": "ok", "models": {"recs": [1], "reverse": [1], "bare": [1]}}
    server.predict({"inputs": {"user_id": ["1"], "exclude": [[]], "k": 1}})
    text = server.client.get("/metrics").text
    assert 'recs_requests_total{method="predict",model="recs",status="200"}' in text
    assert 'recs_batch_rows_bucket{le="1.0",model="recs",signature="serving_default"}' in text
    assert 'recs_model_version{model="recs"} 1.0' in text
    assert 'recs_best_score_count{model="recs"}' in text
    assert 'recs_shown_popularity_bucket{le="1.0",model="recs"}' in text
    server.client.post("/v1/models/invented/versions/3:predict", content=b"{}")
    assert "invented" not in server.client.get("/monitoring/prometheus/metrics").text


def test_documentation_needs_no_other_server(server):
    document = server.client.get("/openapi.json").json()
    assert {"/api/recommend", "/v1/models/{name}:predict", "/v1/models/{name}/versions/{version}/metadata"} <= set(
        document["paths"]
    )
    assert "ErrorAnswer" in document["components"]["schemas"]
    for path in ("/docs", "/"):
        page = server.client.get(path)
        assert page.status_code == 200
        loaded = re.findall(r'<(?:script|link|img)[^>]*(?:src|href)="([^"]*)"', page.text)
        assert loaded
        assert all(address.startswith(("/", "data:")) and not address.startswith("//") for address in loaded)


def test_a_catalogue_is_read_as_it_was_written(tmp_path):
    movies = {"1": Movie("1", "Amélie (2001)", ("Comedy", "Romance"), 2001), "2": Movie("2", "Nameless")}
    catalogue = Catalogue(movies, {"u": (("1", 4.5), ("2", None))})
    write_catalogue(tmp_path / "assets.extra", catalogue)
    assert read_catalogue(tmp_path) == catalogue
    assert read_catalogue(tmp_path / "elsewhere") is None
    assert find_movies(catalogue, "AMÉLIE", 5) == [movies["1"]]


def test_a_model_without_a_graph_for_diverse_lists_says_so(server):
    answer = server.client.post("/api/recommend", json={"user_id": "1", "diversity": 0.5})
    assert answer.status_code == 400
    assert "diversity: model recs has no signature recommend that takes it" in answer.json()["error"]
    assert server.client.post("/api/recommend", json={"user_id": "1", "diversity": 1.5}).status_code == 400


def test_of_a_user_with_events_a_diverse_list_is_asked_for_by_history():
    catalogue = Catalogue({}, {"1": (("a", 4.0), ("b", None))})
    question = Question("1", events=(("c", 1.0),), diversity=0.5)
    asked = spelt_out(question, catalogue)
    assert (asked.user_id, asked.signature) == (None, "recommend_for_history")
    assert asked.history == (("a", 0.0), ("b", 0.0), ("c", 1.0))
    assert spelt_out(replace(question, diversity=0.0), catalogue).user_id == "1"


def test_what_was_disliked_is_asked_without_and_excluded():
    catalogue = Catalogue({}, {"1": (("a", 5.0), ("b", 1.0))})
    question = Question("1", events=(("c", 1.0), ("d", 4.0), ("e", 0.0)))
    asked = without_disliked(question, catalogue)
    assert (asked.events, asked.exclude) == ((("d", 4.0), ("e", 0.0)), ("c",))
    twice = without_disliked(Question(None, history=(("c", 5.0), ("d", 4.0), ("c", 1.0))), catalogue)
    assert (twice.history, twice.exclude) == ((("d", 4.0),), ("c",))  # the last rating counts
    one_star = without_disliked(Question(None, history=(("c", 1.0), ("d", 1.0))), catalogue)
    assert (one_star.history, one_star.exclude) == ((("", 0.0),), ("c", "d"))
    assert without_disliked(question, Catalogue({}, {"1": (("a", 1.0),)})) is question  # ratings do not differ
