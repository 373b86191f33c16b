"""Runs several experiments on the same splits under the same protocol; one that fails costs its own row only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tfrs_lab.data.storage import write_json, write_text
from tfrs_lab.models.registry import specification
from tfrs_lab.models.training.reporter import Reporter
from tfrs_lab.experiments.reports import as_runs, compared
from tfrs_lab.experiments.reports import page
from tfrs_lab.experiments.display.compared_runs import Comparison
from tfrs_lab.experiments.storage.results import Result, read_result
from tfrs_lab.experiments.storage.directory import locked
from tfrs_lab.experiments.command_line.settings import Settings
from tfrs_lab.experiments.command_line.settings import to_json as settings_to_json
from tfrs_lab.experiments.runs.worker import Failed, Workers


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
                reporter.line(f"{name}: {specification(name).summary}")
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
