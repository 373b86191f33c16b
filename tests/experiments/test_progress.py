"""What a run shows while it works: phases, live on a terminal, a line each elsewhere."""

import io
import os
import re
import subprocess
import sys
from dataclasses import replace

import pytest
from rich.console import Console

from tfrs_lab.data import Split
from tfrs_lab.experiments.runs.fit_on_split import FitSetup, fit_on_split
from tfrs_lab.models.registry import specification
from tfrs_lab.models.training.reporter import ConsoleReporter

PHASES = ["loading train", "fit 1 of 2 (validation)", "fit 2 of 2 (all that is known)", "scoring", "report"]
SMALL = ["--retrieval.parts", "in_batch", "--retrieval.in-batch.dimension", "4", "--retrieval.in-batch.epochs", "3"]
SPINNER = "[⠁-⣿]"


def recs(words):
    return [sys.executable, "-m", "tfrs_lab.experiments", *words]


def in_a_terminal(words):
    """What a command writes on a terminal, which is its stdout and stderr, without colours."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    with subprocess.Popen(recs(words), stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        read = b""
        try:
            while piece := os.read(ours, 65536):
                read += piece
        except OSError:  # how Linux says that nobody writes any more
            pass
        os.close(ours)
    assert process.returncode == 0
    return re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", read.decode())


@pytest.mark.slow
@pytest.mark.parametrize("words", [["ease"], ["retrieval", *SMALL]], ids=["ease", "retrieval"])
def test_on_a_terminal_each_phase_is_live_and_leaves_a_line_with_its_seconds(words, planted_files, tmp_path):
    shown = in_a_terminal(["run", *words, *planted_files, "--out", str(tmp_path / "run")])
    stayed = re.findall(r"(?:\w+: )?([^\r\n]+?)  \d+\.\d s\r\n", shown)
    assert [phase for phase in stayed if phase in PHASES] == PHASES
    for phase in PHASES:
        assert re.search(rf"{SPINNER} (\w+: )?{re.escape(phase)} 0:00:\d\d", shown), phase
    assert ("epoch 3/3" in shown) == ("retrieval" in words)
    assert re.search(r"hit rate +(\d\.\d{3} ± \d\.\d{3} +){4}\r\n", shown)  # as many columns as fit, none cut off


def test_the_display_is_live_during_both_fits(planted, tmp_path):
    reporter = ConsoleReporter(Console(file=io.StringIO(), force_terminal=True))
    ease, live = specification("ease"), []

    def fit(*arguments):
        live.append((reporter.live.live.is_started, [task.description for task in reporter.live.tasks]))
        return ease.fit(*arguments)

    split = Split("temporal-user", planted.train, planted.validation, planted.test)
    fit_on_split(replace(ease, fit=fit), ease.config(), split, FitSetup(tmp_path, reporter=reporter))
    assert live == [(True, [f"ease: {phase}"]) for phase in PHASES[1:3]]
    assert not reporter.live.live.is_started


def test_a_phase_that_breaks_off_frees_the_terminal_and_leaves_no_line():
    reporter = ConsoleReporter(Console(file=io.StringIO(), force_terminal=True))
    with pytest.raises(ValueError, match="broken"), reporter.phase("fit"), reporter.phase("part"):
        raise ValueError("broken")
    assert not reporter.live.live.is_started
    assert " s\n" not in reporter.console.file.getvalue()
    with reporter.phase("fit"):
        assert reporter.live.live.is_started


def test_a_log_has_a_line_for_each_phase_and_none_for_epochs():
    reporter = ConsoleReporter(Console(file=io.StringIO()))
    with reporter.phase("retrieval: fit 1 of 2"):
        with reporter.phase("part"):
            reporter.step("epoch", 1, 2, "loss 0.5")
        reporter.line("what was chosen")
    reporter.step("trial", 1, 50, "0.28")  # of what has no phases each step is told
    told = re.sub(r"\d+\.\d s", "N s", reporter.console.file.getvalue())
    assert told.splitlines() == ["what was chosen", "retrieval: fit 1 of 2  N s", "  trial 1/50  0.28"]


def test_in_a_log_short_phases_of_one_subject_share_a_line():
    reporter = ConsoleReporter(Console(file=io.StringIO()))
    reporter.together(True)
    for phase in ("ease: fit 1 of 2", "ease: fit 2 of 2", "ease: scoring"):
        with reporter.phase(phase):
            if phase.endswith("fit 2 of 2"):
                reporter.line("what came between")
    reporter.together(False)
    with reporter.phase("ials: fit 1 of 2"):
        pass
    told = re.sub(r"\d+\.\d s", "N s", reporter.console.file.getvalue())
    expected = "ease: fit 1 of 2  N s\nwhat came between\nease: fit 2 of 2  N s, scoring  N s\nials: fit 1 of 2  N s\n"
    assert told == expected


def test_a_comparison_in_a_pipe_tells_phases_of_its_models(planted_files, tmp_path):
    words = ["compare", "popularity", "ease", *planted_files, "--out", str(tmp_path / "comparison")]
    done = subprocess.run(recs(words), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    told = done.stderr.splitlines()
    assert [line for line in told if line.startswith(PHASES[0])]
    for name in ("popularity", "ease"):
        phases = [line for line in told if re.match(rf"{name}: .*\d s$", line)]
        found = ", ".join(line.removeprefix(f"{name}: ") for line in phases)
        assert re.sub(r"  \d+\.\d s", "", found).split(", ") == PHASES[1:]
    assert len(told) < 2 * 8 + 4
