"""What happens in the process of a ``Worker``."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from tfrs_lab.experiments.command_line.settings import Settings
from tfrs_lab.experiments.runs.failures import in_one_line
from tfrs_lab.models.memory import resident
from tfrs_lab.models.registry import specification
from tfrs_lab.models.training.reporter import Reporter

_PR_SET_PDEATHSIG = 1


def serve(connection: Connection, settings: Settings, start_method: str) -> None:
    """Reads the data, then runs what it is asked to, until something fails or nothing more is asked.

    Sends ``("done", answer)`` when the data are read and after each experiment, or ``("failed", reason, traceback)``;
    before them the calls of a reporter, such as ``("line", text)``.

    Args:
        connection: To the process that asks; it sends an experiment's name and the run directory to write.
        settings: Of all experiments.
        start_method: How libraries start processes of their own; locks that are made for spawned ones outlive a crash.
    """
    multiprocessing.set_start_method(start_method, force=True)
    _end_with_parent()
    os.dup2(2, 1)  # stdout is for the command's results: what a library prints is none
    try:
        # not above: the process that asks has no use for it
        from tfrs_lab.experiments.runs.guards import check_dataset, check_split
        from tfrs_lab.experiments.runs.replicates import load_source, replicates
        from tfrs_lab.experiments.runs.run import run_experiment

        reporter = _Sender(connection)
        source = load_source(settings.options, reporter)
        check_dataset(source.dataset)
        check_split(next(replicates(source, settings.options)).split())  # what no model could use is refused once
        connection.send(("done", {"dataset": source.dataset.name, "split": source.kind}))
        while (asked := _next(connection)) is not None:
            name, out = asked
            with _interruptible():
                run_experiment(specification(name), settings, source, out, reporter)
            connection.send(("done", resident()))
    except KeyboardInterrupt:
        pass
    except BaseException as error:  # SystemExit too: a model that ends its process has failed
        with suppress(OSError):  # the other side may be gone
            connection.send(("failed", in_one_line(error), traceback.format_exc()))


def _next(connection: Connection) -> Any:
    """What is asked next; None if the other side is gone."""
    try:
        return connection.recv()
    except (EOFError, OSError):
        return None


@contextmanager
def _interruptible() -> Iterator[None]:
    """Whoever ends this process during the block interrupts it, as Ctrl-C does, so that it can tidy up."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class _Sender(Reporter):
    """Passes progress on to the process that asked."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def line(self, text: str) -> None:
        """Passes it on."""
        self._connection.send(("line", text))

    def step(self, task: str, done: int, total: int, text: str) -> None:
        """Passes it on."""
        self._connection.send(("step", task, done, total, text))

    def begin(self, phase: str) -> None:
        """Passes it on."""
        self._connection.send(("begin", phase))

    def end(self, finished: bool) -> None:
        """Passes it on; of what is broken off the other side may not want to know any more."""
        with nullcontext() if finished else suppress(OSError):
            self._connection.send(("end", finished))


def _end_with_parent() -> None:
    """Ends this process when the one that started it is gone, even if that was killed; and lets it go first.

    Where memory runs out, Linux shall end this process rather than its parent or another program.
    """
    parent = parent_process()
    assert parent is not None
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    if sys.platform == "linux":  # at once, even while a library holds the interpreter and the thread below can't run
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
