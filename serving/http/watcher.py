"""Polls the directories of all models in a thread."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from tfrs_lab.serving.http.versions import Model

_LOG = logging.getLogger("recs.serve")


class Watcher:
    """Looks for new versions until it is stopped."""

    def __init__(self, models: Sequence[Model], interval: float):
        """Does not start yet.

        Args:
            models: What to watch.
            interval: Seconds between two looks.
        """
        self._models = models
        self._interval = interval
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watcher", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stops it, after the look that is under way."""
        self._stopping.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopping.wait(self._interval):
            for model in self._models:
                try:
                    model.poll()
                except Exception:  # a disk that fails for a moment must not end the watching
                    _LOG.exception("%s: looking for new versions failed", model.name)
