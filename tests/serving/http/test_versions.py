"""New versions take over, broken ones do not, and requests that have begun finish where they began."""

import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest

from benchmarks.load import request_bytes
from benchmarks.shared.http_load import closed_loop
from tests.serving.http.http_server import running
from tfrs_lab.serving.http.errors import ApiError
from tfrs_lab.serving.http.settings import ServerSettings
from tfrs_lab.serving.http.versions import Model


def states(model):
    return {status.version: status.state for status in model.statuses()}


def publish(source, directory, version):
    """A version appears under its number when it is whole."""
    shutil.copytree(source, directory / f".{version}")
    (directory / f".{version}").rename(directory / str(version))


@pytest.fixture
def model(exports, tmp_path):
    publish(exports / "good" / "1", tmp_path, 1)
    loads = []
    model = Model("recs", tmp_path, ServerSettings(), on_load=lambda *load: loads.append(load))
    model.loads = loads
    model.poll()
    yield model
    model.close()


def test_the_newest_version_takes_over_and_a_removed_one_gives_way(model, exports, tmp_path):
    publish(exports / "reverse" / "1", tmp_path, 2)
    publish(exports / "reverse" / "1", tmp_path, 10)  # newer than 2 though it sorts before it as text
    model.poll()
    assert model.available() == [10]
    assert states(model) == {10: "AVAILABLE", 1: "END"}
    shutil.rmtree(tmp_path / "10")
    model.poll()
    assert model.available() == [2]
    shutil.rmtree(tmp_path / "2")
    shutil.rmtree(tmp_path / "1")
    model.poll()  # an empty directory is more likely an accident than a wish
    assert model.available() == [2]
    assert model.loads == [("recs", 1, True), ("recs", 10, True), ("recs", 2, True)]


def test_what_is_no_version_is_passed_over(model, tmp_path):
    for name in ("new", "3.tmp", "²"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "saved_model.pb").write_bytes(b"")
    (tmp_path / "4").mkdir()  # is being written
    model.poll()
    assert states(model) == {1: "AVAILABLE"}


def test_a_broken_version_is_reported_and_tried_again_when_its_files_change(model, exports, tmp_path, caplog):
    publish(exports / "good" / "1", tmp_path, 2)
    (tmp_path / "2" / "variables" / "variables.index").unlink()
    model.poll()
    model.poll()
    assert model.available() == [1]
    (broken,) = [status for status in model.statuses() if status.version == 2]
    assert (broken.state, broken.error_code) == ("END", "UNKNOWN")
    assert "variables" in broken.error_message
    assert model.loads == [("recs", 1, True), ("recs", 2, False)]  # not tried twice
    shutil.copy(exports / "good" / "1" / "variables" / "variables.index", tmp_path / "2" / "variables")
    model.poll()
    assert model.available() == [2]


@pytest.mark.parametrize("content", [b"", b"no protocol buffer", b"\x0a\x02"])
def test_a_file_that_is_no_savedmodel(model, tmp_path, content):
    (tmp_path / "2").mkdir()
    (tmp_path / "2" / "saved_model.pb").write_bytes(content)
    model.poll()
    assert model.available() == [1]
    assert "expected a SavedModel" in model.statuses()[0].error_message


def test_a_catalogue_that_is_none_breaks_its_version(model, exports, tmp_path):
    publish(exports / "good" / "1", tmp_path, 2)
    (tmp_path / "2" / "assets.extra" / "catalogue.json").write_text('{"movies": [[1]]}')
    model.poll()
    assert model.available() == [1]
    assert "catalogue.json: expected" in model.statuses()[0].error_message


def test_a_request_that_has_begun_finishes_on_its_version(model, exports, tmp_path):
    with model.use() as old:
        publish(exports / "reverse" / "1", tmp_path, 2)
        poll = threading.Thread(target=model.poll)
        poll.start()
        while states(model).get(1) != "UNLOADING":
            time.sleep(0.01)
        with model.use() as new:
            assert new.version == 2
        with pytest.raises(ApiError, match=r"Specific\(recs, 1\)"), model.use(1):
            pass
        outputs = old._run("rank", {"user_id": _array(["1"]), "movie_id": _array([["172"]])})
        assert outputs["score"].item() == pytest.approx(0.9)
        assert poll.is_alive()
    poll.join(30)
    assert states(model) == {2: "AVAILABLE", 1: "END"}


def test_several_versions_can_be_served(exports, tmp_path):
    for version, name in ((1, "good"), (2, "reverse"), (3, "good")):
        publish(exports / name / "1", tmp_path, version)
    with running({"recs": tmp_path}, ServerSettings(versions=2)) as server:
        document = {"inputs": {"user_id": ["1"], "exclude": [[]], "k": 1}}
        found = {path: server.predict(document, path) for path in ("recs", "recs/versions/2", "recs/versions/1")}
        assert found["recs"].json()["outputs"]["movie_id"] == [["172"]]
        assert found["recs/versions/2"].json()["outputs"]["movie_id"] == [["258"]]
        assert found["recs/versions/1"].status_code == 404


def test_no_request_fails_while_versions_are_rolled_in(exports, tmp_path):
    publish(exports / "good" / "1", tmp_path, 1)
    due = [2, 3]

    def meanwhile(elapsed):
        with model.use() as servable:
            loaded = servable.version
        if due and loaded == due[0] - 1:
            publish(exports / ("reverse" if due[0] == 2 else "good") / "1", tmp_path, due.pop(0))

    with running({"recs": tmp_path}, ServerSettings(poll_seconds=0.05), watch=True) as server:
        model = next(iter(server.models))
        requests = [request_bytes(user) for user in ("1", "2", "42", "7")]
        for _ in range(30):
            load = closed_loop(server.port, requests, clients=4, seconds=2, meanwhile=meanwhile)
            assert load.failed == 0
            assert len(load.latencies) == load.sent > 0
            if model.available() == [3]:
                break
        while "UNLOADING" in states(model).values():  # the last requests of version 2 may still be running
            time.sleep(0.05)
        assert states(model) == {3: "AVAILABLE", 2: "END", 1: "END"}


def test_a_running_request_is_answered_before_the_server_ends(exports):
    started, go = threading.Event(), threading.Event()

    def slow(name, inputs):
        started.set()
        go.wait(30)
        return run(name, inputs)

    with ThreadPoolExecutor(1) as pool:
        with running({"recs": exports / "good"}, ServerSettings()) as server:
            with next(iter(server.models)).use() as servable:
                run, servable._batcher._run = servable._batcher._run, slow
            document = {"instances": [{"user_id": "1", "k": 1}]}
            answer = pool.submit(httpx.post, f"{server.url}/v1/models/recs:predict", json=document, timeout=60)
            started.wait(30)
            threading.Timer(0.3, go.set).start()  # by then the server has been told to end
        assert answer.result().json()["predictions"][0]["movie_id"] == ["172"]


def _array(values):
    return np.vectorize(str.encode, otypes=[object])(np.array(values, object))
