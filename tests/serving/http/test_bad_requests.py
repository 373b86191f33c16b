"""Whatever a client sends: TensorFlow Serving's error shape, a 4xx status, a message that says what was expected."""

import gzip
import json
import socket

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

GOOD = {"user_id": ["1"], "exclude": [[]], "k": 2}


def columns(signature="serving_default", **changes):
    return {"signature_name": signature, "inputs": {**GOOD, **changes}}


def history(movie_id, rating):
    inputs = {"movie_id": movie_id, "rating": rating, "k": 2}
    return {"signature_name": "recommend_for_history", "inputs": inputs}


BAD = {
    "unknown signature": (columns("nope"), 'Serving signature name: "nope" not found in signature def'),
    "signature is no text": ({"signature_name": 1}, "'signature_name' key must be a string value."),
    "missing input": ({"inputs": {"user_id": ["1"], "k": 2}}, "Missing named input: exclude in 'inputs' object."),
    "missing input of a row": ({"instances": [{"k": 2}]}, "missing: user_id"),
    "unknown input of a row": ({"instances": [{"user": "1"}]}, "does not have named input: user"),
    "no inputs": ({"signature_name": "rank"}, "Missing 'inputs' or 'instances' key"),
    "both formats": ({"inputs": GOOD, "instances": [{"user_id": "1"}]}, "expecting only one of"),
    "instances is no list": ({"instances": {"user_id": "1"}}, "Expecting 'instances' to be an list/array"),
    "no instances": ({"instances": []}, "No values in 'instances' array"),
    "plain list for several inputs": ({"instances": ["1", "2"]}, "multiple input tensors required"),
    "plain inputs for several inputs": ({"inputs": ["1"]}, "multiple input tensors required"),
    "an instance that is none": ({"instances": [{"user_id": "1"}, "2"]}, "Expecting object but got list at item 1"),
    "rows disagree on k": ({"instances": [{"user_id": "1", "k": 1}, {"user_id": "2", "k": 2}]}, "expected 1 as in"),
    "wrong dtype": (columns(user_id=[1]), "Type: Number is not of expected type: string"),
    "decimal for a whole number": (columns(k=2.0), "is not of expected type: int32"),
    "truth for a number": (columns(k=True), "Type: True is not of expected type: int32"),
    "null": (columns(k=None), "Type: Null is not of expected type: int32"),
    "k as text": (columns(k="2"), "Type: String is not of expected type: int32"),
    "k too large for its type": (columns(k=2**31), "is not of expected type: int32"),
    "ragged rows": (columns(exclude=[["50"], []], user_id=["1", "2"]), "list at unexpected size: 0 at level: 1"),
    "ragged instances": (
        {"instances": [{"user_id": "1", "exclude": ["50"]}, {"user_id": "1", "exclude": []}]},
        "Expecting shape [1] but got: [0]",
    ),
    "mixed levels": (columns(user_id=["1", ["2"]]), "list at unexpected level: 1 expected < 1"),
    "a value too high": (columns(exclude=[["50"], "172"]), "found at incorrect level: 2"),
    "wrong rank": (columns(user_id="1"), "named input user_id: expected shape [-1] (-1 is any size), got []"),
    "k as a list": (columns(k=[2]), "named input k: expected shape [] (-1 is any size), got [1]"),
    "no rows": (columns(user_id=[], exclude=[]), "named input exclude: expected shape [-1, -1]"),
    "rows do not match": (columns(user_id=["1", "2"]), "expected the same number of rows in all named inputs"),
    "k = 0": (columns(k=0), "named input k: expected 1 to 50, got 0"),
    "negative k": (columns(k=-3), "named input k: expected 1 to 50, got -3"),
    "huge k": (columns(k=2_000_000_000), "named input k: expected 1 to 50, got 2000000000"),
    "too many rows": (columns(user_id=["1"] * 65, exclude=[[]] * 65), "expected 1 to 64 rows in a request, got 65"),
    "unknown user": (columns(user_id=["nobody"]), "unknown user 'nobody'"),
    "empty history": (history([[]], [[]]), "the history of row 0 is empty"),
    "history of padding": (history([["50"], [""]], [[5], [0]]), "the history of row 1 is empty"),
    "NaN rating": (history([["50"]], [[float("nan")]]), "named input rating: expected finite numbers, got nan"),
    "infinite rating": (history([["50"]], [[1e39]]), "named input rating: expected finite numbers, got inf"),
    "ratings do not match": (history([["50", "172"]], [[5]]), "expected one rating for each movie"),
    "times do not match": (
        {
            "signature_name": "recommend_for_history",
            "inputs": {"movie_id": [["50", "172"]], "rating": [[5, 4]], "timestamp": [[1]], "k": 2},
        },
        "expected one timestamp for each movie",
    ),
    "unknown history": (history([["nothing"]], [[5]]), "row 0 names no movie that is known"),
    "unknown movie": (
        {"signature_name": "similar_movies", "inputs": {"movie_id": ["x"], "k": 1}},
        "unknown movie 'x'",
    ),
    "bad base64": (columns(user_id=[{"b64": "%%"}]), "Unable to base64 decode"),
    "an object as text": (columns(user_id=[{"id": "1"}]), "not formatted correctly for base64 data"),
    "half a character": (columns(user_id=["\ud800"]), "half of a surrogate pair"),
    "nested too deeply": (columns(user_id=[[[[[[[[[["1"]]]]]]]]]]), "nested at most 8 deep"),
}


