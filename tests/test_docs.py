"""What README and docs say works: their Python runs, their commands and options exist, their links lead somewhere."""

import os
import re
import shlex

import pytest

from benchmarks.pages.tables import ROOT, pages
from tfrs_lab.evaluation.metrics import RANKING_METRICS
from tfrs_lab.experiments.cli import COMMANDS, main
from tfrs_lab.models.content.sentences import ENCODERS
from tfrs_lab.models.registry import NAMES
from tfrs_lab.models.two_tower.objectives import OBJECTIVES
from tfrs_lab.models.two_tower.tower_parts import QUERY_PARTS

BLOCK = re.compile(r"(<!-- not run: .+? -->\n)?```python\n(.*?)```", re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
SLOW = ("data.load(", "tfds.load(")
"""A page with one of these needs MovieLens: a network where it is not yet cached."""


def python_blocks(page):
    return [code for skipped, code in BLOCK.findall(page.read_text(encoding="utf-8")) if not skipped]


def with_python():
    for page in pages():
        blocks = python_blocks(page)
        if blocks:
            slow = any(word in code for code in blocks for word in SLOW)
            yield pytest.param(blocks, id=page.name, marks=[pytest.mark.slow] if slow else [])


@pytest.fixture
def own_registries():
    """What a page adds is not there for other tests."""
    registries = (RANKING_METRICS, OBJECTIVES, ENCODERS, QUERY_PARTS)
    before = [dict(registry) for registry in registries]
    yield
    for registry, entries in zip(registries, before, strict=True):
        registry.clear()
        registry.update(entries)


@pytest.mark.usefixtures("own_registries")
@pytest.mark.parametrize("blocks", list(with_python()))
def test_the_python_of_a_page_runs_from_top_to_bottom(blocks, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "page"}
    for block in blocks:
        exec(compile(block, "page", "exec"), names)


def command_lines():
    for page in pages():
        for number, line in enumerate(page.read_text(encoding="utf-8").replace("\\\n", " ").splitlines(), start=1):
            words = line.strip().removeprefix("$ ").removeprefix(".venv/bin/")
            if words.startswith("recs ") and re.match(r"recs [a-z]+\b", words) and "COMMAND" not in words:
                yield pytest.param(words.split(" #")[0], id=f"{page.name}:{number}")


@pytest.fixture(scope="module")
def options_of():
    """From the words of a command to the options that its help names."""
    known = {}

    def found(words, capsys):
        experiments = [word for word in words[1:] if word in NAMES]
        asked = (words[0], *experiments) if words[0] in ("run", "compare", "tune") else (words[0],)
        if words[0] == "ablate":
            asked = ("ablate", words[1])
        if words[0] == "data":
            asked = ("data", words[1])
        if words[0] == "runs":
            asked = ("runs", words[1] if words[1:] and not words[1].startswith("-") else "list")
        if asked not in known:
            with pytest.raises(SystemExit):
                main([*asked, "--help-all"])
            known[asked] = set(re.findall(r"--[a-zA-Z0-9][\w.-]*", capsys.readouterr().out))
        return known[asked]

    return found


@pytest.mark.parametrize("line", list(command_lines()))
def test_commands_and_their_options_exist(line, options_of, capsys):
    words = shlex.split(line.split(" > ")[0].split(" && ")[0].split(" | ")[0])[1:]
    assert words[0] in COMMANDS
    given = {word.split("=")[0].replace("_", "-") for word in words if word.startswith("--")} - {"--help"}
    assert given <= options_of(words, capsys)


def links():
    for page in pages():
        text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for target in LINK.findall(text):
            if "://" not in target:
                yield pytest.param(page, target, id=f"{page.name}:{target}")


def anchors(page):
    """What GitHub makes of the headings."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


@pytest.mark.parametrize(("page", "target"), list(links()))
def test_links_lead_somewhere(page, target):
    path, _, anchor = target.partition("#")
    file = (page.parent / path).resolve() if path else page
    assert file.exists(), f"{os.path.relpath(file, ROOT)} does not exist"
    if anchor:
        assert anchor in anchors(file)
