"""What a run, an export and a report do not give away: secrets of the environment, who ran them, and where."""

import getpass
import json
import socket
import zlib
from pathlib import Path

import pytest

from tfrs_lab.data import generate
from tfrs_lab.experiments.cli import main

ROOT = Path(__file__).parent.parent.parent
SECRET = "planted-secret-7f3a9c"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A directory with a run, its export and its page, made where a secret stands in the environment."""
    directory = tmp_path_factory.mktemp("made") / "owner-of-this-home"
    directory.mkdir()
    generate(40, 30, 600, seed=0).ratings.write_csv(directory / "ratings.csv")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HOME", str(directory))
        environment.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        environment.setenv("RECS_API_KEY", SECRET)
        words = ["run", "retrieval", "--retrieval.parts", "linear", "--ratings", str(directory / "ratings.csv")]
        assert main([*words, "--split", "random", "--out", str(directory / "out" / "run")]) == 0
        assert main(["export", str(directory / "out" / "run"), str(directory / "out" / "export")]) == 0
        assert main(["report", str(directory / "out" / "run"), "--out", str(directory / "out" / "page.html")]) == 0
    return directory / "out"


def test_nothing_private_is_in_any_file(made):
    private = [SECRET, str(ROOT), "owner-of-this-home", f"{getpass.getuser()}@", socket.gethostname()]
    private = [word for word in private if len(word) > 3]  # a host called "vm" is in every binary
    files = [file for file in made.rglob("*") if file.is_file()]
    assert len(files) > 10
    found = [
        (str(file.relative_to(made)), word) for file in files for word in private if word.encode() in file.read_bytes()
    ]
    assert found == []


def test_a_run_finds_its_data_again_and_an_export_and_a_page_do_not_tell_where_they_are(made, monkeypatch, tmp_path):
    assert json.loads((made / "run" / "config.json").read_text())["settings"]["ratings"] == "~/ratings.csv"
    exported = json.loads((made / "export" / "1" / "assets.extra" / "config.json").read_text())
    assert exported["settings"]["ratings"] == "ratings.csv"
    assert "~/ratings.csv" not in (made / "page.html").read_text()
    monkeypatch.setenv("HOME", str(made.parent))
    assert main(["run", "--like", str(made / "run"), "--out", str(tmp_path / "again")]) == 0


def test_a_planted_one_would_be_found(made):
    assert SECRET.encode() not in zlib.compress(SECRET.encode())  # what is compressed cannot be searched:
    compressed = {file.suffix for file in made.rglob("*") if file.is_file() and file.read_bytes()[:2] == b"PK"}
    assert compressed <= {".npz"}, "arrays alone are packed"
