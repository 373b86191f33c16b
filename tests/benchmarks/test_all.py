import importlib
import subprocess
import sys

import pytest

from benchmarks.__main__ import LONG, SHORT, main


def test_a_benchmark_that_fails_does_not_stop_the_others(monkeypatch, capsys):
    ran = []

    def run(command, check):
        ran.append(command[2:])
        return subprocess.CompletedProcess(command, 1 if "benchmarks.xla" in command else 0)

    monkeypatch.setattr(subprocess, "run", run)
    assert main([]) == 1
    assert ran == [[f"benchmarks.{name}", *options] for name, options in SHORT.items()]
    assert capsys.readouterr().out.endswith("failed, or missed a target: xla\n")


def test_a_named_benchmark_runs_in_full(monkeypatch, capsys):
    ran = []

    def run(command, check):
        ran.append(command[2:])
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", run)
    assert main(["quality", "scale"]) == 0
    assert ran == [["benchmarks.quality"], ["benchmarks.scale"]]
    assert "== quality\n" in capsys.readouterr().out


def test_the_list_runs_nothing(capsys):
    assert main(["--list"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        " ".join(["python -m", f"benchmarks.{name}", *options]) for name, options in SHORT.items()
    ]


def test_an_unknown_name_is_a_usage_error(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["qualty"])
    assert "got qualty" in capsys.readouterr().err


@pytest.mark.parametrize("name", [*SHORT, *LONG])
def test_every_benchmark_takes_its_options(name, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [name, *SHORT.get(name, []), "--help"])
    with pytest.raises(SystemExit, match="0"):
        importlib.import_module(f"benchmarks.{name}").main()
    assert capsys.readouterr().out.startswith("usage: ")
