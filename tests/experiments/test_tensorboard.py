"""What TensorBoard itself reads of our runs: settings with results, and the projector's movies."""

import json
import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins import base_plugin
from tensorboard.plugins.hparams import api_pb2, metadata
from tensorboard.util.tensor_util import make_ndarray
from werkzeug.test import Client

from tfrs_lab.data import Interactions
from tfrs_lab.experiments.cli import main
from tfrs_lab.experiments.tracking.event_log import write_settings
from tfrs_lab.experiments.tracking.projector import write_projector
from tfrs_lab.models.baselines import BASELINES


def session(directory):
    """Settings, status and last scalars of an event file's directory."""
    events = EventAccumulator(str(directory)).Reload()
    content = events.PluginTagToContent(metadata.PLUGIN_NAME)
    started = metadata.parse_session_start_info_plugin_data(content[metadata.SESSION_START_INFO_TAG])
    ended = metadata.parse_session_end_info_plugin_data(content[metadata.SESSION_END_INFO_TAG])
    settings = {name: getattr(value, value.WhichOneof("kind")) for name, value in started.hparams.items()}
    tags = [tag for tag in events.Tags()["tensors"] if not tag.startswith("_hparams_")]
    scalars = {tag: float(make_ndarray(events.Tensors(tag)[-1].tensor_proto)) for tag in tags}
    scalars |= {tag: events.Scalars(tag)[-1].value for tag in events.Tags()["scalars"]}
    return started.group_name, settings, ended.status, scalars


def projector(directory):
    """TensorBoard's own projector over a directory, as a client of its pages."""
    from tensorboard.plugins.projector.projector_plugin import ProjectorPlugin

    multiplexer = plugin_event_multiplexer.EventMultiplexer()
    multiplexer.AddRunsFromDirectory(str(directory)).Reload()
    provider = data_provider.MultiplexerDataProvider(multiplexer, str(directory))
    plugin = ProjectorPlugin(
        base_plugin.TBContext(logdir=str(directory), multiplexer=multiplexer, data_provider=provider)
    )
    return {path: Client(page) for path, page in plugin.get_plugin_apps().items() if callable(page)}


def test_a_run_writes_its_settings_and_results(planted_files, tmp_path):
    run = tmp_path / "run"
    assert main(["run", "ease", *planted_files, "--ease.regularization", "7.5", "--out", str(run)]) == 0
    stored = json.loads((run / "metrics.json").read_text())
    _, settings, status, scalars = session(run / "tensorboard")
    assert settings["experiment"] == "ease"
    assert settings["regularization"] == 7.5
    assert status == api_pb2.STATUS_SUCCESS
    assert scalars["test/ndcg@10"] == pytest.approx(stored["test"]["ndcg@10"])
    assert scalars["validation/recall@10"] == pytest.approx(stored["validation"]["recall@10"])
    assert not (run / "tensorboard" / "projector_config.pbtxt").exists()


def test_seeds_are_repetitions_and_other_settings_are_not(planted_files, tmp_path):
    groups = []
    for name, words in (("a", ["--seeds", "0,1"]), ("b", ["--itemknn.neighbours", "3"])):
        assert main(["run", "itemknn", *planted_files, *words, "--out", str(tmp_path / name)]) == 0
    for part in ("a/seed-0", "a/seed-1", "b"):
        groups.append(session(tmp_path / part / "tensorboard")[0])
    assert groups[0] == groups[1] != groups[2]


def test_settings_of_any_kind_are_written_and_a_second_call_replaces_the_first(tmp_path):
    write_settings(tmp_path, {"a": 1}, {"test/x": 0.5}, name="first")
    settings = {"flag": True, "number": 3, "word": "x", "none": None, "towers": ("id", "history")}
    write_settings(tmp_path, settings, {}, name="second", failed=True)
    name, found, status, scalars = session(tmp_path)
    assert (name, status, scalars) == ("second", api_pb2.STATUS_FAILURE, {})
    assert found == {"flag": True, "number": 3.0, "word": "x", "none": "None", "towers": "id+history"}


