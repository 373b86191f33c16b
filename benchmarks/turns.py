"""Contenders in processes of their own that take turns, so that whatever else the machine does hits all alike."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from benchmarks.worker import MARK

ROOT = Path(__file__).parent.parent


class Failed(RuntimeError):
    """A contender could not get ready or did not answer."""


class Contender:
    """A process that measures on demand; a context, at whose end it is gone.

    Args:
        module: Run as ``python -m``; it calls ``benchmarks.worker.serve``.
        words: Its arguments.
        python: Interpreter, by default this one.
        environment: Variables beside those of this process.
    """

    def __init__(
        self,
        module: str,
        words: Sequence[str] = (),
        *,
        python: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.module = module
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed with the process)
        self.process = subprocess.Popen(
            [str(python or sys.executable), "-m", module, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            cwd=ROOT,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **(environment or {})},
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
        """Lets it measure once; the processor seconds that it took are in ``busy`` afterwards.

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
        said = self.errors.read().strip().splitlines() or ["no message"]
        raise Failed(f"{self.module}: {said[-1]}")


def once(module: str, words: Sequence[str] = (), *, python: Path | None = None) -> Any:
    """What a module says, with ``benchmarks.worker.say``, in a process of its own.

    Raises:
        Failed: It said nothing.
    """
    command = [str(python or sys.executable), "-m", module, *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    said = [line[len(MARK) :] for line in done.stdout.splitlines() if line.startswith(MARK)]
    if done.returncode or not said:
        raise Failed(f"{module}: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
    return json.loads(said[-1])
