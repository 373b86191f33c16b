"""What every notebook keeps to, checked without running one: `make notebooks` does that."""

import ast
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
ENDING = "## Change this and see"
MACHINE = re.compile(r"/(?:home|Users|root|tmp|work)/|[A-Z]:\\")
TUTORIAL = {"MovielensModel", "__init__", "tower", "compute_loss"}
"""What the first notebook has of TFRS's tutorial."""
PLAIN = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def cells(notebook, kind):
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


def text(cell):
    return "".join(cell["source"])


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return json.loads(request.param.read_text(encoding="utf-8"))


def test_there_is_one_for_each_step():
    assert [path.stem for path in NOTEBOOKS] == [
        "00_tfrs_in_ten_minutes",
        "01_data",
        "02_retrieval",
        "03_content_and_cold_start",
        "04_ranking_and_hybrid",
        "05_serving",
        "06_your_own_data",
    ]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in NOTEBOOKS if f"notebooks/{path.name}" not in readme] == []


def test_it_is_committed_without_what_a_run_leaves(notebook):
    for cell in cells(notebook, "code"):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
        assert cell["metadata"] == {}
    assert notebook["metadata"] == PLAIN


def test_it_begins_with_a_title_and_ends_with_what_to_change(notebook):
    assert text(notebook["cells"][0]).startswith("# ")
    last = text(notebook["cells"][-1])
    assert last.count("\n## ") + last.startswith("## ") >= 1
    suggestions = last.partition(ENDING)[2]
    assert 2 <= len(re.findall(r"^- ", suggestions, re.MULTILINE)) <= 4
    assert "\n#" not in suggestions


def test_it_names_no_place_on_one_machine(notebook):
    found = [match for cell in notebook["cells"] for match in MACHINE.findall(text(cell))]
    assert found == []


def test_it_imports_the_package_and_defines_nothing_itself(notebook):
    tree = ast.parse("\n".join(text(cell) for cell in cells(notebook, "code")))
    defined = [node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    assert set(defined) <= TUTORIAL
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    modules |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    assert "tfrs_lab" in {module.partition(".")[0] for module in modules}
