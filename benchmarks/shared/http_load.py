"""Sends ready-made HTTP requests over kept connections, with as little work of its own as possible."""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count

import numpy as np

_OK = b"HTTP/1.1 200"


@dataclass
class Load:
    """Latencies in seconds of requests answered with status 200; ``failed`` had another status, or no answer."""

    latencies: list[float] = field(default_factory=list)
    sent: int = 0
    failed: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Requests answered in a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, percent: float) -> float:
        """Latency in milliseconds."""
        return float(np.percentile(self.latencies, percent)) * 1000 if self.latencies else float("inf")

    def note(self, answer: bytes, seconds: float) -> None:
        """Counts one answer."""
        if answer.startswith(_OK):
            self.latencies.append(seconds)
        else:
            self.failed += 1


def closed_loop(
    port: int,
    requests: Sequence[bytes],
    *,
    clients: int,
    seconds: float,
    meanwhile: Callable[[float], None] = lambda elapsed: None,
) -> Load:
    """Clients that each send the next request as soon as the last is answered, all driven by one thread.

    ``meanwhile`` is called now and then with the seconds since the start, in a thread of its own.
    """
    load, turn, selector = Load(), count(), selectors.DefaultSelector()
    connections = {}
    for _ in range(clients):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connections[connection.fileno()] = connection
        selector.register(connection, selectors.EVENT_READ)
    started = time.perf_counter()
    since: dict[int, float] = {}

    def send(number: int) -> None:
        since[number] = time.perf_counter()
        connections[number].sendall(requests[next(turn) % len(requests)])
        load.sent += 1

    done = threading.Event()
    other = threading.Thread(target=_repeat, args=(meanwhile, started, done))
    other.start()
    for number in connections:
        send(number)
    while since:
        ready = [key.fd for key, _ in selector.select(30)]
        if not ready:  # half a minute of silence: nothing will come any more
            load.failed += len(since)
            break
        for number in ready:
            answer = _answer(connections[number])
            now = time.perf_counter()
            load.note(answer, now - since.pop(number))
            if now - started < seconds and answer:
                send(number)
            else:  # else the server's closing of an idle connection would look like an answer
                selector.unregister(connections[number])
    load.seconds = time.perf_counter() - started
    done.set()
    other.join()
    selector.close()
    for connection in connections.values():
        connection.close()
    return load


def open_loop(port: int, requests: Sequence[bytes], *, rate: float, seconds: float, threads: int = 8) -> Load:
    """``rate`` requests a second, whether or not earlier ones are answered; latency counts from when each is due."""
    load, turn, lock = Load(), count(), threading.Lock()
    started = time.perf_counter() + 0.1

    def work() -> None:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while (number := next(turn)) < rate * seconds:
                due = started + number / rate
                time.sleep(max(0.0, due - time.perf_counter()))
                connection.sendall(requests[number % len(requests)])
                answer = _answer(connection)
                with lock:
                    load.sent += 1
                    load.note(answer, time.perf_counter() - due)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    load.seconds = time.perf_counter() - started
    return load


def _answer(connection: socket.socket) -> bytes:
    """One whole answer; what came so far if the connection ends."""
    answer = b""
    while True:
        try:
            piece = connection.recv(65536)
        except OSError:
            return b""
        if not piece:
            return b""
        answer += piece
        head, blank, body = answer.partition(b"\r\n\r\n")
        if blank:
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            if len(body) >= length:
                return answer


def _repeat(call: Callable[[float], None], started: float, done: threading.Event) -> None:
    while not done.wait(0.1):
        call(time.perf_counter() - started)
