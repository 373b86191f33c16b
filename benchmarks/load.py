"""Latency, throughput and hot reload of `recs serve` under load, over loopback, server and load on the same cores.

    python -m benchmarks.load [--export OUT] [--seconds 10] [--reload-seconds 60] [--write]

Without --export it serves a toy of MovieLens-100K's size (943 users, 1,682 movies, 128 dimensions).
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.request import urlopen

import numpy as np

from benchmarks.shared.http_load import closed_loop, open_loop
from benchmarks.shared.record import Numbers, command
from benchmarks.shared.turns import once

RATE = 50.0
P50_MS, P99_MS = 10.0, 50.0
CLIENTS = 32
MODEL = "recs"


@dataclass(frozen=True)
class Row:
    """One line of the table: what was measured, what it has to reach, and whether it does."""

    what: str
    value: str
    target: str
    reached: bool


def measure(export: Path | None, seconds: float, reload_seconds: float) -> Numbers:
    """All measurements of one server."""
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch) / "export"
        newest = _prepare(export, directory)
        users = sorted(json.loads((newest / "assets.extra" / "catalogue.json").read_text())["users"])
        requests = [request_bytes(user) for user in users[:500]]
        with server(directory) as port:
            rows = [*latency(port, requests, seconds), *throughput(newest, port, users, requests, seconds)]
            rows.append(reload(directory, newest, port, requests, reload_seconds))
    print("\n".join(f"MISSED: {row.what}" for row in rows if not row.reached))
    return Numbers("load", {"rows": [asdict(row) for row in rows]}, all(row.reached for row in rows))


def latency(port: int, requests: list[bytes], seconds: float) -> list[Row]:
    """Single users at a fixed rate; latency counts from when a request was due, so that waiting is not hidden."""
    open_loop(port, requests, rate=RATE, seconds=min(2.0, seconds))  # warm up
    load = open_loop(port, requests, rate=RATE, seconds=seconds)
    p50, p99 = load.percentile(50), load.percentile(99)
    at = f"single-user recommend at {RATE:.0f} requests/s"
    return [
        Row(f"{at}: p50", f"{p50:.1f} ms", f"< {P50_MS:.0f} ms", p50 < P50_MS),
        Row(f"{at}: p99", f"{p99:.1f} ms", f"< {P99_MS:.0f} ms", p99 < P99_MS),
        Row(f"{at}: failed", f"{load.failed} of {load.sent}", "0", load.failed == 0),
    ]


def throughput(newest: Path, port: int, users: list[str], requests: list[bytes], seconds: float) -> list[Row]:
    """Requests as fast as they are answered, against calls of the bare SavedModel one after the other."""
    bare = bare_throughput(newest, users, seconds)
    load = closed_loop(port, requests, clients=CLIENTS, seconds=seconds)
    return [
        Row("bare SavedModel in process, one call at a time", f"{bare:,.0f} calls/s", "", True),
        Row(f"server, {CLIENTS} clients", f"{load.rate:,.0f} requests/s", f">= {bare:,.0f}", load.rate >= bare),
        Row(
            f"server, {CLIENTS} clients: p50, p99", f"{load.percentile(50):.1f}, {load.percentile(99):.1f} ms", "", True
        ),
        Row(f"server, {CLIENTS} clients: failed", f"{load.failed} of {load.sent}", "0", load.failed == 0),
    ]


def reload(directory: Path, newest: Path, port: int, requests: list[bytes], seconds: float) -> Row:
    """Two new versions appear under load; nothing may fail."""
    first = int(newest.name)
    due = [(seconds / 4, first + 1), (seconds / 2, first + 2)]

    def publish(elapsed: float) -> None:
        if due and elapsed >= due[0][0]:
            _copy(newest, directory / str(due.pop(0)[1]))

    load = closed_loop(port, requests, clients=4, seconds=seconds, meanwhile=publish)
    with urlopen(f"http://127.0.0.1:{port}/v1/models/{MODEL}") as answer:
        states = {item["version"]: item["state"] for item in json.load(answer)["model_version_status"]}
    taken = states.get(str(first + 2)) == "AVAILABLE" and states.get(str(first + 1)) in ("END", "UNLOADING")
    what = f"{seconds:.0f} s of load, versions {first + 1} and {first + 2} rolled in: failed"
    value = f"{load.failed} of {load.sent:,}; p99 {load.percentile(99):.1f} ms, slowest {load.percentile(100):.0f} ms"
    return Row(what, value if taken else f"{value}; versions {states}", "0", load.failed == 0 and taken)


def bare_throughput(directory: Path, users: list[str], seconds: float) -> float:
    """Calls a second of the SavedModel in a process of its own."""
    return float(once("benchmarks.load:bare_calls", directory, seconds, *users[:500]))


def bare_calls(directory: str, seconds: str, *users: str) -> float:
    """Calls ``recommend`` for one user after the other; returns calls a second."""
    from tfrs_lab.serving.http import tensorflow

    alive, functions = tensorflow.load_functions(Path(directory))
    inputs = {"exclude": np.empty((1, 0), dtype=object), "k": np.array(10, dtype=np.int32)}
    signature = functions["serving_default"]
    for user in users[:20]:
        tensorflow.call(signature, {**inputs, "user_id": np.array([user.encode()], dtype=object)})
    calls, started = 0, time.perf_counter()
    while time.perf_counter() - started < float(seconds):
        user = users[calls % len(users)]
        tensorflow.call(signature, {**inputs, "user_id": np.array([user.encode()], dtype=object)})
        calls += 1
    assert alive is not None
    return calls / (time.perf_counter() - started)


def request_bytes(user: str) -> bytes:
    """A request for one user's ten best movies, ready to be sent."""
    body = json.dumps({"inputs": {"user_id": [user], "exclude": [[]], "k": 10}}).encode()
    head = f"POST /v1/models/{MODEL}:predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@contextmanager
def server(directory: Path) -> Iterator[int]:
    """Runs ``recs serve`` on a free port while the block runs."""
    words = [sys.executable, "-m", "tfrs_lab.experiments.cli", "serve", str(directory), "--port", "0", "--name", MODEL]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if " at http://" in line:
                yield int(line.split(" at http://")[1].split()[0].rpartition(":")[2])
                break
        else:
            raise RuntimeError("the server did not start")
    finally:
        process.terminate()
        process.wait(60)


def _prepare(export: Path | None, directory: Path) -> Path:
    """A directory with one version, which may be added to."""
    directory.mkdir()
    if export is None:
        subprocess.run([sys.executable, "-m", "benchmarks.shared.toy_export", str(directory / "1")], check=True)
        return directory / "1"
    versions = [entry for entry in export.iterdir() if entry.name.isdigit()]
    if not versions:
        raise SystemExit(f"{export}: expected <version>/saved_model.pb, got no version")
    newest = max(versions, key=lambda entry: int(entry.name))
    _copy(newest, directory / newest.name)
    return directory / newest.name


def _copy(source: Path, target: Path) -> None:
    """A version appears under its name when it is whole."""
    temporary = target.with_name(f".{target.name}")
    shutil.copytree(source, temporary)
    temporary.rename(target)


main = command(
    __doc__,
    measure,
    export=(Path, "directory that recs export wrote"),
    seconds=(10.0, "length of each measurement"),
    reload_seconds=(60.0, "length of the reload"),
)

if __name__ == "__main__":
    sys.exit(main())
