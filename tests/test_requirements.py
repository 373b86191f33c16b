"""What the Makefile installs: pinned, hashed, complete; and that no ratings of MovieLens lie in the repository."""

import re
import subprocess
from pathlib import Path

import pytest

try:
    import tomllib
except ImportError:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "requirements").glob("*.txt"))
PINNED = re.compile(r"([a-z0-9-]+)==[\w.+!]+(?: ; [^\\]+?)?(?: \\\n    --hash=sha256:[0-9a-f]{64})+\n")
INSTALLED = {
    "run": ["baselines", "serving"],
    "test": ["baselines", "sentences", "serving", "notebooks", "docs", "dev"],
    "bench": ["bench"],
    "mlflow": ["mlflow"],
}


def names(file):
    """The packages that a file installs."""
    return set(PINNED.findall((ROOT / "requirements" / f"{file}.txt").read_text()))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_line_is_pinned_and_hashed(file):
    assert PINNED.sub("", file.read_text()) == ""
    assert PINNED.search(file.read_text())


@pytest.mark.parametrize(
    "line", ["numpy>=2 \\\n    --hash=sha256:" + "0" * 64 + "\n", "numpy==2.0\n", "--index" + "-url elsewhere\n"]
)
def test_one_that_is_not_would_be_noticed(line):
    assert PINNED.sub("", line) == line


@pytest.mark.parametrize("file", INSTALLED)
def test_what_the_project_asks_for_is_there(file):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [line for extra in INSTALLED[file] for line in project["optional-dependencies"][extra]]
    if file in ("run", "test"):
        asked += project["dependencies"]
    wanted = {re.split(r"[\[<>=~;\s]", line)[0].lower().replace("_", "-") for line in asked}
    assert wanted <= names(file) | (names("test") if file in ("bench", "mlflow") else set())


def test_no_data_of_others_is_passed_on():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("no git repository")
    files = [Path(line) for line in listed.stdout.splitlines()]
    assert files
    data = {".zip", ".gz", ".dat", ".data", ".item", ".user", ".parquet", ".npz", ".npy", ".csv", ".tfrecord"}
    assert [file for file in files if file.suffix in data and file.parts[:2] != ("tests", "upgrades")] == []
    assert "licence does not allow redistribution" in (ROOT / "README.md").read_text()
