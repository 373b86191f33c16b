"""``recs run --distribute``: two processes on this machine train what one process trains."""

import json
import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import polars as pl
import pytest

from tfrs_lab.data import DataError
from tfrs_lab.experiments.cli import main
from tfrs_lab.models.training import cluster

ROOT = Path(__file__).parent.parent.parent
CLI = ["-m", "tfrs_lab.experiments.cli"]
EVERY_EPOCH = """
import sys
from tfrs_lab.models.training import callbacks, reporter
from tfrs_lab.experiments.cli import main

reporter.ConsoleReporter.step = lambda self, task, done, total, text: self.line(f"{task} {done}/{total}")
callbacks.SECONDS_BETWEEN = 0.0  # so short a training would otherwise store nothing before its end
"""
KILLED = (
    EVERY_EPOCH
    + """
import os, signal
from tfrs_lab.models.training import loop as training


class Killer(training.Progress):
    def on_epoch_end(self, epoch, logs):
        if epoch == 2:
            os.kill(os.getpid(), signal.SIGKILL)


training.Progress = Killer
sys.exit(main())
"""
)
RUN = ["run", "retrieval", "--dataset", "100k", "--split", "stratified", "--retrieval.parts", "in_batch"]
FIELDS = {"batch-size": 2048, "dimension": 16, "epochs": 4, "temperature": 0.3, "learning-rate": 0.01}
SMALL = [word for name, value in FIELDS.items() for word in (f"--retrieval.in-batch.{name}", str(value))]


@pytest.fixture
def addresses():
    """Two ports that nobody else gets while the test runs: bound here, and shared with the workers only."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(2)]
        for one in sockets:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            one.bind(("127.0.0.1", 0))
        yield [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]


@pytest.fixture
def start(addresses, tmp_path):
    """Starts a worker; those that still run at the end are stopped."""
    started = []

    def worker(index, program, words):
        config = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        environment = {**os.environ, "TF_CONFIG": json.dumps(config), "TF_GRPC_REUSE_PORT": "1"}
        log = tmp_path / f"worker-{index}-{len(started)}.log"
        with log.open("w") as file:
            command = [sys.executable, *program, *words]
            process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT)
        started.append(process)
        return process, log

    yield worker
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


@pytest.mark.slow
def test_two_workers_one_of_them_killed_end_as_one_process(start, tmp_path):
    assert main([*RUN, *SMALL, "--out", str(tmp_path / "one")]) == 0
    words = [*RUN, *SMALL, "--distribute", "multi-worker", "--out", str(tmp_path / "two")]
    chief, log = start(0, ["-c", EVERY_EPOCH + "sys.exit(main())"], words)
    victim, _ = start(1, ["-c", KILLED], words)
    assert victim.wait() == -9
    other, its_log = start(1, ["-c", EVERY_EPOCH + "sys.exit(main())"], words)
    assert chief.wait() == 0, log.read_text()[-3000:]
    assert other.wait() == 0, its_log.read_text()[-3000:]

    told = log.read_text()
    assert told.count("another worker was lost") == 1
    assert told.count("in_batch: epoch 1/4") == 2  # of the fit on train and of the final one: neither was begun again
    one, two = (tmp_path / name for name in ("one", "two"))
    curve, again = (pl.read_csv(run / "history.csv") for run in (one, two))
    assert again["epoch"].to_list() == curve["epoch"].to_list()
    assert again["loss"].to_list() == pytest.approx(curve["loss"].to_list(), rel=1e-5)
    assert again["val_ndcg@10"].to_list() == pytest.approx(curve["val_ndcg@10"].to_list(), abs=0.002)
    metrics, found = (json.loads((run / "metrics.json").read_text())["test"] for run in (one, two))
    assert metrics["ndcg@10"] > 0.3  # popularity .252
    for name in ("ndcg@10", "recall@10", "coverage@10", "factorized_top_100"):
        assert found[name] == pytest.approx(metrics[name], abs=0.002), name
    host = json.loads((two / "config.json").read_text())["host"]
    assert (host["workers"], host["replicas"]) == (2, 2)
    assert {entry.name for entry in tmp_path.iterdir() if entry.is_dir()} == {"one", "two"}


@pytest.mark.slow
def test_a_worker_with_other_settings_is_told_so(start, planted_files, tmp_path):
    words = ["run", "retrieval", *planted_files, "--retrieval.parts", "in_batch", "--distribute", "multi-worker"]
    words += ["--out", str(tmp_path / "run")]
    start(0, CLI, [*words, "--seed", "1"])
    other, log = start(1, CLI, [*words, "--seed", "2"])
    assert other.wait() == 1
    assert "worker 1 differs from the chief in seed: expected 1, got 2" in log.read_text()
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["ease", "--distribute", "mirrored"], "expected the experiment retrieval, got ease"),
        (["retrieval", "--distribute", "mirrored"], "got history, which one process has to train"),
        (
            ["retrieval", "--distribute", "mirrored", "--retrieval.parts", "in_batch", "linear"],
            "got linear, which one process has to train",
        ),
        (
            [
                *("retrieval", "--distribute", "mirrored", "--retrieval.parts", "in_batch"),
                *("--retrieval.in-batch.hard-negatives", "5"),
            ],
            "expected --retrieval.in-batch.hard-negatives None, got 5",
        ),
        (["retrieval", "--distribute", "multi-worker"], "expected --out"),
        (["retrieval", "--distribute", "mirrored", "--seeds", "0,1"], "expected one split and one seed"),
    ],
)
def test_what_cannot_be_distributed_is_refused(words, expected, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["run", *words])
    assert ended.value.code == 2
    assert expected in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    "config",
    [
        None,
        "{",
        '{"cluster": {"worker": ["a:1", "b:1"]}}',
        '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 2}}',
        '{"cluster": {"chief": ["a:1"], "worker": ["b:1"]}, "task": {"type": "worker", "index": 0}}',
    ],
)
def test_a_cluster_that_is_not_described(config, monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    if config is not None:
        monkeypatch.setenv("TF_CONFIG", config)
    with pytest.raises(DataError, match="expected the environment variable TF_CONFIG"):
        cluster.join("multi-worker")