def check(answer, status, message):
    assert answer.status_code == status, answer.text
    assert list(answer.json()) == ["error"]
    assert message in answer.json()["error"], answer.text
    assert "Traceback" not in answer.text
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("name", BAD)
def test_documents(server, name):
    document, message = BAD[name]
    check(server.predict(document), 400, message)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "JSON Parse error: The document is empty"),
        (b"instances = [1, 2]", "JSON Parse error: Expecting value at offset: 0"),
        (b'{"instances": [', "JSON Parse error: Expecting value at offset: 15"),
        (b'{"instances": "\xff"}', "JSON Parse error: Invalid encoding, expected UTF-8"),
        (b"[" * 200_000, "JSON Parse error: Lists or objects are nested too deeply"),
        (b'{"k": ' + b"9" * 5000 + b"}", "JSON Parse error"),
        (b"[1]", "Is not object"),
    ],
)
def test_bodies_that_are_no_json_object(server, body, message):
    check(server.client.post("/v1/models/recs:predict", content=body), 400, message)


def test_paths(server):
    client = server.client
    for method, path in (("GET", "/v1/foo"), ("POST", "/v1/foo"), ("GET", "/v1/models/recs:predict")):
        check(client.request(method, path), 400, f"Malformed request: {method} {path}")
    check(client.put("/v1/models/recs:predict"), 400, "Malformed request: PUT")
    check(client.get("/v1/models"), 400, "Missing model name in request.")
    check(client.post("/v1/models/half:predict", json={}), 404, "Servable not found for request: Latest(half)")
    check(
        client.post("/v1/models/recs/labels/canary:predict", json={}),
        400,
        "Unrecognized servable version label: canary",
    )
    check(client.get(f"/v1/models/recs/versions/{2**64}"), 400, "Failed to convert version")
    check(
        client.post("/v1/models/recs:classify", json={}), 400, "signature method_name to be tensorflow/serving/classify"
    )
    check(client.get("/nowhere"), 404, "Not Found: GET /nowhere")
    check(client.delete("/api/models"), 405, "Method Not Allowed")


def test_large_bodies_are_refused_before_they_are_read(server):
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        head = "POST /v1/models/recs:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n"
        connection.sendall(head.encode())
        answer = ""
        while "}" not in answer:
            answer += connection.recv(65536).decode()
    assert answer.startswith("HTTP/1.1 413")
    assert '{"error": "expected a body of at most 262,144 bytes, got 100,000,000 bytes"}' in answer


@pytest.mark.parametrize("path", ["/v1/models/recs:predict", "/api/recommend"])
def test_a_body_of_100_mb_is_refused_and_the_connection_goes_on(server, path):
    check(server.client.post(path, content=b" " * 100_000_000), 413, "expected a body of at most 262,144 bytes")
    pieces = (b" " * 65536 for _ in range(1600))  # of a length that nobody has told
    check(server.client.post(path, content=pieces), 413, "expected a body of at most 262,144 bytes, got more")
    assert server.client.get("/health").status_code == 200


def test_compressed_bodies_are_limited_once_decompressed(server):
    def post(body):
        return server.client.post("/v1/models/recs:predict", content=body, headers={"content-encoding": "gzip"})

    check(post(gzip.compress(b" " * 10_000_000)), 413, "got more once decompressed")
    check(post(b"not gzip"), 400, "expected a body in gzip")
    check(post(gzip.compress(b'{"inputs": 1}' * 99)[:-9]), 400, "ends too early")


def test_without_a_catalogue_the_model_decides_about_ids(server):
    assert server.predict(columns(user_id=["nobody"]), "bare").status_code == 200
    assert server.predict(history([["nothing"]], [[1]]), "bare").status_code == 200


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["1", "50", "b64"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*GOOD, "b64"]), inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "signature_name": st.sampled_from(["rank", "recommend", "recommend_for_history", "similar_movies", ""]) | JSON,
        "inputs": st.fixed_dictionaries(
            {}, optional=dict.fromkeys(("user_id", "movie_id", "exclude", "rating", "k"), JSON)
        ),
        "instances": JSON | st.lists(st.fixed_dictionaries({"user_id": JSON}, optional={"k": JSON}), max_size=3),
    },
)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(DOCUMENTS)
def test_no_document_breaks_the_server(server, document):
    answer = server.client.post("/v1/models/recs:predict", content=json.dumps(document))
    assert answer.status_code in (200, 400), answer.text
    assert answer.status_code == 200 or list(answer.json()) == ["error"]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("user_id", "events", "history", "k", "genres", "year_from"), JSON)
    )
)
def test_no_document_breaks_the_api(server, document):
    answer = server.client.post("/api/recommend", content=json.dumps(document))
    assert answer.status_code in (200, 400), answer.text
    assert answer.status_code == 200 or list(answer.json()) == ["error"]
