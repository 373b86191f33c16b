"""The image of Dockerfile: not built here, but what it installs and copies is enough to serve."""

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

ROOT = Path(__file__).parent.parent.parent.parent
STEPS = (ROOT / "Dockerfile").read_text()
BLOCKED = """
import importlib.metadata, re, sys

plain = lambda name: re.sub(r"[-_.]+", "-", name).lower()
allowed, of = {"tfrs-lab", *sys.argv.pop(1).split(",")}, importlib.metadata.packages_distributions()


class NotInstalled:
    def find_spec(self, name, path=None, target=None):
        owners = of.get(name.partition(".")[0], [])
        if owners and not allowed & set(map(plain, owners)):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, NotInstalled())
from tfrs_lab.experiments.cli import main
sys.exit(main())
"""


def installed():
    """Packages of the image."""
    files = re.findall(r"--requirement (\S+)", STEPS)
    assert files == ["serve.txt"]
    return re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements" / files[0]).read_text(), re.MULTILINE)


def test_what_is_installed_serves(exports):
    entry = shlex.split(re.search(r"ENTRYPOINT \[(.*)\]", STEPS)[1].replace(",", ""))
    words = [*entry[1:], str(exports / "good"), "--port", "0"]
    command = [sys.executable, "-c", BLOCKED, ",".join(installed()), *words]
    environment = {**os.environ, "RECS_API_KEY": "0123456789abcdef0123456789abcdef"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        line = next((line for line in process.stdout if " at http://" in line), None)
        assert line is not None, process.stderr.read()
        url = line.split(" at ")[1].split()[0].replace("0.0.0.0", "127.0.0.1")
        key = {"Authorization": f"Bearer {environment['RECS_API_KEY']}"}
        body = b'{"instances": [{"user_id": "1", "k": 1}]}'
        with urlopen(Request(f"{url}/v1/models/recs:predict", body, key)) as answer:
            assert b'"172"' in answer.read()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors


def test_nothing_to_train_with_is_installed():
    assert not {"tensorflow-recommenders", "tensorflow-datasets", "optuna", "matplotlib"} & set(installed())


@pytest.mark.parametrize("source", re.findall(r"^COPY (.*) \S+$", STEPS, re.MULTILINE))
def test_what_is_copied_is_there(source):
    assert all((ROOT / one).exists() for one in source.split())


def test_every_package_is_copied():
    copied = {one for line in re.findall(r"^COPY (.*) \S+$", STEPS, re.MULTILINE) for one in line.split()}
    packages = re.findall(r'^    "tfrs_lab\.?(\w*)', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert {name or "tfrs_lab" for name in packages} <= copied
    assert {"pyproject.toml", "README.md", "LICENSE"} <= copied
