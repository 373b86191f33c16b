"""The examples of docs/server.md: each command works, and its answer has the shape that is printed below it."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.serving.http.http_server import running
from tfrs_lab.serving.http.settings import ServerSettings

DOCS = (Path(__file__).parents[3] / "docs" / "server.md").read_text()
EXAMPLES = re.findall(r"```sh\n(curl .*?)```\n```json\n(.*?)```", DOCS, re.DOTALL)


def shape(value):
    """Keys, and what the first element of each list is; errors are kept whole."""
    if isinstance(value, dict):
        return {key: inner if key == "error" else shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(inner) for inner in value[:1]]
    return "number" if isinstance(value, (int, float)) else type(value).__name__


@pytest.fixture(scope="module")
def documented(exports):
    with running({"recs": exports / "good"}, ServerSettings()) as started:
        yield started


def test_there_are_examples():
    assert len(EXAMPLES) == DOCS.count("```sh") >= 9


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
@pytest.mark.parametrize(("command", "printed"), EXAMPLES)
def test_example(documented, command, printed):
    line = command.replace("http://127.0.0.1:8501", documented.url).replace("curl ", "curl -sS ")
    answer = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=60, check=True)
    assert shape(json.loads(answer.stdout)) == shape(json.loads(printed))
