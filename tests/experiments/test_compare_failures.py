"""A model that fails, in whatever way, costs its own row of a comparison."""

import dataclasses
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tfrs_lab.data import DataError
from tfrs_lab.experiments.cli import main
from tfrs_lab.experiments.runs import worker_process
from tfrs_lab.models.baselines.specification import SPECIFICATIONS

HERE = Path(__file__).parent


def _raise(error):
    raise error


FAULTS = {
    "refusal": lambda: _raise(DataError("expected at most 20,000 movies, got 52,000")),
    "exception": lambda: _raise(ZeroDivisionError("division by zero")),
    "memory": lambda: _raise(MemoryError("Unable to allocate 29.0 GiB")),
    "exit": lambda: sys.exit(3),
    "hard-exit": lambda: os._exit(3),
    "segfault": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "abort": lambda: os.kill(os.getpid(), signal.SIGABRT),
    "killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "hang": lambda: time.sleep(600),
}
REASONS = {
    "refusal": "expected at most 20,000 movies, got 52,000",
    "exception": "ZeroDivisionError: division by zero (--debug shows where)",
    "memory": "ran out of memory: Unable to allocate 29.0 GiB",
    "exit": "ended its process (exit status 3)",
    "hard-exit": "ended its process (exit status 3)",
    "segfault": "crashed (segmentation fault)",
    "abort": "crashed (aborted)",
    "killed": "killed by the system, most likely for want of memory",
}


MODELS = ("recency", "itemknn", "ease", "ials", "userridge", "lightfm", "contentknn", "ialsridge")


