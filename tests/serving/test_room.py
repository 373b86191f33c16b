import ast
import subprocess
import sys
from pathlib import Path

import serving

ROOMS = {"data", "evaluation", "experiments", "models"}


def imported(file):
    """Top-level names of the packages that a file imports."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


def test_the_room_needs_no_other_room():
    files = list(Path(serving.__file__).parent.rglob("*.py"))
    assert len(files) > 10
    for file in files:
        assert not ROOMS & set(imported(file)), file


def test_importing_the_room_loads_no_tensorflow():
    code = "import sys, os, serving; print('tensorflow' in sys.modules, os.environ['TF_USE_LEGACY_KERAS'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["False", "1"]
