"""Runs that were cut off, changed or made by another version, and indexes of another model."""

import json
import shutil

import numpy as np
import pytest

from tfrs_lab.data import DataError, generate
from tfrs_lab.data.storage import read_arrays, write_arrays
from tfrs_lab.experiments.cli import main
from tfrs_lab.experiments.export.index_store import StoredIndex, change_index, model_checksum, no_movies, read_index
from tfrs_lab.experiments.storage.results import read_result
from tfrs_lab.experiments.storage.stored_model import load_model
from tfrs_lab.serving.index import IndexSetting


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    directory = tmp_path_factory.mktemp("made")
    generate(40, 30, 600, seed=0).ratings.write_csv(directory / "ratings.csv")
    words = ["run", "ease", "--ratings", str(directory / "ratings.csv"), "--split", "random"]
    assert main([*words, "--seeds", "0,1", "--out", str(directory / "run")]) == 0
    return directory / "run"


@pytest.fixture
def run(made, tmp_path):
    return shutil.copytree(made, tmp_path / "run")


def test_the_manifest_names_what_is_read_later_and_no_logs(run):
    names = json.loads((run / "manifest.json").read_text())["sha256"]
    assert {"config.json", "metrics.json", "seed-1/known.parquet", "seed-0/checkpoints/model.npz"} <= set(names)
    assert not [name for name in names if "tensorboard" in name or name.endswith("report.html")]


@pytest.mark.parametrize("name", ["config.json", "metrics.json", "timing.json"])
def test_a_changed_number_is_noticed(run, name):
    text = (run / name).read_text()
    digit = next(letter for letter in text if letter.isdigit())
    (run / name).write_text(text.replace(digit, str((int(digit) + 1) % 10), 1))
    with pytest.raises(DataError, match=rf"damaged or changed one: {name} is not what was written"):
        read_result(run)


def test_the_model_of_another_run_is_noticed(run):
    shutil.copy(run / "seed-1" / "checkpoints" / "model.npz", run / "seed-0" / "checkpoints" / "model.npz")
    with pytest.raises(DataError, match=r"seed-0/checkpoints/model\.npz is not what was written"):
        load_model(run)


def test_arrays_of_another_version_are_refused(run):
    (run / "manifest.json").unlink()
    file = run / "seed-0" / "checkpoints" / "model.npz"
    write_arrays(file, {"weights": np.zeros(3, np.float32)})
    with pytest.raises(DataError, match=r"expected the arrays of the model ease, got others .* another version"):
        load_model(run)


def test_a_run_of_no_experiment_is_refused(run, capsys):
    (run / "manifest.json").unlink()
    config = json.loads((run / "config.json").read_text())
    (run / "config.json").write_text(json.dumps({**config, "experiment": "commands.serve"}))
    assert main(["recommend", str(run), "--user", "1"]) == 1
    assert "got 'commands.serve'" in capsys.readouterr().err


def test_a_run_from_before_there_were_manifests_is_read(run):
    (run / "manifest.json").unlink()
    assert read_result(run).name == "ease"


def test_a_damaged_state_of_training_says_what_to_do(tmp_path):
    from tfrs_lab.models.backend import tf
    from tfrs_lab.models.training.callbacks import TrainingState

    model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    for content in ("{", "[]", '{"history": [{}]}'):
        (tmp_path / "state.json").write_text(content)
        with pytest.raises(DataError, match=r"expected the state of a training, got a damaged one .* delete it"):
            TrainingState(model, tmp_path, None, 1).restore()


POINT = {"recall": 1.0, "queries_per_second": 1.0}
TUNING = {"curve": [], "brute_force": POINT, "chosen": POINT, "target_recall": 0.9, "k": 10}


def keep(present):
    return StoredIndex(IndexSetting(), TUNING, no_movies())


def test_the_index_of_another_model_is_refused(run):
    change_index(run, keep)
    assert read_index(run) is not None
    record = json.loads((run / "index.json").read_text())
    assert record["model"] == model_checksum(run)
    file = run / "seed-0" / "checkpoints" / "model.npz"
    arrays = read_arrays(file)
    write_arrays(file, {name: array + 1 if array.dtype.kind == "f" else array for name, array in arrays.items()})
    with pytest.raises(DataError, match="expected the index of this run's model, got that of another"):
        read_index(run)


def test_a_changed_index_is_refused(run):
    change_index(run, keep)
    file = run / "index" / "1" / "added.parquet"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"damaged or changed index: added\.parquet"):
        read_index(run)
