"""Tells a person what is going on: a spinner on a terminal, a bar in a notebook, plain lines on stderr elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import Any

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

SHORT = 2.0
"""Seconds that a short phase takes at most."""


class Reporter:
    """No-op base class of reporters."""

    def line(self, text: str) -> None:
        """One line of news."""

    def step(self, task: str, done: int, total: int, text: str) -> None:
        """Step ``done`` of ``total`` of a task has ended."""

    def begin(self, phase: str) -> None:
        """A phase of the work begins; one that begins inside another is part of it."""

    def end(self, finished: bool) -> None:
        """The phase is over, or was broken off."""

    def together(self, begin: bool) -> None:
        """From now on short phases, of one subject, share a line in a log, or no longer do."""

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """A context for a phase: ``loading 100k``, ``ease: scoring``."""
        self.begin(name)
        try:
            yield
        except BaseException:
            self.end(finished=False)
            raise
        self.end(finished=True)


class ConsoleReporter(Reporter):
    """Writes to stderr, so that stdout holds results only.

    On a terminal a spinner turns while a phase lasts, with its seconds and the latest step. A finished phase is a line
    with its seconds; elsewhere than on a terminal its steps are none.

    Args:
        console: Where to write; None for stderr.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, highlight=False, soft_wrap=True)
        self.live = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            TimeElapsedColumn(),
            TextColumn("{task.fields[latest]}", markup=False),
            console=self.console,
            transient=True,
            redirect_stdout=False,
        )
        self._depth = 0
        self._together: list[str] | None = None

    def line(self, text: str) -> None:
        """Prints the line; on a terminal above the running phase."""
        told, self._together = self._together, None if self._together is None else []
        if told:
            subject = told[0].partition(" ")[0] + " "
            self.console.print(told[0], *(one.removeprefix(subject) for one in told[1:]), sep=", ", markup=False)
        if text:
            self.console.print(text, markup=False)

    def together(self, begin: bool) -> None:
        """See ``Reporter``."""
        if self._together is not None:
            self.line("")
        self._together = [] if begin and not self.console.is_terminal else None

    def begin(self, phase: str) -> None:
        """Starts the clock, and on a terminal the spinner."""
        self._depth += 1
        if self._depth == 1:
            self.live.add_task(phase, total=None, latest="")
            if self.console.is_terminal:
                self.live.start()

    def end(self, finished: bool) -> None:
        """Stops the spinner, and tells what a finished phase took."""
        self._depth -= 1
        if self._depth == 0:
            (task,) = self.live.tasks
            if self.console.is_terminal:
                self.live.stop()
            self.live.remove_task(task.id)
            took = task.elapsed or 0.0
            told = f"{task.description}  {took:.1f} s"
            if finished and self._together is not None and took < SHORT:
                self._together.append(told)
            elif finished:
                self.line(told)

    def step(self, task: str, done: int, total: int, text: str) -> None:
        """Shown beside the phase on a terminal; elsewhere a line, unless it is part of a phase."""
        latest = f"{task} {done}/{total}  {text}"
        if self._depth and self.console.is_terminal:
            self.live.update(self.live.task_ids[0], latest=latest)
        elif not self._depth:
            self.line(f"  {latest}")


class NotebookReporter(Reporter):
    """Shows one bar under the cell, which moves on in place; needs no widgets."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._started = 0.0

    def line(self, text: str) -> None:
        """Prints the line in place of a running bar."""
        if self._bar is not None:
            self._bar.update(_html(""))
            self._bar = None
        print(text)

    def step(self, task: str, done: int, total: int, text: str) -> None:
        """Moves the bar; a bar that has just appeared counts the seconds from its first step."""
        from IPython.display import display

        if self._bar is None:
            self._started = time.perf_counter()
            self._bar = display(_html(""), display_id=True)
        seconds = time.perf_counter() - self._started
        bar = f'<progress value="{done}" max="{total}" style="width: 20em"></progress>'
        words = escape(f"{task} {done}/{total}  {text}  ({seconds:.0f} s)")
        self._bar.update(_html(f"{bar} <code>{words}</code>"))


def reporter_here() -> Reporter:
    """A bar in the notebook if this is one, else what a terminal or a log shows."""
    return NotebookReporter() if Console().is_jupyter else ConsoleReporter()


def _html(text: str) -> Any:
    from IPython.display import HTML

    return HTML(text)
