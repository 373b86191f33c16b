"""A server in a process of its own under hostile clients, with a model whose every answer is known."""

from __future__ import annotations

import json
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from benchmarks.shared.toy_export import Toy, export_toy
from soak import histories
from soak.mutate import WORDS, mutate
from soak.tally import Tally, hunting

REQUESTS = 21_000
IDLE = 1_000
CLIENTS = 16
PREDICT = "/v1/models/recs:predict"
TRACEBACK = "Traceback (most recent call last)"
"""In full: Hypothesis takes short words of the source for values, and answers repeat unknown names."""
ROOM_FOR_GROWTH_MB = 250.0
"""Versions that were loaded and unloaded leave something behind in TensorFlow's allocator; leaks leave more."""


def hunt(seed: int, *, requests: int = REQUESTS, idle: int = IDLE, seconds: float = 900.0) -> Tally:
    """Attacks a server in turns, then rolls versions under mixed load for two thirds of the seconds."""
    started = time.monotonic()
    with hunting("server", seconds) as (tally, folder):
        directory = folder / "export"
        directory.mkdir()
        toy = Toy.random(200, 100, 16, seed=1)
        export_toy(toy, directory / "1")
        with server(directory, tally) as (process, port):
            answers = known_answers(port, toy)
            memory = [_memory(process)]
            ready, left = time.monotonic(), seconds - (time.monotonic() - started)
            _fuzz(port, seed, requests, ready + left * 0.2, tally)
            _histories(port, seed, requests // 4, toy, ready + left * 0.25, tally)
            _openapi(port, seed, max(20, requests // 60), ready + left * 0.32, tally)
            _nuisances(port, idle, tally)
            memory.append(_memory(process))
            _mixed(port, directory, toy, answers, ready + left * 0.97, tally)
            memory.append(_memory(process))
            tally.counts["memory growth, MB"] = round(memory[1] - memory[0])
            if memory[1] - memory[0] > ROOM_FOR_GROWTH_MB or memory[2] - memory[1] > ROOM_FOR_GROWTH_MB:
                tally.fail(f"memory grew: {memory} MB", _again(seed))
            _shutdown(process, port, answers, tally)
    return tally


def _again(seed: int) -> str:
    return f"python -m soak server --seed {seed}"


@contextmanager
def server(directory: Path, tally: Tally) -> Iterator[tuple[subprocess.Popen, int]]:
    """``recs serve`` on a free port of the loopback address; what it logs as a traceback is a failure."""
    words = ["serve", str(directory), "--port", "0", "--poll-seconds", "0.5", "--request-seconds", "5"]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tfrs_lab.experiments.cli", *words], stdout=subprocess.PIPE, stderr=log, text=True
        )
        assert process.stdout is not None
        said: list[str] = []
        port = 0
        for line in process.stdout:
            said.append(line)
            if " at http://127.0.0.1:" in line:
                port = int(line.split("127.0.0.1:")[1].split()[0])
                break
        reader = threading.Thread(target=lambda: said.extend(process.stdout or ()), daemon=True)
        reader.start()
        try:
            yield process, port
        finally:
            process.kill()
            process.wait()
            reader.join(10)
            log.seek(0)
            everything = "".join(said) + log.read()
            if TRACEBACK in everything:
                tally.fail(f"a traceback in the log: {everything[everything.index(TRACEBACK) :][:400]}", "see the log")


def _memory(process: subprocess.Popen) -> float:
    """Resident megabytes."""
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def known_answers(port: int, toy: Toy) -> dict[str, list[str]]:
    """Each user's five best movies, by numpy; the server must agree now, and later whatever happens around it."""
    scores = np.where(toy.seen, -np.inf, toy.users @ toy.movies.T)
    best = np.argsort(-scores, axis=1, kind="stable")[:, :5]
    return {user: [toy.movie_ids[movie] for movie in best[place]] for place, user in enumerate(toy.user_ids)}


def _samples(rng: random.Random) -> tuple[str, bytes]:
    user, movie = f"u{rng.randrange(200)}", f"m{rng.randrange(100)}"
    since = {"movie_id": [[movie, "m2"]], "rating": [[4.5, 1]], "timestamp": [[1500000100, 0]]}
    bodies: dict[str, list[Any]] = {
        PREDICT: [
            {"instances": [{"user_id": user, "k": 5}]},
            {"inputs": {"user_id": [user, "u1"], "exclude": [[movie], [""]], "k": 3}},
            {"signature_name": "rank", "instances": [{"user_id": user, "movie_id": [movie, "m2"]}]},
            {"signature_name": "similar_movies", "inputs": {"movie_id": [movie], "k": 3}},
            {"signature_name": "recommend_for_history", "inputs": {"movie_id": [[movie]], "rating": [[4.5]], "k": 3}},
            {"signature_name": "recommend_since", "inputs": {"user_id": [user], "k": 3, **since}},
        ],
        "/api/recommend": [
            {"user_id": user, "k": 5, "genres": ["Drama"]},
            {"history": [{"movie_id": movie, "rating": 5}], "year_from": 1991, "k": 3, "exclude": ["m1"]},
            {"user_id": user, "events": [{"movie_id": movie, "rating": 2.5, "timestamp": 1500000100}], "k": 3},
        ],
    }
    path = rng.choice(list(bodies))
    return path, json.dumps(rng.choice(bodies[path])).encode()


def _fuzz(port: int, seed: int, requests: int, ends: float, tally: Tally) -> None:
    """Damaged bodies, paths and headers, on several threads."""

    def client(first: int) -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
            for number in range(first, requests, 4):
                if time.monotonic() > ends:
                    return
                _one(http, random.Random(f"{seed}:{number}"), number, seed, tally)

    _in_threads(client, range(4))


def _one(http: httpx.Client, rng: random.Random, number: int, seed: int, tally: Tally) -> None:
    path, body = _samples(rng)
    body = mutate(body, rng, (*WORDS, b"{", b"}", b"[", b"]", b'{"b64":"AA=="}', b"\\ud800", b"1e400", b"-1"))
    if rng.random() < 0.15:
        damaged = mutate(path.encode(), rng).decode("latin-1")
        path = "/" + "".join(letter for letter in damaged if letter.isprintable() and letter not in "?#\\").lstrip("/")
    headers = rng.choice(({}, {}, {}, {"content-encoding": "gzip"}, {"content-type": "x/y"}, {"x-api-key": "a" * 100}))
    try:
        answer = http.request(rng.choice(("POST", "POST", "POST", "GET", "PUT")), path, content=body, headers=headers)
    except httpx.InvalidURL:
        return
    except httpx.HTTPError as error:
        tally.fail(f"request {number} {path!r}: {type(error).__name__}: {error}", _again(seed))
        return
    tally.count("requests")
    if answer.status_code >= 500 or TRACEBACK in answer.text:
        tally.fail(f"request {number} {path!r} {body[:150]!r}: {answer.status_code} {answer.text[:150]}", _again(seed))


def _histories(port: int, seed: int, requests: int, toy: Toy, ends: float, tally: Tally) -> None:
    """Events and histories of every order, time and length, on several threads."""

    def client(first: int) -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
            for number in range(first, requests, 4):
                if time.monotonic() > ends:
                    return
                histories.ask(http, random.Random(f"histories:{seed}:{number}"), toy, tally, _again(seed))

    _in_threads(client, range(4))


def _openapi(port: int, seed: int, examples: int, ends: float, tally: Tally) -> None:
    """Requests that schemathesis, which is there for Python 3.11 and later, makes of the OpenAPI document."""
    tally.counts["by schemathesis"] = 0
    try:
        import schemathesis
    except ImportError:
        return
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import seed as seeded

    checks = list(HealthCheck)
    generating = settings(deadline=None, database=None, suppress_health_check=checks, phases=[Phase.generate])
    schema = schemathesis.openapi.from_url(f"http://127.0.0.1:{port}/openapi.json")
    for found in schema.get_all_operations():
        operation = found.ok()

        @seeded(seed)
        @settings(generating, max_examples=examples)
        @given(case=operation.as_strategy())
        def call(case: Any) -> None:
            if time.monotonic() > ends:
                return
            answer = case.call()
            tally.count("requests", "by schemathesis")
            if answer.status_code >= 500 or TRACEBACK in answer.text:
                tally.fail(
                    f"{case.method} {case.formatted_path}: {answer.status_code} {answer.text[:200]}", _again(seed)
                )

        call()


def _nuisances(port: int, idle: int, tally: Tally) -> None:
    """Idle connections, aborted uploads and slow clients; whoever asks properly is answered meanwhile."""
    connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(idle)]
    tally.counts["idle connections"] += len(connections)
    for number in range(100):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(f"POST {PREDICT} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n".encode())
            connection.sendall(b'{"instances":'[: number % 14])
        tally.count("aborted uploads")
    with socket.create_connection(("127.0.0.1", port)) as slow:
        slow.sendall(b"GET /health HTTP/1.1\r\n")
        answer = httpx.get(f"http://127.0.0.1:{port}/health", timeout=60)
        if answer.status_code != 200:
            tally.fail(f"/health beside {idle} idle connections: {answer.status_code}", "python -m soak server")
        slow.settimeout(60)
        if slow.recv(100):
            tally.fail("a client that never ended its headers was answered", "python -m soak server")
    for connection in connections:
        connection.settimeout(60)
        if connection.recv(1):
            tally.fail("an idle connection was told something", "python -m soak server")
        connection.close()


def _mixed(port: int, directory: Path, toy: Toy, answers: dict[str, list[str]], ends: float, tally: Tally) -> None:
    """Many clients ask for their own users, or as people with histories, while equal versions come and go."""
    rolling = threading.Event()

    def client(number: int) -> None:
        rng = random.Random(number)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
            while not rolling.is_set():
                if rng.random() < 0.1:
                    histories.ask(http, rng, toy, tally, "python -m soak server")
                    continue
                users = rng.sample(list(answers), rng.randint(1, 3))
                _ask(http, users, answers, tally)

    def roll() -> None:
        version = 2
        try:
            while time.monotonic() < ends:
                export_toy(toy, directory / str(version))
                tally.count("versions")
                time.sleep(4)
                shutil.rmtree(directory / str(version - 1), ignore_errors=True)
                version += 1
        finally:
            rolling.set()

    _in_threads(lambda number: roll() if number < 0 else client(number), range(-1, CLIENTS))


def _ask(http: httpx.Client, users: Sequence[str], answers: dict[str, list[str]], tally: Tally) -> None:
    """Asks for some users at once and compares with what they must get."""
    try:
        answer = http.post(PREDICT, json={"instances": [{"user_id": user, "k": 5} for user in users]})
        rows = [row["movie_id"] for row in answer.json()["predictions"]]
    except (httpx.HTTPError, ValueError, KeyError) as error:
        tally.fail(f"a lost answer under load: {type(error).__name__}: {error}", "python -m soak server")
        return
    tally.count("requests", "compared")
    if rows != [answers[user] for user in users]:
        tally.fail(f"a wrong answer for {users}: {rows}", "python -m soak server")


def _shutdown(process: subprocess.Popen, port: int, answers: dict[str, list[str]], tally: Tally) -> None:
    """Stops the server under load: each answer that begins is right and whole, and the process ends with 0."""
    stopped = threading.Event()

    def client(number: int) -> None:
        user = f"u{number}"
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
            while not stopped.is_set():
                try:
                    answer = http.post(PREDICT, json={"instances": [{"user_id": user, "k": 5}]})
                except (httpx.ConnectError, httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
                    return  # it no longer listens, or has closed a connection that asked nothing yet
                tally.count("requests at shutdown")
                if answer.status_code != 200 or answer.json()["predictions"][0]["movie_id"] != answers[user]:
                    tally.fail(f"at shutdown: {answer.status_code} {answer.text[:150]}", "python -m soak server")

    def stop() -> None:
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        try:
            if process.wait(60) != 0:
                tally.fail(f"it ended with {process.returncode}", "python -m soak server")
        except subprocess.TimeoutExpired:
            tally.fail("it did not end within a minute", "python -m soak server")
        stopped.set()

    _in_threads(lambda number: stop() if number < 0 else client(number), range(-1, 4))


def _in_threads(function: Any, arguments: Sequence[int]) -> None:
    threads = [threading.Thread(target=function, args=(argument,)) for argument in arguments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
