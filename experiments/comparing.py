"""Runs several experiments on the same splits under the same protocol; one that fails costs its own row only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.files import write_json, write_text
from experiments.registry import experiment
from experiments.reporter import Reporter
from experiments.reports import as_runs, compared, page
from experiments.results import Result, read_result
from experiments.rundir import locked
from experiments.settings import Settings
from experiments.settings import to_json as settings_to_json
from experiments.worker import Failed, Workers


@dataclass(frozen=True)
class Comparison:
    """What became of the experiments.

    Attributes:
        names: Of the experiments, in the order of the rows.
        about: ``dataset`` and ``split``, their names.
        results: Of those that ran, in the order in which they were named.
        failed: Name of each other one → why, in one line.
        differences: ``differences`` of the results; empty without any.
    """

    names: Sequence[str]
    about: Mapping[str, str]
    results: Sequence[Result]
    failed: Mapping[str, str]
    differences: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """What ``--json`` prints: ``dataset``, ``split``, ``runs``, ``differences`` and ``failed``."""
        return {
            **self.about,
            "runs": to_json(self.results),
            "differences": dict(self.differences),
            "failed": dict(self.failed),
        }


def compare_experiments(names: Sequence[str], settings: Settings, out: Path, reporter: Reporter) -> Comparison:
    """Runs the experiments into ``out/<name>`` and writes ``out/comparison.json`` and ``out/report.html``.

    They run in a process of their own. ``out/config.json`` is there from the beginning, so that ``--resume`` can go on:
    it runs again what failed, and goes on with what was interrupted.

    Raises:
        ValueError: The data can't be read, or another process is at work on ``out``.
    """
    results: list[Result] = []
    failed: dict[str, str] = {}
    with Workers(settings, reporter) as workers:
        write_json(out / "config.json", {"experiments": list(names), "settings": settings_to_json(settings)})
        with locked(out):
            for name in names:
                reporter.line(f"{name}: {experiment(name).summary}")
                try:
                    workers.run(name, out / name)
                    results.append(read_result(out / name))
                except Failed as error:
                    failed[name] = str(error)
                    reporter.line(f"{name} failed: {error}")
    runs = as_runs(results)
    comparison = Comparison(names, workers.about, results, failed, compared(tuple(runs)) if runs else {})
    write_json(out / "comparison.json", comparison.to_json())
    if runs:
        write_text(out / "report.html", page(runs, failed))
    return comparison


def to_json(results: Sequence[Result]) -> dict[str, Any]:
    """Experiment name → metrics of its run, and its seconds."""
    return {result.name: {**result.metrics, "seconds": result.seconds} for result in results}