def serve_with_faults(connection, settings, start_method):
    """The entry of a worker process in which models fail as ``FAULTS_OF`` says: ``{"ease": "segfault"}``."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for name, fault in json.loads(os.environ["FAULTS_OF"]).items():
        fit = SPECIFICATIONS[name].fit

        def failing(config, rows, context, *, fault=fault, fit=fit):
            seed = fault.partition("@")[2]
            if seed in ("", str(context.seed)):
                FAULTS[fault.partition("@")[0]]()
            return fit(config, rows, context)

        SPECIFICATIONS[name] = dataclasses.replace(SPECIFICATIONS[name], fit=failing)
    serve(connection, settings, start_method)


serve = worker_process.serve


@pytest.fixture
def faults(monkeypatch):
    """Makes models fail in worker processes."""
    monkeypatch.setattr(worker_process, "serve", serve_with_faults)
    return lambda **faults: monkeypatch.setenv("FAULTS_OF", json.dumps(faults))


def stored(out):
    return json.loads((out / "comparison.json").read_text())


def test_models_that_fail_in_whatever_way_cost_their_rows_only(faults, planted_files, tmp_path, capfd):
    failing = dict(zip(MODELS, REASONS, strict=True))
    faults(**failing)
    out = tmp_path / "out"
    assert main(["compare", "popularity", *failing, "random", *planted_files, "--out", str(out)]) == 1
    found, printed = stored(out), capfd.readouterr()
    assert found["failed"] == {name: REASONS[fault] for name, fault in failing.items()}
    assert list(found["runs"]) == ["popularity", "random"]
    rows = [line.split() for line in printed.out.splitlines()]
    named = [row for row in rows if row and row[0] in ("popularity", *failing, "random")][: len(failing) + 2]
    assert [row[0] for row in named] == ["popularity", *failing, "random"]
    assert named[1:-1] == [[name, *REASONS[fault].split()] for name, fault in failing.items()]
    last = printed.err.strip().splitlines()[-1]
    assert last.startswith("recs: 8 of 10 models failed (recency: expected at most 20,000 movies, got 52,000; ")
    assert last.endswith(f"compare --resume {out}")
    assert not any((out / name).exists() for name in failing)
    assert (out / "random" / "metrics.json").exists()
    assert "Traceback" not in printed.err
    assert "leaked" not in printed.err
    page = (out / "report.html").read_text()
    assert "Not run" in page
    assert all(reason in page for reason in REASONS.values())


def test_resume_does_only_what_is_missing(faults, planted_files, tmp_path, capfd):
    out = tmp_path / "out"
    faults(ease="segfault")
    assert main(["compare", "popularity", "ease", *planted_files, "--out", str(out)]) == 1
    before = (out / "popularity" / "metrics.json").stat()
    faults(itemknn="segfault")
    assert main(["compare", "--resume", str(out), "--json"]) == 0
    after = (out / "popularity" / "metrics.json").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    found = stored(out)
    assert found["failed"] == {}
    assert list(found["runs"]) == ["popularity", "ease"]
    assert json.loads(capfd.readouterr().out.splitlines()[-1])["differences"]["reference"] == "ease"


def test_parts_that_were_finished_are_kept(faults, planted_files, tmp_path):
    out = tmp_path / "out"
    words = ["compare", "popularity", "ease", *planted_files, "--seeds", "0,1", "--out", str(out)]
    faults(ease="segfault@1")
    assert main(words) == 1
    part = out / "ease.partial" / "seed-0" / "metrics.json"
    before = part.stat()
    faults(itemknn="segfault")
    assert main(["compare", "--resume", str(out)]) == 0
    after = (out / "ease" / "seed-0" / "metrics.json").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert (out / "ease" / "seed-1" / "metrics.json").exists()


def test_if_all_fail_every_reason_is_said(faults, planted_files, tmp_path, capfd):
    out = tmp_path / "out"
    faults(ease="segfault", itemknn="memory")
    assert main(["compare", "ease", "itemknn", *planted_files, "--out", str(out), "--json"]) == 1
    printed = capfd.readouterr()
    assert json.loads(printed.out)["runs"] == {}
    last = printed.err.strip().splitlines()[-1]
    assert REASONS["segfault"] in last
    assert REASONS["memory"] in last
    assert main(["report", str(out)]) == 1
    assert REASONS["memory"] in capfd.readouterr().err


def test_other_commands_know_of_models_that_failed(faults, planted_files, tmp_path, capfd):
    out = tmp_path / "out"
    faults(ease="segfault")
    assert main(["compare", "popularity", "ease", *planted_files, "--out", str(out)]) == 1
    capfd.readouterr()
    assert main(["report", str(out)]) == 0
    assert "Not run" in (out / "report.html").read_text()
    capfd.readouterr()
    assert main(["runs", "--root", str(out), "--json"]) == 0
    states = {Path(run["directory"]).name: (run["state"], run["reason"]) for run in json.loads(capfd.readouterr().out)}
    assert states == {"popularity": ("finished", None), "ease": ("failed", REASONS["segfault"])}


STARTED = """
import os, sys
sys.path.insert(0, {here!r})
import test_compare_failures as planted
from tfrs_lab.experiments.runs import worker_process
worker_process.serve = planted.serve_with_faults
from tfrs_lab.experiments.cli import main
sys.exit(main(sys.argv[1:]))
"""


def start(words, faults):
    """A comparison in a process of its own, as from a terminal: with its children in one group."""
    environment = {**os.environ, "FAULTS_OF": json.dumps(faults), "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, "-c", STARTED.format(here=str(HERE)), *words],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def group(leader):
    """Processes of a group that are there, zombies among them."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[2]) == leader:
                found.append(int(entry.name))
    return found


def wait_for(condition, seconds=60.0):
    """Waits until something holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("how", ["ctrl-c", "kill"])
def test_no_process_outlives_the_command(how, planted_files, tmp_path):
    out = tmp_path / "out"
    running = start(["compare", "popularity", "ease", *planted_files, "--out", str(out)], {"ease": "hang"})
    wait_for(lambda: (out / "ease.partial" / "config.json").exists())
    if how == "ctrl-c":
        os.killpg(running.pid, signal.SIGINT)  # as a terminal does: all of the group get it
    else:
        os.kill(running.pid, signal.SIGKILL)
    _, err = running.communicate(timeout=60)
    wait_for(lambda: group(running.pid) == [])
    if how == "ctrl-c":
        assert running.returncode == 130
        assert err.strip().splitlines()[-1] == "recs: interrupted; go on with --resume"
        assert "Traceback" not in err
    assert not (out / "ease").exists()
    assert not list(out.rglob("*.tmp"))
    assert main(["compare", "--resume", str(out)]) == 0
    assert list(stored(out)["runs"]) == ["popularity", "ease"]