def test_the_writer_loads_no_tensorflow():
    code = (
        "import sys; from tfrs_lab.experiments.tracking import event_log, projector; print('tensorflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "False", done.stderr


@pytest.fixture(scope="module")
def factors(planted):
    return BASELINES["ials"].fit(Interactions.from_ratings(planted.train))


def test_the_projector_shows_movies_with_titles_and_genres(planted, factors, tmp_path):
    ids = factors.movies.ids
    movies = pl.DataFrame(
        {
            "movie_id": ids[:-1],
            "movie_title": ["A\ttab", "two\nlines", "carriage\r\nreturn", "line\u2028mark", " ", *ids[5:-1]],
            "movie_genres": [["Drama", "War"], [], ["A\tB"], *[["Comedy"]] * (len(ids) - 4)],
            "release_year": [1990, None, *[2000] * (len(ids) - 3)],
        }
    )
    write_settings(tmp_path / "run", {}, {"test/x": 1.0}, name="run")
    write_projector(tmp_path / "run", factors, movies, planted.train)
    pages = projector(tmp_path)
    info = json.loads(pages["/info"].get("/?run=run").data)
    assert [(one["tensorName"], one["tensorShape"]) for one in info["embeddings"]] == [
        ("movies", list(factors.movie_factors.shape))
    ]
    vectors = np.frombuffer(pages["/tensor"].get("/?run=run&name=movies").data, np.float32)
    text = pages["/metadata"].get("/?run=run&name=movies").data.decode()
    head, *rows = [line.split("\t") for line in text.rstrip("\n").split("\n")]
    assert head == ["movie_title", "movie_genres", "release_year", "movie_id", "ratings"]
    assert len(rows) == len(ids)
    assert {len(row) for row in rows} == {5}
    by_id = {row[3]: row for row in rows}
    assert by_id["m00"][:3] == ["A tab", "Drama|War", "1990"]
    assert by_id["m01"][:3] == ["two lines", "–", "–"]
    assert by_id["m02"][:2] == ["carriage return", "A B"]
    assert by_id["m03"][0] == "line mark"
    assert by_id["m04"][0] == "–"
    assert by_id[ids[-1]][0] == ids[-1]  # no title is known
    counts = [int(row[4]) for row in rows]
    assert counts == sorted(counts, reverse=True)
    places = factors.movies.encode([row[3] for row in rows])
    np.testing.assert_allclose(vectors.reshape(len(rows), -1), factors.movie_factors[places], rtol=1e-3, atol=1e-6)


def test_a_model_without_vectors_has_no_projector(planted, tmp_path):
    ease = BASELINES["ease"].fit(Interactions.from_ratings(planted.train))
    write_projector(tmp_path, ease, pl.DataFrame({"movie_id": ["m00"], "movie_title": ["x"]}), planted.train)
    assert list(tmp_path.iterdir()) == []


def test_a_run_with_vectors_brings_the_projector_and_its_curves(planted_files, tmp_path):
    fast = ["--retrieval.parts", "in_batch", "--retrieval.in-batch.dimension", "8", "--retrieval.in-batch.epochs", "2"]
    assert main(["run", "retrieval", *planted_files, *fast, "--out", str(tmp_path / "run")]) == 0
    info = json.loads(projector(tmp_path)["/info"].get("/?run=run/tensorboard").data)
    assert info["embeddings"][0]["tensorShape"][0] == 20
    for part, tag in (("train", "epoch_loss"), ("validation", "epoch_ndcg@10")):
        tags = EventAccumulator(str(tmp_path / "run/tensorboard/validation/in_batch" / part)).Reload().Tags()
        assert tag in {*tags["scalars"], *tags["tensors"]}


def test_trials_of_a_search_are_rows_and_those_of_an_older_study_go(planted_files, tmp_path):
    study = tmp_path / "study.db"
    words = ["tune", "ease", *planted_files, "--folds", "2", "--study", str(study)]
    assert main([*words, "--trials", "3"]) == 0
    logs = tmp_path / "study.tensorboard"
    found = [session(logs / f"trial-{number:04}") for number in range(3)]
    record = json.loads((tmp_path / "study.json").read_text())
    assert [one[0] for one in found] == ["trial-0000", "trial-0001", "trial-0002"]
    assert found[0][1]["regularization"] == pytest.approx(record["start"]["values"]["regularization"])
    assert found[0][3]["validation/ndcg@10"] == pytest.approx(record["start"]["mean"])
    assert found[0][3]["validation/ndcg@10 fold 2"] == pytest.approx(record["start"]["folds"][1])
    study.unlink()
    assert main([*words, "--trials", "1"]) == 0
    assert [path.parent.name for path in logs.glob("*/events*")] == ["trial-0000"]


def test_tensorboard_starts():
    done = subprocess.run(
        [sys.executable, "-m", "tensorboard.main", "--version"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-500:]
