"""Contenders in processes of their own that take turns, so that whatever else the machine does hits all alike."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
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


def once(module: str, words: Sequence[str] = (), *, python: Path | None = None) -> Any:
    """What a module says, with ``benchmarks.contenders.worker.say``, in a process of its own.

    Raises:
        Failed: It said nothing.
    """
    command = [str(python or sys.executable), "-m", module, *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    said = [line[len(MARK) :] for line in done.stdout.splitlines() if line.startswith(MARK)]
    if done.returncode or not said:
        raise Failed(f"{module}: {last_line(done.stderr)}")
    return json.loads(said[-1])


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


def timed(command: Sequence[str], **options: Any) -> tuple[float, float, subprocess.CompletedProcess[str] | None]:
    """Runs a command; seconds on the clock and of the processors, and how it ended: None if it took too long."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    except subprocess.TimeoutExpired:
        done = None
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done


def last_line(said: str) -> str:
    """What a process said last."""
    return (said.strip().splitlines() or ["no message"])[-1]
