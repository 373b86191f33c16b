"""Nothing that is read from a file is run: no pickle, no eval, no import by a name that stands in a file."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("data", "models", "evaluation", "serving", "experiments", "benchmarks", "soak")
FILES = sorted(file for room in ROOMS for file in (ROOT / room).rglob("*.py"))
MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "yaml", "jsonpickle"}
CALLS = {"eval", "exec", "compile", "__import__"}


def problems(source):
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in MODULES:
            yield node.module
        elif isinstance(node, ast.Call):
            yield from _calls(node)


def _calls(node):
    function = ast.unparse(node.func)
    options = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
    if function in CALLS:
        yield function
    if function in ("np.load", "numpy.load") and options.get("allow_pickle") != "False":
        yield f"{function} without allow_pickle=False"
    if options.get("allow_pickle") == "True" or options.get("shell") == "True":
        yield f"{function} with {options}"
    if function.endswith(("load_model", "models.load")) and function.startswith(("tf.keras", "tfk")):
        yield f"{function}, which can bring code"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_file_brings_code(file):
    assert list(problems(file.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    [
        *("import pickle", "from joblib import load", "eval(text)", "np.load(file)", "np.load(f, allow_pickle=True)"),
        *("subprocess.run(text, shell=True)", "tf.keras.models.load_model(path)"),
    ],
)
def test_planted_ones_are_found(source):
    assert len(list(problems(source))) >= 1
