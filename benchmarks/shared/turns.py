"""Contenders in processes of their own that take turns, so that whatever else the machine does hits all alike."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from benchmarks.contenders.worker import MARK
from benchmarks.pages import ROOT


class Failed(RuntimeError):
    """A contender could not get ready or did not answer."""


class Contender:
    """A process that measures on demand; a context, at whose end it is gone.

    Args:
        module: Run as ``python -m``; it calls ``benchmarks.contenders.worker.serve``.
        words: Its arguments.
        python: Interpreter, by default this one.
    """

    def __init__(self, module: str, words: Sequence[str] = (), *, python: Path | None = None) -> None:
        self.module = module
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed with the process)
        self.process = subprocess.Popen(
            [str(python or sys.executable), "-m", module, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            cwd=ROOT,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )
        self.versions: dict[str, str] = {}
        self.busy = 0.0

    def __enter__(self) -> Contender:
        try:
            self.versions = self._answer()["versions"]
        except Failed:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.errors.close()

    def turn(self, word: str = "") -> Any:
        """Makes it measure once; the processor seconds that it took are in ``busy`` afterwards.

        Raises:
            Failed: It ended instead.
        """
        assert self.process.stdin is not None
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        found = self._answer()
        self.busy = found["busy"]
        return found["answer"]

    def _answer(self) -> Any:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(MARK):
                return json.loads(line[len(MARK) :])
        self.process.wait()
        self.errors.seek(0)
        raise Failed(f"{self.module}: {last_line(self.errors.read())}")


def once(function: str, *words: object, python: Path | None = None) -> Any:
    """What ``"module:function"`` returns for some words, in a process of its own.

    Raises:
        Failed: It returned nothing.
    """
    command = [str(python or sys.executable), "-m", "benchmarks.contenders.worker", function, *map(str, words)]
    try:
        return timed(command, cwd=ROOT).answer
    except Failed as error:
        raise Failed(f"{function}: {error}") from None


@contextmanager
def ready(contenders: Mapping[str, Contender], needed: str) -> Iterator[tuple[dict[str, Contender], dict[str, str]]]:
    """Those of the contenders that get ready, and why the others did not; ``needed`` has to."""
    with ExitStack() as stack:
        present, left_out = {}, {}
        for name, contender in contenders.items():
            try:
                present[name] = stack.enter_context(contender)
            except Failed as error:
                if name == needed:
                    raise
                left_out[name] = str(error)
        yield present, left_out


def versions_of(contenders: Mapping[str, Contender]) -> dict[str, str]:
    """Versions of all their packages."""
    return {name: version for one in contenders.values() for name, version in one.versions.items()}


@dataclass(frozen=True)
class Ended:
    """How a process ended: status (None: it took too long), seconds, those of the processors, most memory in GB."""

    status: int | None
    seconds: float
    busy: float
    peak_gb: float
    said: str
    errors: str

    @property
    def problem(self) -> str:
        """Why there is no result; "" if there is one."""
        if self.status is None:
            return f"stopped after {self.seconds:.0f} s"
        return last_line(self.errors) if self.status else ""

    @property
    def answer(self) -> Any:
        """What it said last with ``benchmarks.contenders.worker.say``.

        Raises:
            Failed: It said nothing.
        """
        said = [line[len(MARK) :] for line in self.said.splitlines() if line.startswith(MARK)]
        if self.problem or not said:
            raise Failed(self.problem or "it said nothing")
        return json.loads(said[-1])


def timed(command: Sequence[str], *, limit: float = float("inf"), **options: Any) -> Ended:
    """Runs a command, for ``limit`` seconds at most."""
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as errors:
        started, ended = time.perf_counter(), 0
        process = subprocess.Popen(command, stdout=said, stderr=errors, text=True, **options)
        while not ended and time.perf_counter() - started < limit:
            time.sleep(0.01)
            ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        if not ended:
            process.kill()
            _, status, usage = os.wait4(process.pid, 0)
        seconds, process.returncode = time.perf_counter() - started, os.waitstatus_to_exitcode(status)
        said.seek(0)
        errors.seek(0)
        texts, unit = (said.read(), errors.read()), 1 if sys.platform == "darwin" else 1024
        status_told = process.returncode if ended else None
        return Ended(status_told, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / 1e9, *texts)


def away(folder: Path) -> dict[str, Any]:
    """Options of `timed` for contenders that leave files where they run, as RecBole does."""
    return {"cwd": folder, "env": {**os.environ, "PYTHONPATH": str(ROOT)}}


def last_line(said: str) -> str:
    """What a process said last."""
    return (said.strip().splitlines() or ["no message"])[-1]
