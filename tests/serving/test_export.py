"""Versions of a SavedModel, and a fresh process that has none of our code."""

import json
import subprocess
import sys

import numpy as np
import pytest

from tests.serving.conftest import assert_agree
from tfrs_lab.experiments.export.servable import to_servable
from tfrs_lab.experiments.storage.stored_model import recommend_for_history, recommend_for_user
from tfrs_lab.serving.backend import tf
from tfrs_lab.serving.export import export, versions
from tfrs_lab.serving.index import IndexSetting, build_index
from tfrs_lab.serving.module import RecommenderModule
from tfrs_lab.serving.warmup import FILE, prediction_log

FRESH = """
import json, sys
ROOMS = {"data", "evaluation", "experiments", "models", "serving", "tensorflow_recommenders", "tf_keras"}
class NotHere:
    def find_spec(self, name, *rest):
        if name.split(".")[0] in ROOMS:
            raise ImportError(name + " is not in this environment")
sys.meta_path.insert(0, NotHere())
import tensorflow as tf
asked, answers = json.load(open(sys.argv[2])), {}
for path in sys.argv[3:]:
    if path.endswith("scann/1"):
        import scann
    model = tf.saved_model.load(path)
    answers[path] = {}
    for name, inputs in asked.items():
        if name.split("/")[0] not in model.signatures:
            continue
        graph = model.signatures[name.split("/")[0]]
        types = {one.name: one.dtype for one in graph.structured_input_signature[1].values()}
        found = graph(**{key: tf.constant(value, types[key]) for key, value in inputs.items()})
        answers[path][name] = {
            key: [[v.decode() if isinstance(v, bytes) else float(v) for v in row] for row in value.numpy().tolist()]
            for key, value in found.items()
        }
json.dump(answers, open(sys.argv[1], "w"))
"""
SIGNATURES = {
    "serving_default", "recommend", "recommend_filtered", "recommend_since", "recommend_for_history",
    "recommend_for_history_filtered", "rank", "similar_movies", "embed_user",
}  # fmt: skip


OTHERS = ("ials", "retrieval", "content")
EVERYTHING = IndexSetting("scann", leaves=4, leaves_to_search=4, reorder=50)


def write(model, setting, directory):
    servable = to_servable(model)
    index = build_index(servable.candidates[servable.rows], servable.rows, setting)
    return export(RecommenderModule(servable, index), directory)


@pytest.fixture(scope="module")
def exported(stored, tmp_path_factory):
    """The hybrid in both flavours, each a version 1."""
    home = tmp_path_factory.mktemp("exports")
    settings = {"brute-force": IndexSetting(), "scann": EVERYTHING}
    return {kind: write(stored["hybrid"], setting, home / kind) for kind, setting in settings.items()}


@pytest.fixture(scope="module")
def batches(stored, known):
    """What the fresh process is asked: batches of 1 and of 256."""
    users = [*known["user_id"].unique().sort()[:20], "nobody"]
    movies = stored["retrieval"].recommender.movies.ids
    histories = [movies[:1], movies[2:40:7], movies[::3]]
    padded = [[*row, *[""] * (len(movies) - len(row))] for row in histories]
    many = {"user_id": [users[place % len(users)] for place in range(256)], "exclude": [[""]] * 256, "k": 7}
    return users, histories, {
        "recommend/1": {"user_id": users[:1], "exclude": [[""]], "k": 7},
        "recommend/256": many,
        "recommend_for_history/3": {
            "movie_id": padded, "rating": [[5.0] * len(movies)] * 3, "timestamp": [[0] * len(movies)] * 3, "k": 7
        },
        "recommend_for_history/256": {
            "movie_id": [padded[place % 3] for place in range(256)], "rating": [[1.0] * len(movies)] * 256,
            "timestamp": [[0] * len(movies)] * 256, "k": 7,
        },
        "recommend_since/1": {
            "user_id": users[:1], "movie_id": [movies[5:7]], "rating": [[0, 0]], "timestamp": [[0, 0]], "k": 7
        },
        "recommend_filtered/1": {
            "user_id": users[:1], "exclude": [[""]], "genres": [["Comedy"]], "year_from": [1900], "year_to": [2100],
            "diversity": 0.4, "include_seen": False, "k": 5,
        },
        "embed_movie/1": {
            "movie_title": ["Laugh"], "movie_genres": [["Comedy"]], "tags": [[""]], "release_year": [1990.0],
            "release_date": [float("nan")],
        },
        "rank/1": {"user_id": users[:1], "movie_id": [movies[:3]]},
        "similar_movies/1": {"movie_id": movies[:1], "k": 3},
        "embed_user/1": {"user_id": users[:1]},
    }  # fmt: skip


