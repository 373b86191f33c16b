"""The versions of one model: loaded when they appear, unloaded when newer ones have taken over.

As in TensorFlow Serving, the newest versions of ``DIRECTORY/<number>/`` are served. A new version is loaded and warmed
while the old one goes on answering; then it takes over, requests that have begun finish on the old one, and that is
unloaded. A version that cannot be loaded is reported and left alone until its files change.
"""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tfrs_lab.serving.http.errors import ApiError
from tfrs_lab.serving.http.servable import Servable
from tfrs_lab.serving.http.settings import ServerSettings
from tfrs_lab.serving.http.watch import Watched

_LOG = logging.getLogger("recs.serve")
_PATIENCE_SECONDS = 300.0  # a request that holds an old version longer than this has been lost

Fingerprint = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class VersionStatus:
    """What TensorFlow Serving's status endpoint says of a version."""

    version: int
    state: str
    error_code: str = "OK"
    error_message: str = ""


class Model:
    """A model's directory and what is loaded of it.

    Attributes:
        name: Its name in URLs.
        directory: Holds ``<version>/saved_model.pb``.
    """

    def __init__(
        self,
        name: str,
        directory: Path,
        settings: ServerSettings,
        *,
        on_load: Callable[[str, int, bool], None] = lambda name, version, loaded: None,
        observe: Callable[[str, int], None] = lambda signature, rows: None,
        watch: Callable[[Watched], None] = lambda watched: None,
    ):
        """Loads nothing yet.

        Args:
            name: Its name in URLs.
            directory: Where its versions are.
            settings: How many versions are served.
            on_load: Is told of each version that was or could not be loaded.
            observe: For ``Servable``.
            watch: The same.
        """
        self.name = name
        self.directory = directory
        self._settings = settings
        self._on_load = on_load
        self._observe = observe
        self._watch = watch
        self._lock = threading.Lock()
        self._available: dict[int, Servable] = {}
        self._statuses: dict[int, VersionStatus] = {}
        self._failed: dict[int, Fingerprint] = {}

    @contextmanager
    def use(self, version: int | None = None) -> Iterator[Servable]:
        """Holds a version while a request needs it.

        Args:
            version: Which one; default the newest.

        Raises:
            ApiError: It is not loaded.
        """
        with self._lock:
            chosen = max(self._available, default=None) if version is None else version
            servable = self._available.get(chosen) if chosen is not None else None
            if servable is None:
                request = f"Latest({self.name})" if version is None else f"Specific({self.name}, {version})"
                raise ApiError("NOT_FOUND", f"Servable not found for request: {request}")
            servable.in_flight += 1
        try:
            yield servable
        finally:
            with self._lock:
                servable.in_flight -= 1

    def available(self) -> list[int]:
        """Loaded versions, newest first."""
        return sorted(self._available, reverse=True)

    def statuses(self) -> list[VersionStatus]:
        """What is known of each version, newest first."""
        with self._lock:
            return sorted(self._statuses.values(), key=lambda status: -status.version)

    def poll(self) -> None:
        """Looks at the directory once: loads what is new, then unloads what is no longer wanted.

        Called by one thread at a time.
        """
        wanted: list[int] = []
        for version, directory in self._found():
            if len(wanted) == self._settings.versions:
                break
            if version in self._available or self._load(version, directory):
                wanted.append(version)
        if wanted:  # a directory that became empty, or was unmounted, leaves everything as it is
            for version in set(self._available) - set(wanted):
                self._unload(version)

    def close(self) -> None:
        """Unloads everything."""
        for version in self.available():
            self._unload(version)

    def _found(self) -> list[tuple[int, Path]]:
        """Versions on disk, newest first, with their directories."""
        if not self.directory.is_dir():
            return []
        found = {int(entry.name): entry for entry in self.directory.iterdir() if _is_version(entry)}
        return sorted(found.items(), reverse=True)

    def _load(self, version: int, directory: Path) -> bool:
        fingerprint = _fingerprint(directory)
        if self._failed.get(version) == fingerprint:
            return False
        self._set(VersionStatus(version, "LOADING"))
        started = time.monotonic()
        try:
            servable = Servable(self.name, version, directory, self._settings, self._observe, self._watch)
        except Exception as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:2000]
            self._failed[version] = fingerprint
            self._set(VersionStatus(version, "END", "UNKNOWN", reason))
            _LOG.error("%s version %d cannot be loaded, what is loaded goes on: %s", self.name, version, reason)
            self._on_load(self.name, version, False)
            return False
        with self._lock:
            self._available = {**self._available, version: servable}
            self._statuses[version] = VersionStatus(version, "AVAILABLE")
        _LOG.info("%s version %d loaded in %.1f s", self.name, version, time.monotonic() - started)
        self._on_load(self.name, version, True)
        return True

    def _unload(self, version: int) -> None:
        with self._lock:
            servable = self._available[version]
            self._available = {key: value for key, value in self._available.items() if key != version}
            self._statuses[version] = VersionStatus(version, "UNLOADING")
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while servable.in_flight and time.monotonic() < deadline:
            time.sleep(0.01)
        servable.close()
        del servable
        gc.collect()  # a loaded model is full of reference cycles
        self._set(VersionStatus(version, "END"))
        _LOG.info("%s version %d unloaded", self.name, version)

    def _set(self, status: VersionStatus) -> None:
        with self._lock:
            self._statuses[status.version] = status


def _is_version(directory: Path) -> bool:
    name = directory.name
    return name.isascii() and name.isdigit() and (directory / "saved_model.pb").is_file()


def _fingerprint(directory: Path) -> Fingerprint:
    """Changes when a file of the directory does."""
    files = sorted(file for file in directory.rglob("*") if file.is_file())
    return tuple((str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files)
