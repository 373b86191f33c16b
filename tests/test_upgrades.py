"""What earlier versions made still answers, what a later one made is refused; the version stands in one place."""

import json
import re
import shutil
import subprocess
import tarfile
from importlib import metadata
from pathlib import Path

import pytest

from tfrs_lab.experiments.cli import main

ROOT = Path(__file__).parent.parent
VERSIONS = sorted((ROOT / "tests" / "upgrades").glob("*.tar.gz"))


@pytest.fixture(scope="module", params=VERSIONS, ids=lambda path: path.name.removesuffix(".tar.gz"))
def earlier(request, tmp_path_factory):
    """A directory with the run, the export, the ratings and the answers of a version."""
    directory = tmp_path_factory.mktemp("earlier")
    with tarfile.open(request.param) as packed:
        packed.extractall(directory, filter="data")
    return directory


def test_there_is_one_of_the_present_version():
    assert f"{metadata.version('tfrs-lab')}.tar.gz" in [path.name for path in VERSIONS]


@pytest.mark.parametrize("made", ["run", "export"])
def test_it_recommends_as_it_did(earlier, made, capsys):
    assert main(["recommend", str(earlier / made), "--user", "3", "--json"]) == 0
    found, before = json.loads(capsys.readouterr().out), json.loads((earlier / "said.json").read_text())[made]
    assert [movie["movie_id"] for movie in found] == [movie["movie_id"] for movie in before]
    assert [movie["score"] for movie in found] == pytest.approx([movie["score"] for movie in before], rel=1e-4)


@pytest.mark.parametrize("made", ["run", "export"])
def test_it_is_asked_for_a_history(earlier, made, capsys):
    known = json.loads((earlier / "export/1/assets.extra/catalogue.json").read_text())["users"]["3"]
    history = ",".join(movie for movie, _ in known)
    assert main(["recommend", str(earlier / made), "--history", history, "--k", "3", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 3


def test_a_run_is_reported_listed_exported_and_repeated_by_its_own_version(earlier, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(earlier))  # its ratings are ~/ratings.csv
    run = shutil.copytree(earlier / "run", tmp_path / "run")
    assert main(["report", str(run), "--out", str(tmp_path / "page.html")]) == 0
    assert main(["runs", "--root", str(tmp_path)]) == 0
    assert main(["export", str(run), str(tmp_path / "export"), "--index", "brute-force"]) == 0
    made = json.loads((run / "config.json").read_text())["versions"]["tfrs-lab"]
    if made != metadata.version("tfrs-lab"):
        capsys.readouterr()
        assert main(["run", "--like", str(run), "--out", str(tmp_path / "again")]) == 1
        said = capsys.readouterr().err
        assert f"got one of {made}, whose options are others: repeat it with that version" in said
        assert not (tmp_path / "again").exists()
        return
    assert main(["run", "--like", str(run), "--out", str(tmp_path / "again")]) == 0
    metrics = [json.loads((directory / "metrics.json").read_text())["test"] for directory in (run, tmp_path / "again")]
    assert metrics[1]["ndcg@10"] == pytest.approx(metrics[0]["ndcg@10"], abs=0.02)
    capsys.readouterr()


@pytest.mark.parametrize(("made", "manifest"), [("run", "manifest.json"), ("export/1", "assets.extra/manifest.json")])
def test_one_of_a_later_version_is_refused_with_what_to_do(earlier, made, manifest, tmp_path, capsys):
    copy = shutil.copytree(earlier / made, tmp_path / "export" / "1" if made != "run" else tmp_path / "run")
    stored = json.loads((copy / manifest).read_text())
    (copy / manifest).write_text(json.dumps({**stored, "format": 99}))
    assert main(["recommend", str(copy), "--user", "3"]) == 1
    said = capsys.readouterr().err
    assert "format 1 at most" in said
    assert "got 99: written by a newer version, upgrade" in said


def test_the_version_stands_in_one_place(capsys):
    version = re.search(r'^version = "(\d+\.\d+\.\d+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)[1]
    assert metadata.version("tfrs-lab") == version, "install again: make setup"
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"tfrs-lab {version}\n"
    newest = next(line for line in (ROOT / "CHANGELOG.md").read_text().splitlines() if line.startswith("## "))
    assert newest.split()[1] == version
    listed = subprocess.run(
        ["git", "grep", "-lF", f'"{version}"', "--", "*.py", "*.toml"], cwd=ROOT, capture_output=True
    )
    assert listed.stdout.decode().split() in (["pyproject.toml"], [])  # nothing where there is no repository