def ask_afresh(paths, asked, home):
    """What a process without our rooms, TFRS and Keras 2 answers; it imports ScaNN only for that flavour."""
    (home / "asked.json").write_text(json.dumps(asked))
    command = [sys.executable, "-c", FRESH, *map(str, [home / "answers.json", home / "asked.json", *paths])]
    environment = {"PATH": "/usr/bin:/bin", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    return list(json.loads((home / "answers.json").read_text()).values())


@pytest.fixture(scope="module")
def answers(exported, batches, tmp_path_factory):
    found = ask_afresh(exported.values(), batches[2], tmp_path_factory.mktemp("fresh"))
    return dict(zip(exported, found, strict=True))


def assert_as_in_process(found, model, users, histories):
    for batch in ("recommend/1", "recommend/256"):
        for place, row in enumerate(found[batch]["movie_id"]):
            table = recommend_for_user(model, users[place % len(users)], 60)
            assert_agree(row, found[batch]["score"][place], table, 7)
            assert found[batch]["movie_title"][place] == [model.titles[movie] for movie in row]
    for batch in ("recommend_for_history/3", "recommend_for_history/256"):
        for place, row in enumerate(found[batch]["movie_id"]):
            table = recommend_for_history(model, [(movie, None) for movie in histories[place % 3]], 60)
            assert_agree(row, found[batch]["score"][place], table, 7)


@pytest.mark.parametrize("kind", ["brute-force", "scann"])
def test_a_fresh_process_answers_as_this_one(answers, stored, batches, kind):
    assert_as_in_process(answers[kind], stored["hybrid"], *batches[:2])


@pytest.mark.parametrize("name", ["cascade", *(pytest.param(one, marks=pytest.mark.slow) for one in OTHERS)])
def test_so_it_does_for_every_kind_of_model(stored, batches, tmp_path, name):
    path = write(stored[name], IndexSetting(), tmp_path / name)
    assert not custom(operations(path))
    found = ask_afresh([path], batches[2], tmp_path)[0]
    assert set(found) == set(batches[2]) - (set() if name == "content" else {"embed_movie/1"})
    assert_as_in_process(found, stored[name], *batches[:2])


def test_all_signatures_answer(answers, batches):
    assert set(answers["brute-force"]) == set(answers["scann"]) == set(batches[2])
    for label in ("brute-force", "scann"):
        assert len(answers[label]["recommend_filtered/1"]["movie_id"][0]) == 5
        assert np.isnan(answers[label]["rank/1"]["rating"]).all()
    for name in ("embed_movie/1", "embed_user/1"):
        np.testing.assert_allclose(
            answers["brute-force"][name]["embedding"], answers["scann"][name]["embedding"], rtol=1e-5
        )


def custom(names):
    """Those operations that TensorFlow does not bring."""
    return {name for name in names if ">" in name or "scann" in name.lower()}


def operations(version):
    """Names of all operations of a SavedModel."""
    from tensorflow.core.protobuf import saved_model_pb2

    graph = saved_model_pb2.SavedModel.FromString((version / "saved_model.pb").read_bytes()).meta_graphs[0].graph_def
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    return {node.op for node in nodes}


def test_brute_force_holds_no_custom_operation(exported):
    assert not custom(operations(exported["brute-force"]))
    assert any("Scann" in name for name in operations(exported["scann"]))


def test_the_signatures_are_those_of_the_contract(exported):
    loaded = tf.saved_model.load(str(exported["brute-force"]))
    assert set(loaded.signatures) == {*SIGNATURES, "embed_movie"}
    inputs = {name: set(loaded.signatures[name].structured_input_signature[1]) for name in loaded.signatures}
    assert inputs["serving_default"] == inputs["recommend"] == {"user_id", "exclude", "k"}
    assert inputs["recommend_for_history"] == {"movie_id", "rating", "timestamp", "k"}
    assert inputs["recommend_since"] == {"user_id", "movie_id", "rating", "timestamp", "k"}
    assert inputs["rank"] == {"user_id", "movie_id"}
    assert inputs["similar_movies"] == {"movie_id", "k"}
    outputs = set(loaded.signatures["recommend"].structured_outputs)
    assert outputs == {"movie_id", "movie_title", "score"}


def test_warm_up_requests_are_answered(exported):
    version = exported["brute-force"]
    loaded, names = tf.saved_model.load(str(version)), set()
    for record in tf.data.TFRecordDataset(str(version / "assets.extra" / FILE)):
        request = prediction_log().FromString(record.numpy()).predict_log.request
        name = request.model_spec.signature_name
        loaded.signatures[name](**{one.key: tf.constant(tf.make_ndarray(one.value)) for one in request.inputs})
        names.add(name)
    assert names == {*SIGNATURES, "embed_movie"}


def test_serving_itself_reads_the_warm_up_requests(exported):
    apis = pytest.importorskip("tensorflow_serving.apis.prediction_log_pb2")
    for record in tf.data.TFRecordDataset(str(exported["brute-force"] / "assets.extra" / FILE)):
        request = apis.PredictionLog.FromString(record.numpy()).predict_log.request
        assert request.model_spec.signature_name in {*SIGNATURES, "embed_movie"}
        assert request.inputs


def test_versions_count_up_and_a_failed_one_leaves_nothing(tmp_path, modules, monkeypatch):
    monkeypatch.setattr(
        "tfrs_lab.serving.export.write_saved_model", lambda module, graphs, directory: directory.mkdir()
    )
    monkeypatch.setattr("tfrs_lab.serving.export.warmup_requests", lambda module, graphs: {})
    module = modules["brute-force"]
    assert export(module, tmp_path / "out").name == "1"
    assert export(module, tmp_path / "out", lambda extra: (extra / "note").write_text("x")).name == "2"
    assert (tmp_path / "out" / "2" / "assets.extra" / "note").read_text() == "x"

    def fail(extra):
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        export(module, tmp_path / "out", fail)
    assert versions(tmp_path / "out") == [1, 2]
    assert {entry.name for entry in (tmp_path / "out").iterdir()} == {"1", "2"}
    assert versions(tmp_path / "nothing") == []


def test_other_directories_are_left_alone(tmp_path, modules):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(FileExistsError, match=r"holds thesis\.txt"):
        export(modules["brute-force"], tmp_path)
    with pytest.raises(FileExistsError, match="got a file"):
        export(modules["brute-force"], tmp_path / "thesis.txt")
