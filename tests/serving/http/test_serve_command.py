"""`recs serve` as a process and as a parser."""

import json
import signal
import subprocess
import sys
from urllib.request import Request, urlopen

import pytest

from tfrs_lab.experiments.cli import main


def start(*words):
    command = [sys.executable, "-m", "tfrs_lab.experiments.cli", "serve", *map(str, words)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    lines = []
    for line in process.stdout:
        lines.append(line)
        if " at http://" in line:
            return process, line.split(" at ")[1].split()[0], lines
    raise AssertionError(process.communicate())


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_it_serves_on_loopback_until_it_is_told_to_stop(exports, number):
    process, url, lines = start(exports / "good", "--port", "0", "--model", f"other={exports / 'reverse'}")
    try:
        assert url.startswith("http://127.0.0.1:")
        assert [line.split(" loaded")[0] for line in lines[:2]] == ["recs version 1", "other version 1"]
        for name, expected in (("recs", "172"), ("other", "258")):
            body = json.dumps({"instances": [{"user_id": "1", "k": 1}]}).encode()
            with urlopen(Request(f"{url}/v1/models/{name}:predict", body)) as answer:
                assert json.load(answer)["predictions"][0]["movie_id"] == [expected]
        process.send_signal(number)
        rest, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0
    assert rest.splitlines()[-1] == "stopped"
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        ([], 2, "expected a directory that `recs export` wrote"),
        (["OUT", "--port", "99999"], 2, "--port: expected 0 to 65535, got 99999"),
        (["OUT", "--max-k", "0"], 2, "--max-k: expected more than 0, got 0"),
        (["OUT", "--model", "OUT"], 2, "--model: expected NAME=DIRECTORY, got"),
        (["OUT", "--model", "recs=OUT"], 2, "'recs' twice"),
        (["missing"], 1, "missing: expected <version>/saved_model.pb with a number as version, got no such directory"),
        (["OUT/1"], 1, "did you mean"),
    ],
)
def test_mistakes(exports, capfd, words, status, message):
    words = [word.replace("OUT", str(exports / "good")) for word in words]
    try:
        got = main(["serve", *words, *(["--port", "0"] if status == 1 else [])])
    except SystemExit as stopped:
        got = stopped.code
    assert got == status
    shown = " ".join(capfd.readouterr().err.replace("│", " ").split())
    assert message in shown


def test_a_port_in_use(exports, server, capfd):
    assert main(["serve", str(exports / "good"), "--port", str(server.port)]) == 1
    assert f"cannot listen on 127.0.0.1:{server.port}: Address already in use" in capfd.readouterr().err
