"""The hunt against a server, in its short form, and that it would notice."""

import httpx
import pytest

from soak import server
from soak.tally import Tally


def test_hostile_clients_rolling_versions_and_a_shutdown_break_nothing():
    found = server.hunt(0, requests=80, idle=20, seconds=45)
    assert [failure.what for failure in found.failures] == []
    assert found.counts["requests"] > 80
    assert found.counts["compared"] > 0
    assert found.counts["histories"] > 0
    assert found.counts["versions"] >= 1
    assert found.counts["requests at shutdown"] > 0


def answering(status, content):
    return httpx.Client(
        base_url="http://test", transport=httpx.MockTransport(lambda request: httpx.Response(status, json=content))
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"predictions": [{"movie_id": ["m1"]}]}, "a wrong answer for ['u1']"),
        ({"error": "busy"}, "a lost answer under load"),
    ],
)
def test_a_wrong_and_a_lost_answer_are_noticed(content, said):
    tally = Tally("server")
    server._ask(answering(200, content), ["u1"], {"u1": ["m2"]}, tally)
    assert said in tally.failures[0].what


def test_a_status_of_500_is_noticed():
    import random

    tally = Tally("server")
    server._one(answering(500, {"error": "x"}), random.Random(0), 7, 0, tally)
    assert "500" in tally.failures[0].what
    assert tally.failures[0].repeat == "python -m soak server --seed 0"
