"""The server's process: bind, load, serve, stop."""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import uvicorn

from tfrs_lab.serving.http.access import EVERYBODY, Access, Guard
from tfrs_lab.serving.http.application import Application
from tfrs_lab.serving.http.metrics import Metrics
from tfrs_lab.serving.http.models import Models
from tfrs_lab.serving.http.patience import impatient
from tfrs_lab.serving.http.settings import ServerSettings
from tfrs_lab.serving.http.watcher import Watcher

try:
    import resource
except ImportError:  # Windows has no such limit
    resource = None  # type: ignore[assignment]

USUAL = ServerSettings()
_MOST_FILES = 65_536
_SWITCH_SECONDS = 0.001  # while a version is loaded, answers wait at most so long for Python's lock; default 0.005


def serve(
    directories: Mapping[str, Path],
    *,
    host: str,
    port: int,
    report: Callable[[str], None],
    settings: ServerSettings = USUAL,
    access: Access = EVERYBODY,
    ready: Callable[[str], None] = lambda url: None,
) -> None:
    """Serves models until SIGINT or SIGTERM, then lets running requests finish.

    Args:
        directories: Model name → directory of versions.
        host: Address or name to bind to.
        port: Port; 0 for a free one.
        report: Is told what happens, a line at a time.
        settings: Limits and intervals.
        access: What is asked of clients.
        ready: Is called with the address of the page once it can be asked for.

    Raises:
        OSError: The port is not free.
        ValueError: A directory holds no version that can be loaded.
    """
    _log_to(report)
    _allow_connections()
    sys.setswitchinterval(_SWITCH_SECONDS)
    listener = bind(host, port)  # before loading, which takes seconds: a port in use should be told at once
    try:
        metrics = Metrics()
        models = Models(directories, settings, metrics)
        models.load()
        address, bound = listener.getsockname()[:2]
        shown = f"[{address}]" if ":" in address else address
        if access.key is None and not ipaddress.ip_address(address).is_loopback:
            report(f"anyone who reaches {shown}:{bound} can ask: there is no key; see docs/server.md")
        listener.listen(2048)
        report(f"serving {', '.join(directories)} at http://{shown}:{bound} (docs at /docs, stop with Ctrl-C)")
        ready(f"http://{shown}:{bound}")
        _run(Guard(Application(models, settings, metrics), access), listener, models, settings)
    finally:
        listener.close()
    report("stopped")


def bind(host: str, port: int) -> socket.socket:
    """A bound socket.

    Raises:
        OSError: It cannot be bound.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise OSError(f"--host: expected an address or name of this machine, got {host!r} ({error})") from None
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise OSError(f"cannot listen on {host}:{port}: {error.strerror}; choose another --port or --host") from None
    return listener


def configuration(application: Any, settings: ServerSettings) -> uvicorn.Config:
    """How uvicorn runs the application."""
    return uvicorn.Config(
        application,
        http=impatient(settings.request_seconds),
        lifespan="off",
        log_config=None,
        access_log=False,
        log_level="warning",
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=settings.shutdown_seconds,
    )


def _allow_connections() -> None:
    """As many open files as the system lets this process have: each connection is one."""
    if resource is not None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, _MOST_FILES)), hard))


def _run(application: Any, listener: socket.socket, models: Models, settings: ServerSettings) -> None:
    server = uvicorn.Server(configuration(application, settings))
    watcher = Watcher(list(models), settings.poll_seconds)
    watcher.start()
    try:
        # uvicorn stops on either signal and then raises it again; by then everything is done
        before = signal.signal(signal.SIGTERM, lambda number, frame: None)
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)
        watcher.stop()
        models.close()


def _log_to(report: Callable[[str], None]) -> None:
    """Sends what the server logs to ``report``."""

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            report(self.format(record))

    handler = Handler()
    for name, level in (("recs.serve", logging.INFO), ("uvicorn.error", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(level)
        logger.propagate = False
