"""``recs demo``: which run it takes, and that it serves until it is stopped."""

import json
import signal
import subprocess
import sys
from urllib.request import urlopen

import pytest

from tfrs_lab.data import load_files
from tfrs_lab.experiments.cli import main
from tfrs_lab.experiments.commands import demo

SMALL = ["--parts", "linear", "trend"]


@pytest.fixture
def served(monkeypatch):
    """What the server would be started with."""
    calls = []
    monkeypatch.setattr(demo, "server", lambda: lambda directories, **how: calls.append((directories, how)))
    return calls


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_the_newest_run_that_can_be_exported_is_exported_once(served, here, planted_files, monkeypatch):
    for words in (["retrieval", *SMALL, "--out", "runs/mine"], ["popularity", "--out", "runs/newest"]):
        assert main(["run", *words, *planted_files]) == 0
    opened = []
    monkeypatch.setattr(demo, "_has_screen", lambda: True)
    monkeypatch.setattr(demo.webbrowser, "open", opened.append)
    assert main(["demo"]) == 0
    ((directories, how),) = served
    assert {name: str(out) for name, out in directories.items()} == {"mine": "exports/mine"}
    assert json.loads((here / "exports/mine/1/assets.extra/index.json").read_text())["kind"] == "brute-force"
    how["ready"]("http://127.0.0.1:1")
    assert opened == ["http://127.0.0.1:1"]
    assert main(["demo", "runs/mine", "--no-browser"]) == 0
    assert not (here / "exports/mine/2").exists()
    served[1][1]["ready"]("http://127.0.0.1:1")
    assert len(opened) == 1


@pytest.mark.slow
def test_without_a_run_a_model_is_fitted(served, here, planted, monkeypatch):
    planted.train.write_csv(here / "ratings.csv")
    known = load_files(here / "ratings.csv")
    monkeypatch.setattr("tfrs_lab.experiments.runs.replicates.load", lambda name, **how: known)
    assert main(["demo"]) == 0
    assert (here / "runs/demo/metrics.json").exists()
    assert list(served[0][0]) == ["demo"]


def test_a_comparison_without_a_model_to_export_is_refused(served, here, planted_files, capsys):
    assert main(["compare", "popularity", "random", *planted_files, "--out", "both"]) == 0
    assert main(["demo", "both"]) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error == "recs: both: expected a comparison with a run that can be exported, such as retrieval, got none"
    assert served == []


@pytest.mark.slow
def test_it_serves_a_page_until_ctrl_c(here, planted_files):
    assert main(["run", "retrieval", *SMALL, *planted_files, "--out", "mine"]) == 0
    command = [sys.executable, "-m", "tfrs_lab.experiments", "demo", "mine", "--no-browser", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        url = next(line for line in process.stdout if "serving mine at http://" in line).split(" at ")[1].split()[0]
        with urlopen(url) as page:
            assert "<html" in page.read().decode()
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert rest.splitlines()[-1] == "stopped"
    assert "Traceback" not in errors
