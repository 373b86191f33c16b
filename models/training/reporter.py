"""Tells a person what is going on: a bar on a terminal or in a notebook, plain lines on stderr elsewhere."""

from __future__ import annotations

import time
from html import escape
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class Reporter:
    """No-op base class of reporters."""

    def line(self, text: str) -> None:
        """One line of news."""

    def step(self, task: str, done: int, total: int, text: str) -> None:
        """Step ``done`` of ``total`` of a task has ended."""


class ConsoleReporter(Reporter):
    """Writes to stderr, so that stdout holds results only."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("{task.completed}/{task.total}  {task.fields[text]}"),
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
        )
        self._task: TaskID | None = None

    def line(self, text: str) -> None:
        """Prints the line; a running bar ends."""
        self._end_bar()
        self.console.print(text, markup=False)

    def step(self, task: str, done: int, total: int, text: str) -> None:
        """Moves the bar on a terminal, else prints a line."""
        if not self.console.is_terminal:
            self.console.print(f"  {task} {done}/{total}  {text}", markup=False)
            return
        if self._task is None:
            self._bars.start()
            self._task = self._bars.add_task(task, total=total, text=text)
        self._bars.update(self._task, description=task, completed=done, total=total, text=text)
        if done == total:
            self._end_bar()

    def _end_bar(self) -> None:
        if self._task is not None:
            self._bars.stop()
            self._bars.remove_task(self._task)
            self._task = None


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
