"""Processes that run experiments, so that none that crashes or runs out of memory takes the others with it.

They are spawned, since a forked process that holds the threads of TensorFlow, OpenBLAS or polars may hang, and read the
data themselves. They end with the process that started them, however that ends.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from tfrs_lab.experiments.command_line.settings import Settings
from tfrs_lab.experiments.runs import worker_process
from tfrs_lab.experiments.runs.failures import of_exit
from tfrs_lab.models.training.reporter import Reporter

GRACE = 5.0
"""Seconds that a process has to end when it is told to; after them it is killed."""
HELD = 2 << 30
"""A process that holds more bytes than this after a run makes room for a new one."""


class Failed(ValueError):
    """What was asked of a process failed; the text says why, in one line."""


class Worker:
    """A process that has read the data and runs one experiment at a time."""

    def __init__(self, settings: Settings, reporter: Reporter) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._debug = settings.options.debug
        usual = multiprocessing.get_start_method()
        self._process = context.Process(target=worker_process.serve, args=(theirs, settings, usual), daemon=True)
        self._busy = True
        with _interrupts_ignored():  # Ctrl-C reaches both processes; what becomes of the other is decided here
            self._process.start()
        theirs.close()
        try:
            with reporter.phase(f"loading {settings.options.data_name}"):
                self.about: dict[str, str] = self._answer(reporter)
        except BaseException:
            self.end()
            raise

    def run(self, name: str, out: Path, reporter: Reporter) -> int:
        """Runs an experiment into ``out``.

        Returns:
            Bytes of memory that the process holds after it.
        """
        try:
            self._connection.send((name, out))
        except OSError:
            raise Failed(self._death()) from None
        held: int = self._answer(reporter)
        return held

    def end(self) -> None:
        """Ends the process; what it has begun is left as by an interrupted run."""
        self._connection.close()
        if self._busy:
            self._process.terminate()
        self._process.join(GRACE)
        self._process.kill()
        self._process.join()

    def _answer(self, reporter: Reporter) -> Any:
        """Passes news on until there is an answer."""
        self._busy = True
        while True:
            try:
                kind, *content = self._connection.recv()
            except (EOFError, OSError):
                raise Failed(self._death()) from None
            self._busy = kind not in ("done", "failed")
            if kind == "done":
                return content[0]
            if kind == "failed":
                reason, where = content
                if self._debug:
                    reporter.line(where)
                raise Failed(reason)
            getattr(reporter, kind)(*content)

    def _death(self) -> str:
        self._process.join(GRACE)
        return of_exit(self._process.exitcode)


class Workers:
    """One worker after the other: a new one takes over where one failed or holds on to much memory.

    As long as neither happens there is only one: importing TensorFlow takes longer than most models.
    """

    def __init__(self, settings: Settings, reporter: Reporter) -> None:
        self._settings, self._reporter = settings, reporter
        self._worker: Worker | None = Worker(settings, reporter)
        self.about = self._worker.about

    def run(self, name: str, out: Path) -> None:
        """Runs an experiment into ``out``."""
        if self._worker is None:
            self._worker = Worker(self._settings, Reporter())  # what there is to say of the data has been said
        held = None
        try:
            held = self._worker.run(name, out, self._reporter)
        finally:
            if held is None or held > HELD:
                self._end()

    def _end(self) -> None:
        if self._worker is not None:
            self._worker.end()
            self._worker = None

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Processes that are started in the block ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
