"""``recs recommend`` on an export says what it says on the run."""

import json
import shutil
import subprocess
import sys

import pytest

from tests.serving.conftest import write_run
from tfrs_lab.experiments.cli import main
from tfrs_lab.experiments.export.export import export_run
from tfrs_lab.experiments.recommend.from_export import ExportSource
from tfrs_lab.experiments.recommend.open import exported_version
from tfrs_lab.models.training.reporter import Reporter
from tfrs_lab.serving.http import tensorflow


@pytest.fixture(scope="module")
def run(stored, known, tmp_path_factory):
    return write_run(stored["cascade"], tmp_path_factory.mktemp("runs") / "cascade", known.clear())


@pytest.fixture(scope="module")
def out(run):
    """Version 1 by brute force, version 2 with ScaNN."""
    for kind in ("brute-force", "scann"):
        export_run(run, run.parent / "out", kind, 0.95, Reporter())
    return run.parent / "out"


def asked(source, *words, capsys):
    """The rows of an answer and what stands on stderr."""
    assert main(["recommend", str(source), *words, "--json"]) == 0
    shown = capsys.readouterr()
    return json.loads(shown.out), shown.err


def test_an_export_answers_as_its_run(run, out, known, capsys):
    user, history = known["user_id"][0], ",".join(f"{movie}:4" for movie in known["movie_id"].unique().sort()[:4])
    for words in (["--user", user, "--k", "6"], ["--user", "nobody"], ["--history", history, "--k", "10"]):
        wanted, _ = asked(run, *words, capsys=capsys)
        for source in (out, out / "1"):
            found, said = asked(source, *words, capsys=capsys)
            assert [row["score"] for row in found] == pytest.approx([row["score"] for row in wanted], rel=1e-3)
            for row, like in zip(found, wanted, strict=True):
                assert {**row, "score": 0} == {**like, "score": 0}
            assert ("user nobody is not in the export's data: showing what is popular there" in said) == (
                "nobody" in words
            )
    assert any(row["why"].startswith("like ") for row in wanted)


def test_the_table_says_who_is_asked_about(run, out, known, capsys):
    words = ["--user", known["user_id"][0], "--k", "3"]
    assert main(["recommend", str(run), *words]) == 0
    wanted = capsys.readouterr().out
    assert main(["recommend", str(out), *words]) == 0
    assert capsys.readouterr().out == wanted
    assert "has rated" in wanted
    assert "cascade recommends for user" in wanted


def test_the_newest_version_is_asked(out, tmp_path):
    assert exported_version(out) == out / "2"
    assert exported_version(out / "1") == out / "1"
    assert exported_version(tmp_path) is None
    (tmp_path / "10").mkdir()  # not whole
    assert exported_version(tmp_path) is None
    assert exported_version(tmp_path / "nothing") is None


def test_only_a_scann_index_needs_scann(out, monkeypatch):
    monkeypatch.setattr(tensorflow.importlib.util, "find_spec", lambda name, *rest: None)
    assert ExportSource(out / "1").for_user("nobody", 3).height == 3
    with pytest.raises(ImportError, match="expected the package scann, which its index needs"):
        ExportSource(out / "2")


def test_without_a_catalogue_no_reasons_are_given(out, known, tmp_path, capsys):
    version = tmp_path / "bare" / "1"
    shutil.copytree(out / "1", version)
    wanted, _ = asked(version, "--user", known["user_id"][0], capsys=capsys)
    for name in ("catalogue.json", "config.json", "manifest.json"):
        (version / "assets.extra" / name).unlink()
    found, said = asked(version, "--user", known["user_id"][0], capsys=capsys)
    assert found == [{**row, "why": ""} for row in wanted]
    assert not said
    assert ExportSource(version).name == "bare"


def test_what_an_export_cannot_answer_is_said_in_one_line(run, out, known, tmp_path, capsys):
    broken = tmp_path / "broken" / "1"
    broken.mkdir(parents=True)
    (broken / "saved_model.pb").write_bytes(b"no graph")
    movie = known["movie_id"][0]
    lists = str(tmp_path / "lists.parquet")
    for source, words, expected in (
        (out, ["--history", f"{movie}:5,no-such"], "expected a movie id that the export knows, got 'no-such'"),
        (run, ["--history", f"{movie}:5,no-such"], "expected a movie id that the model knows, got 'no-such'"),
        (out, ["--history", f"{movie}:nan"], f"expected a number after the colon of {movie}, got 'nan'"),
        (out, ["--all-users", "--out", lists], "--all-users needs the run: expected a run, got an export"),
        (tmp_path, ["--user", "1"], "expected a run (config.json) or an export (1/saved_model.pb), got neither"),
        (broken, ["--user", "1"], "expected a SavedModel of recs export, got"),
    ):
        assert main(["recommend", str(source), *words]) == 1
        said = capsys.readouterr().err
        assert expected in said
        assert len(said.strip().splitlines()) == 1


def test_an_export_is_asked_without_what_only_runs_need(out, known):
    words = ["recommend", str(out / "1"), "--user", known["user_id"][0], "--json"]
    code = f"import sys\nfrom tfrs_lab.experiments.cli import main\nmain({words})\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "tensorflow" in loaded
    assert not loaded & {"evaluation", "models", "tensorflow_recommenders", "scann"}
