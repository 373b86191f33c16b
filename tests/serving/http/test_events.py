"""What has happened since the model was trained, and the order of histories, over the API for people."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tests.serving.conftest import events, make_servable, module_of
from tests.serving.http.http_server import running
from tests.serving.http.test_api import ask, ids
from tfrs_lab.serving.backend import tf
from tfrs_lab.serving.export import export
from tfrs_lab.serving.http.settings import ServerSettings

STARS = {"movie_id": "258", "rating": 4}  # the direction that user 1 does not like: (0, 1)


def scores(answer):
    return [movie["score"] for movie in answer["recommendations"]]


def rated(*movies):
    return [{"movie_id": movie_id, "rating": rating, "timestamp": time} for movie_id, rating, time in movies]


def test_what_a_user_has_seen_since_is_left_out_and_changes_the_list(server):
    assert ids(ask(server, user_id="1", k=3)) == ["172", "181", "56"]
    answer = ask(server, user_id="1", events=[STARS], k=3)
    assert ids(answer) == ["100", "56", "181"]  # (1, 0) + 4 · (0, 1)
    assert scores(answer) == pytest.approx([3.7, 3.4, 1.6])
    assert answer["recommendations"][0]["why"][0]["movie_id"] == "258"
    assert ids(ask(server, user_id="1", events=[], k=3)) == ["172", "181", "56"]


def test_reasons_are_of_the_history_and_of_what_came_after(server):
    (found,) = ask(server, user_id="1", events=[{"movie_id": "172"}], k=1)["recommendations"]
    assert found["movie_id"] == "181"
    assert [reason["movie_id"] for reason in found["why"]] == ["172"]  # 50 was rated below the mean of both
    (found,) = ask(server, user_id="1", events=[{"movie_id": "172", "rating": 3}], k=1)["recommendations"]
    assert "50" in [reason["movie_id"] for reason in found["why"]]


@pytest.mark.parametrize("name", ["events", "history"])
def test_the_order_of_the_list_or_of_the_timestamps_counts(server, name):
    who = {"user_id": "1"} if name == "events" else {}

    def best(movies):
        return ids(ask(server, **who, **{name: movies}, exclude=["50"], k=1))

    assert best([{"movie_id": "172"}, {"movie_id": "258"}]) == ["100"]  # the newest counts most
    assert best([{"movie_id": "258", "rating": 3}, {"movie_id": "172", "rating": 3}]) == ["181"]
    assert best(rated(("172", 5, 20), ("258", 5, 30))) == ["100"]
    assert best(rated(("258", 3, 30), ("172", 3, 20))) == ["100"]
    assert best(rated(("258", 3, 7), ("172", 3, 7))) == ["181"]  # at the same time: as they stand
    assert best(rated(("172", 3, 2**62), ("258", 3, -(2**62)))) == ["181"]


def test_of_a_user_whom_nobody_knows_the_events_tell(server):
    answer = ask(server, user_id="nobody", events=[{"movie_id": "258", "rating": 2}], k=1)
    assert (ids(answer), scores(answer)) == (["100"], [pytest.approx(1.8)])
    assert ids(ask(server, user_id="1", events=[{"movie_id": "never heard of"}], k=2)) == ["172", "181"]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"exclude": ["100", "56"]}, ["181", "172"]),
        ({"exclude": ["100"], "k": 1}, ["56"]),
        ({"exclude": ["56", "56", "nothing"]}, ["100", "181", "172"]),
        ({"genres": ["Comedy"]}, ["56", "172"]),
        ({"genres": ["Comedy"], "exclude": ["56"], "k": 1}, ["172"]),
        ({"year_to": 1992}, ["181", "172"]),
        ({"genres": ["Western"]}, []),
    ],
)
def test_filters_hold_with_events_too(server, filters, expected):
    assert ids(ask(server, user_id="1", events=[STARS], **filters)) == expected
    only_excluded = set(filters) <= {"exclude", "k"}
    if only_excluded:  # which needs no catalogue
        assert ids(ask(server, user_id="1", events=[STARS], model="bare", **filters)) == expected


def test_filters_leave_as_many_as_there_are_however_few_pass(server, monkeypatch):
    monkeypatch.setattr("tfrs_lab.serving.http.api.recommend._POOL", 1)
    assert ids(ask(server, user_id="1", events=[STARS], genres=["Comedy"])) == ["56", "172"]
    assert ids(ask(server, user_id="1", events=[STARS], genres=["Comedy"], k=1)) == ["56"]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"events": [STARS]}, "events: expected a user_id with them"),
        ({"events": [STARS], "history": [STARS]}, "events: expected a user_id with them"),
        ({"events": [STARS], "history": [STARS], "user_id": "1"}, "expected either user_id or a history"),
        ({"user_id": "nobody", "events": [{"movie_id": "nothing"}]}, "unknown user 'nobody'"),
        ({"user_id": "1", "events": [STARS], "k": 51}, "k: expected 1 to 50, got 51"),
        ({"user_id": "1", "events": STARS}, "events: Input should be a valid list"),
        ({"user_id": "1", "events": ["258"]}, "events.0: Input should be"),
        ({"user_id": "1", "events": [{"rating": 5}]}, "events.0.movie_id: Field required"),
        ({"user_id": "1", "events": [{**STARS, "rating": "good"}]}, "events.0.rating: Input should be a valid number"),
        ({"user_id": "1", "events": [{**STARS, "rating": 1e39}]}, "rating: expected finite numbers, got inf"),
        (
            {"user_id": "1", "events": [{**STARS, "timestamp": "x"}]},
            "events.0.timestamp: Input should be a valid integer",
        ),
        ({"user_id": "1", "events": [{**STARS, "timestamp": 2**63}]}, "events.0.timestamp: Input should be less than"),
        (
            {"user_id": "1", "events": [STARS, {**STARS, "timestamp": 0}]},
            "events: expected a timestamp for each movie or",
        ),
        ({"history": [STARS, {**STARS, "timestamp": 0}]}, "for each movie or for none, got 1 for 2 movies"),
        ({"user_id": "1", "events": [{**STARS, "when": 1}]}, "events.0.when: Extra inputs are not permitted"),
        ({"user_id": "1", "events": [STARS], "model": "bare", "genres": ["Drama"]}, "it has no catalogue"),
    ],
)
def test_errors_about_events(server, document, message):
    answer = ask(server, 400, **document)
    assert list(answer) == ["error"]
    assert message in answer["error"]


def test_an_export_from_before_says_what_to_do(exports):
    with running({"recs": exports / "before"}, ServerSettings()) as older:
        answer = ask(older, 400, user_id="1", events=[STARS])
        assert answer["error"] == (
            "events: model recs version 1 was exported before it could take them, it has no signature recommend_since; "
            "export it again (recs export), or ask without events"
        )
        assert ids(ask(older, user_id="1", events=[], k=1)) == ["172"]


def test_a_long_list_is_refused_by_its_size_alone(server):
    assert ids(ask(server, user_id="1", events=[STARS] * 5000, k=1)) == ["100"]
    assert "expected a body of at most" in ask(server, 413, user_id="1", events=[STARS] * 10000)["error"]


def test_the_api_describes_events_and_counts_them(server):
    ask(server, user_id="1", events=[STARS])
    schema = server.client.get("/openapi.json").json()["components"]["schemas"]["RecommendRequest"]["properties"]
    assert schema["events"]["items"] == schema["history"]["items"]
    assert 'model="recs",signature="recommend_since"' in server.client.get("/metrics").text


def test_concurrent_requests_with_events_of_many_lengths_get_their_own_answers(server):
    newest = {"172": "181", "258": "100", "50": "172", "56": "100"}
    expected = {
        (movie, length): ids(
            ask(server, user_id="2", events=[{"movie_id": "181"}] * length + [{"movie_id": movie}], k=2)
        )
        for movie in newest
        for length in (0, 1, 7, 40)
    }
    ready = threading.Barrier(8)

    def client(turn):
        ready.wait()
        for (movie, length), found in expected.items():
            times = [{"timestamp": -5}] * length + [{"timestamp": -5 + turn}]
            movies = [{"movie_id": "181"}] * length + [{"movie_id": movie}]
            told = [{**one, **time} for one, time in zip(movies, times, strict=True)]
            if ids(ask(server, user_id="2", events=told, k=2)) != found:
                return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(client, range(8)))


def test_the_answer_is_the_signatures_own(tmp_path):
    module = module_of(make_servable())
    export(module, tmp_path / "recs")
    user, movies, k = "u7", ["m03", "m11", "never heard of"], 9
    own = tf.saved_model.load(str(tmp_path / "recs" / "1")).signatures["recommend_since"]
    named = dict(zip(("movie_id", "rating", "timestamp"), events([movies]), strict=True))
    expected = own(user_id=tf.constant([user]), k=tf.constant(k), **named)
    with running({"recs": tmp_path / "recs"}, ServerSettings()) as started:
        answer = ask(started, user_id=user, events=[{"movie_id": movie, "rating": 1} for movie in movies], k=k)
        excluded = ask(
            started, user_id=user, events=[{"movie_id": movies[0]}, {"movie_id": movies[1]}], exclude=ids(answer)[:2]
        )
    assert ids(answer) == [movie.decode() for movie in expected["movie_id"][0].numpy()]
    np.testing.assert_allclose(scores(answer), expected["score"][0], rtol=1e-6)
    assert ids(excluded)[:7] == ids(answer)[2:]
