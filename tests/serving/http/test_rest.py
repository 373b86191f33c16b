"""TensorFlow Serving's REST API: https://www.tensorflow.org/tfx/serving/api_rest"""

import base64
import gzip
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from google.protobuf import json_format
from tensorflow.core.protobuf import meta_graph_pb2

from tfrs_lab.serving.http.tensorflow import call, load_functions, load_graph


def test_column_format(server):
    answer = server.predict({"inputs": {"user_id": ["1", "2"], "exclude": [[""], ["100"]], "k": 2}})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "outputs": {
            "movie_id": [["172", "181"], ["56", "181"]],
            "movie_title": [["Movie 1 (1991)", "Movie 2 (1992)"], ["Movie 5 (1995)", "Movie 2 (1992)"]],
            "score": [[0.9, 0.8], [0.8, 0.2]],
        }
    }


def test_row_format_with_a_scalar_on_which_all_agree(server):
    rows = [{"user_id": "1", "exclude": ["172"], "k": 1}, {"user_id": "2", "exclude": [""], "k": 1}]
    assert server.predict({"instances": rows}).json() == {
        "predictions": [
            {"movie_id": ["181"], "movie_title": ["Movie 2 (1992)"], "score": [0.8]},
            {"movie_id": ["100"], "movie_title": ["Movie 4 (1994)"], "score": [0.9]},
        ]
    }


def test_row_format_may_leave_out_what_has_a_default(server):
    (found,) = server.predict({"instances": [{"user_id": "1"}]}).json()["predictions"]
    assert found["movie_id"] == ["172", "181", "56", "100", "258", "", "", "", "", ""]  # k is 10, there are 6 movies


def test_padding_and_infinity_are_written_as_tensorflow_serving_writes_them(server):
    text = server.predict({"inputs": {"user_id": ["1"], "exclude": [[]], "k": 6}}).text
    assert text.endswith('"score": [[0.9, 0.8, 0.2, 0.1, 0.0, -Infinity]]}}')


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (
            {"signature_name": "recommend", "inputs": {"user_id": ["42"], "exclude": [[]], "k": 1}},
            {"movie_id": [["50"]], "movie_title": [["Movie 0 (1990)"]], "score": [[1.0]]},
        ),
        (
            {
                "signature_name": "recommend_for_history",
                "inputs": {"movie_id": [["258", ""]], "rating": [[2, 0]], "k": 1},
            },
            {"movie_id": [["100"]], "movie_title": [["Movie 4 (1994)"]], "score": [[1.8]]},
        ),
        (
            {
                "signature_name": "recommend_for_history",
                "inputs": {"movie_id": [["258", "50"]], "rating": [[2, 0]], "timestamp": [[20, 10]], "k": 1},
            },
            {"movie_id": [["100"]], "movie_title": [["Movie 4 (1994)"]], "score": [[1.8]]},
        ),
        (
            {"signature_name": "rank", "inputs": {"user_id": ["1"], "movie_id": [["181", "258"]]}},
            {"rating": [[3.8, 3.0]], "score": [[0.8, 0.0]]},
        ),
        (
            {"signature_name": "similar_movies", "inputs": {"movie_id": ["258"], "k": 1}},
            {"movie_id": [["100"]], "movie_title": [["Movie 4 (1994)"]], "score": [[0.9938837]]},
        ),
    ],
)
def test_named_signatures(server, document, expected):
    assert server.predict(document).json() == {"outputs": expected}


def test_rows_may_leave_out_times_each_for_itself(server):
    one = {"movie_id": ["258"], "rating": [2], "k": 1}
    rows = [one, {**one, "timestamp": [7]}]
    answer = server.predict({"signature_name": "recommend_for_history", "instances": rows}).json()
    assert [found["movie_id"] for found in answer["predictions"]] == [["100"], ["100"]]


