"""What ``--help`` shows, and what shells complete with it."""

import re
import shlex
import shutil
import subprocess

import pytest

from tfrs_lab.experiments.ablations.studies import STUDIES
from tfrs_lab.experiments.cli import COMMANDS, main
from tfrs_lab.experiments.command_line.examples import EXAMPLES
from tfrs_lab.experiments.command_line.options import RunOptions
from tfrs_lab.experiments.command_line.settings import parse_settings
from tfrs_lab.experiments.completion import SCRIPTS
from tfrs_lab.experiments.tuning.spaces import SPACES
from tfrs_lab.models.registry import NAMES

PAGES = [
    [],
    *([name] for name in COMMANDS),
    *(["run", name] for name in NAMES),
    *(["tune", name] for name in SPACES),
    *(["ablate", name] for name in STUDIES),
    ["compare", "retrieval", "hybrid", "cascade"],
    *(["runs", action] for action in ("list", "compare", "delete")),
    *(["data", action] for action in ("info", "prepare", "shards")),
]


def shown(words, capsys):
    try:
        status = main(words)
    except SystemExit as ended:
        status = ended.code or 0
    said = capsys.readouterr()
    assert status == 0, said.err
    return said.out


@pytest.mark.parametrize("words", PAGES, ids=" ".join)
def test_help_fits_on_a_page_with_examples_that_can_be_pasted(words, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    page = shown([*words, "--help"], capsys)
    assert len(page.splitlines()) <= 60
    assert max(map(len, page.splitlines())) <= 100
    for wall in ("None", "default: )", "--no-json", "PATH", "╭"):
        assert wall not in page
    pasted = re.findall(r"^  recs (.+?)(?:   .*)?$", page, re.MULTILINE)
    assert len(pasted) >= 3
    for line in pasted:
        asked = shlex.split(line)
        leading = asked[: next((place for place, word in enumerate(asked) if word.startswith("-")), len(asked))]
        named = {"runs": 2, "data": 2, **dict.fromkeys(("run", "compare", "tune", "ablate"), len(leading))}
        listed = shown([*leading[: named.get(asked[0], 1)], "--list-options"], capsys).split()
        assert {word for word in asked if word.startswith("--")} <= set(listed), line


@pytest.mark.parametrize("words", [["help", "run"], ["run", "help"]])
def test_help_can_be_a_word(words, capsys):
    assert shown(words, capsys) == shown(["run", "--help"], capsys)
    assert shown(["help"], capsys) == shown([], capsys)


def test_help_all_has_every_option_in_groups(capsys):
    brief, whole = (shown(["run", "retrieval", option], capsys) for option in ("--help", "--help-all"))
    assert "--retrieval.in-batch.temperature" not in brief
    assert "--retrieval.in-batch.temperature NUMBER" in whole
    assert "Which ratings, and how they are split." in whole
    assert "retrieval.in-batch: Id embeddings" in whole
    assert "--budget, --retrieval.budget MINUTES" in whole
    left = int(re.search(r"--help-all shows (\d+) more", brief)[1])
    flags = re.findall(r"^  --", whole, re.MULTILINE)
    assert len(flags) == left + len(re.findall(r"^  --", brief, re.MULTILINE))


def test_what_is_on_by_default_is_shown_as_what_turns_it_off(capsys):
    page = shown(["run", "ease", "--help-all"], capsys)
    assert "--no-tune-baselines" in page
    assert " --tune-baselines" not in page


def test_a_field_needs_no_prefix_where_it_is_clear_whose_it_is():
    def parsed(*words, names=("retrieval",)):
        return parse_settings(RunOptions, names, words, prog="recs run").configs

    assert parsed("--budget", "5", "--dimension=64")["retrieval"].budget == 5
    assert parsed("--dimension=64")["retrieval"].dimension == 64
    both = parsed("--budget", "5", "--retrieval.budget", "7", names=("ease", "retrieval", "hybrid"))
    assert (both["retrieval"].budget, both["hybrid"].retrieval.budget) == (7, 5)
    assert parsed("--parts", "id", "linear", "--seed", "3")["retrieval"].parts == ("id", "linear")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["ex"], ["export"]),
        (["run", "ret"], ["retrieval"]),
        (["compare", "ease", "ia"], ["ials", "ialsridge"]),
        (["tune", "ea"], ["ease"]),
        (["ablate", "log"], ["logq"]),
        (["runs", "d"], ["delete"]),
        (["data", "s"], ["shards"]),
        (["run", "retrieval", "--bud"], ["--budget"]),
        (["run", "retrieval", "--retrieval.dim"], ["--retrieval.dimension"]),
        (["run", "ease", "--split", "temp"], ["temporal-global", "temporal-user"]),
        (["run", "retrieval", "--towers", ""], ["all", "auto"]),
        (["recommend", "runs/"], []),  # files, which the shell knows
    ],
)
def test_completion_finds_what_a_word_may_become(words, expected, capsys):
    assert shown(["--complete", *words], capsys).split() == expected


@pytest.mark.parametrize("shell", SCRIPTS)
def test_a_shell_accepts_its_script(shell, capsys):
    script = shown(["--print-completion", shell], capsys)
    assert "recs --complete" in script
    if shutil.which(shell):
        assert subprocess.run([shell, "-n"], input=script, text=True, capture_output=True).stderr == ""


def test_every_command_has_examples():
    assert set(COMMANDS) == {line.split()[0] for line in EXAMPLES}
