"""The reference of histories and events, and that a wrong answer is noticed."""

import json
import random

import httpx
import numpy as np
import pytest

from benchmarks.shared.toy_export import Toy
from soak import histories
from soak.histories import FITS, PREDICT, RECOMMEND, Person, scores, wrong
from soak.reference import Refused
from soak.tally import Tally

EYE = Toy(np.array([[0, 0, 3]], np.float32), np.eye(3, dtype=np.float32), np.array([[False, False, True]]))
"""u0 has seen m2; each movie is a direction of its own."""


@pytest.mark.parametrize(
    ("user", "events", "expected"),
    [
        ("u0", [], [0, 0, -np.inf]),
        ("u0", [("m0", 2.0, None)], [-np.inf, 0, -np.inf]),
        (None, [("m0", 2.0, None), ("m0", None, None)], [-np.inf, 0, 0]),
        ("nobody", [("m1", 4.0, None), ("x", 9.0, None)], [0, -np.inf, 0]),
    ],
)
def test_what_has_been_seen_is_hidden(user, events, expected):
    assert scores(EYE, Person(user, tuple(events)), FITS[RECOMMEND]).tolist() == expected


def test_the_newest_event_counts_twice_the_one_before():
    toy = Toy(EYE.users, np.array([[1, 0], [0, 1], [1, 1], [2, 0]], np.float32), np.zeros((1, 4), bool))
    for times in ((None, None), (5, 5), (-7, -6), (0, 2**62)):
        events = (("m0", 4.0, times[0]), ("m1", 2.0, times[1]))
        assert scores(toy, Person(None, events), FITS[PREDICT]).tolist() == [-np.inf, -np.inf, 2 + 2, 4]
    assert scores(toy, Person(None, (("m0", 4.0, 2), ("m1", 2.0, 1))), FITS[PREDICT])[2] == 4 + 1


@pytest.mark.parametrize(
    ("user", "events"),
    [
        (None, []),
        ("nobody", [("x", 1.0, None)]),
        ("u0", [("m0", 1.0, None), ("m1", 1.0, 0)]),
        ("u0", [("m0", 1e39, None)]),
        ("u0", [("m0", float("nan"), None)]),
        ("u0", [("m0", 1.0, 2**63)]),
    ],
)
def test_what_must_be_refused(user, events):
    with pytest.raises(Refused):
        scores(EYE, Person(user, tuple(events)), FITS[PREDICT])


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([("m1", 2.0), ("m0", 1.0)], ""),
        ([("m1", 2.0)], "expected 2 movies"),
        ([("m1", 2.0), ("m1", 2.0)], "expected 2 movies"),
        ([("m0", 1.0), ("m1", 2.0)], "expected scores [2.0, 1.0], got movies of [1.0, 2.0]"),
        ([("m1", 2.0), ("m2", 1.0)], "got movies of [2.0, -inf]"),
        ([("m1", 2.0), ("m0", 1.5)], "got [2.0, 1.5]"),
    ],
)
def test_a_wrong_list_is_noticed(found, said):
    assert said in (trouble := wrong(found, np.array([1.0, 2.0, -np.inf]), 5, EYE))
    assert bool(trouble) == bool(said)


@pytest.mark.parametrize(("status", "content"), [(500, {"error": "x"}), (200, {"recommendations": []})])
def test_a_server_that_always_says_the_same_is_noticed(status, content):
    def reply(request):
        row = {"movie_id": [[]], "score": [[]]}
        return httpx.Response(status, json=content if request.url.path == RECOMMEND else {"outputs": row})

    tally = Tally("server")
    http = httpx.Client(base_url="http://test", transport=httpx.MockTransport(reply))
    for number in range(20):
        histories.ask(http, random.Random(number), Toy.random(5, 20, 4), tally, "again")
    assert tally.counts["histories"] == 20
    assert len(tally.failures) > 10


def test_every_kind_of_time_is_asked():
    asked: list[dict] = []
    transport = httpx.MockTransport(
        lambda request: asked.append(json.loads(request.content)) or httpx.Response(400, json={})
    )
    http = httpx.Client(base_url="http://test", transport=transport)
    for number in range(300):
        histories.ask(http, random.Random(number), Toy.random(5, 20, 4), Tally("server"), "again")
    lists = [document.get("events", document.get("history")) for document in asked if "inputs" not in document]
    times = [[one.get("timestamp") for one in movies] for movies in lists if movies]
    assert any(None in row and set(row) != {None} for row in times)
    assert any(
        len(row) > 1 and row == sorted(row, reverse=True) and row[0] != row[-1] for row in times if None not in row
    )
    assert min(time for row in times for time in row if time is not None) < 0
    assert max(time for row in times for time in row if time is not None) > 2**62
    assert [] in lists
    assert max(map(len, lists)) >= 2000