def test_a_single_input_and_a_single_output_need_no_names(server):
    name = {"signature_name": "embed_user"}
    assert server.predict({**name, "instances": ["1", "7"]}).json() == {"predictions": [[1.0, 0.0], [0.5, 1.0]]}
    assert server.predict({**name, "instances": [{"user_id": "2"}]}).json() == {"predictions": [[0.0, 1.0]]}
    assert server.predict({**name, "inputs": ["7"]}).json() == {"outputs": [[0.5, 1.0]]}
    assert server.predict({**name, "inputs": {"user_id": ["7"]}}).json() == {"outputs": [[0.5, 1.0]]}
    mixed = server.predict({**name, "instances": ["1", {"user_id": "7"}]})
    assert mixed.json() == {"error": "Expecting value/list but got object at item 1 of input list"}


def test_answers_are_those_of_the_bare_savedmodel(server, exports):
    alive, functions = load_functions(exports / "good" / "1")
    inputs = {"user_id": np.array([b"7"], object), "exclude": np.empty((1, 0), object), "k": np.array(6, np.int32)}
    expected = call(functions["serving_default"], inputs)
    got = server.predict({"inputs": {"user_id": ["7"], "exclude": [[]], "k": 6}}).json()["outputs"]
    assert np.array_equal(np.array(got["score"], np.float32), expected["score"])
    assert [[movie_id.encode() for movie_id in row] for row in got["movie_id"]] == expected["movie_id"].tolist()
    assert alive is not None


def test_concurrent_requests_get_their_own_answers(server):
    expected = {"1": "172", "2": "100", "42": "50", "7": "258"}

    def ask(turn: int) -> bool:
        user = list(expected)[turn % 4]
        k, exclude = 1 + turn % 3, [["181"] * (turn % 5)]
        found = server.predict({"inputs": {"user_id": [user], "exclude": exclude, "k": k}}).json()["outputs"][
            "movie_id"
        ]
        return found[0][0] == expected[user] and len(found[0]) == k

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(ask, range(200)))


def test_bytes_and_compressed_bodies(server):
    user = {"b64": base64.b64encode(b"1").decode()}
    body = gzip.compress(json.dumps({"inputs": {"user_id": [user], "exclude": [[]], "k": 1}}).encode())
    answer = server.client.post("/v1/models/recs:predict", content=body, headers={"content-encoding": "gzip"})
    assert answer.json()["outputs"]["movie_id"] == [["172"]]


def test_paths_of_versions_and_case_of_paths(server):
    document = {"inputs": {"user_id": ["1"], "exclude": [[]], "k": 1}}
    assert server.predict(document, "recs/versions/1").status_code == 200
    assert server.client.post("/V1/MODELS/recs:PREDICT", json=document).status_code == 200
    missing = server.predict(document, "recs/versions/9")
    assert (missing.status_code, missing.json()) == (
        404,
        {"error": "Servable not found for request: Specific(recs, 9)"},
    )


def test_status(server):
    status = {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    for path in ("/v1/models/recs", "/v1/models/recs/versions/1"):
        assert server.client.get(path).json() == {"model_version_status": [status]}
    missing = server.client.get("/v1/models/half")
    assert (missing.status_code, missing.json()) == (404, {"error": "Could not find any versions of model half"})
    missing = server.client.get("/v1/models/recs/versions/2")
    assert (missing.status_code, missing.json()) == (404, {"error": "Could not find version 2 of model recs"})


def test_metadata_is_the_signature_map_of_the_file(server, exports):
    for path in ("/v1/models/recs/metadata", "/v1/models/recs/versions/1/metadata"):
        content = server.client.get(path).json()
        assert content["model_spec"] == {"name": "recs", "signature_name": "", "version": "1"}
        written = content["metadata"]["signature_def"]["signature_def"]
        read = {name: json_format.ParseDict(value, meta_graph_pb2.SignatureDef()) for name, value in written.items()}
        assert read == dict(load_graph(exports / "good" / "1").signature_def)
        assert written["rank"]["inputs"]["movie_id"]["dtype"] == "DT_STRING"
        assert [dim["size"] for dim in written["rank"]["inputs"]["movie_id"]["tensor_shape"]["dim"]] == ["-1", "-1"]
