"""How the code is laid out: rooms and what they may import, and what the installed package holds."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "data": set(),
    "serving": set(),
    "evaluation": {"data"},
    "models": {"data", "evaluation"},
    "experiments": {"data", "serving", "evaluation", "models"},
}
FILES = {room: sorted((ROOT / room).rglob("*.py")) for room in MAY_IMPORT}


def imported(file: Path) -> Iterator[str]:
    """Full names of the modules that a file imports, wherever it does so."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_the_rooms_below_it(room):
    for file in FILES[room]:
        names = [name.split(".") for name in imported(file)]
        rooms = {name[1] for name in names if name[0] == "tfrs_lab" and len(name) > 1}
        assert rooms <= MAY_IMPORT[room] | {room}, file
        assert not {name[0] for name in names} & set(MAY_IMPORT), f"{file}: not as tfrs_lab.…"


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_folders_of_a_room_import_each_other_in_one_direction(room):
    """Modules that are no folder's count each for itself; a package's own __init__ may import what is in it."""
    arrows: dict[str, set[str]] = {}
    for file in FILES[room]:
        parts = file.relative_to(ROOT / room).with_suffix("").parts
        if parts == ("__init__",):
            continue
        for name in imported(file):
            other = name.removeprefix(f"tfrs_lab.{room}.").split(".")[0]
            if name.startswith(f"tfrs_lab.{room}.") and other != parts[0] and exists(room, other):
                arrows.setdefault(parts[0], set()).add(other)
    while arrows:
        last = [one for one in arrows if not arrows[one] & arrows.keys()]
        assert last, f"a circle among {sorted(arrows)}"
        for one in last:
            del arrows[one]


def exists(room: str, name: str) -> bool:
    return (ROOT / room / name).is_dir() or (ROOT / room / f"{name}.py").is_file()


def test_the_package_holds_every_folder_and_nothing_else():
    with (ROOT / "pyproject.toml").open("rb") as file:
        named = tomllib.load(file)["tool"]["setuptools"]["packages"]
    folders = {".".join(file.parent.relative_to(ROOT).parts) for files in FILES.values() for file in files}
    assert sorted(named) == sorted(["tfrs_lab", *(f"tfrs_lab.{folder}" for folder in folders)])


def test_files_and_folders_are_small():
    lengths = {file: len(file.read_text(encoding="utf-8").splitlines()) for files in FILES.values() for file in files}
    assert not [str(file) for file, length in lengths.items() if length > 400]
    assert sorted(lengths.values())[len(lengths) // 2] < 150
    folders = [file.parent for file in FILES["experiments"]]
    assert not [str(folder) for folder in set(folders) if folders.count(folder) > 20]
