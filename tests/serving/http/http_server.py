"""A small model with known answers, and a server in this process."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import uvicorn

from benchmarks.shared.toy_export import Toy
from tfrs_lab.serving.http.access import EVERYBODY, Access, Guard
from tfrs_lab.serving.http.application import Application
from tfrs_lab.serving.http.metrics import Metrics
from tfrs_lab.serving.http.models import Models
from tfrs_lab.serving.http.run import bind, configuration
from tfrs_lab.serving.http.settings import ServerSettings
from tfrs_lab.serving.http.watcher import Watcher


class Small(Toy):
    """Two directions of taste, four users, six movies; user 1 has seen movie 50 and likes 172 best, then 181."""

    @property
    def user_ids(self) -> list[str]:
        return ["1", "2", "42", "7"]

    @property
    def movie_ids(self) -> list[str]:
        return ["50", "172", "181", "258", "100", "56"]


MOVIES = [(1.0, 0.0), (0.9, 0.1), (0.8, 0.2), (0.0, 1.0), (0.1, 0.9), (0.2, 0.8)]
USERS = [(1.0, 0.0), (0.0, 1.0), (1.0, 0.0), (0.5, 1.0)]
SEEN = {0: 0, 1: 3, 2: 1, 3: 5}


def small(sign: float = 1.0) -> Small:
    seen = np.zeros((4, 6), bool)
    seen[list(SEEN), list(SEEN.values())] = True
    return Small(sign * np.array(USERS, np.float32), np.array(MOVIES, np.float32), seen)


@dataclass
class Running:
    """A server in this process, on a port of its own."""

    url: str
    port: int
    models: Models
    client: httpx.Client

    def predict(self, document: object, path: str = "recs") -> httpx.Response:
        return self.client.post(f"/v1/models/{path}:predict", content=json.dumps(document))


@contextmanager
def running(
    directories: dict[str, Path], settings: ServerSettings, *, watch: bool = False, access: Access = EVERYBODY
) -> Iterator[Running]:
    listener = bind("127.0.0.1", 0)
    metrics = Metrics()
    models = Models(directories, settings, metrics)
    models.load()
    server = uvicorn.Server(configuration(Guard(Application(models, settings, metrics), access), settings))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    watcher = Watcher(list(models), settings.poll_seconds)
    if watch:
        watcher.start()
    port = listener.getsockname()[1]
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            yield Running(f"http://127.0.0.1:{port}", port, models, client)
    finally:  # a test that fails must not leave a thread that keeps the process alive
        server.should_exit = True
        thread.join()
        if watch:
            watcher.stop()
        models.close()
