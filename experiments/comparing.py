"""Runs several experiments on the same splits under the same protocol."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evaluation import paired
from experiments.files import write_json, write_text
from experiments.parts import Source
from experiments.registry import experiment
from experiments.reporter import Reporter
from experiments.reports import as_runs, page
from experiments.results import Result
from experiments.run import run_experiment
from experiments.settings import Settings
from experiments.settings import to_json as settings_to_json


def compare_experiments(
    names: Sequence[str], settings: Settings, source: Source, out: Path, reporter: Reporter
) -> list[Result]:
    """Runs the experiments into ``out/<name>`` and writes ``out/comparison.json`` and ``out/report.html``.

    ``out/config.json`` is there from the beginning, so that ``--resume`` can go on.

    Returns:
        One result per experiment, in the order of ``names``.
    """
    write_json(out / "config.json", {"experiments": list(names), "settings": settings_to_json(settings)})
    results = []
    for name in names:
        reporter.line(f"{name}: {experiment(name).summary}")
        results.append(run_experiment(experiment(name), settings, source, out / name, reporter))
    write_json(out / "comparison.json", {"runs": to_json(results), "differences": differences(results)})
    write_text(out / "report.html", page(as_runs(results)))
    return results


def to_json(results: Sequence[Result]) -> dict[str, Any]:
    """Experiment name → metrics of its run, and its seconds."""
    return {result.name: {**result.metrics, "seconds": result.seconds} for result in results}


def differences(results: Sequence[Result], metric: str = "ndcg@10") -> dict[str, Any]:
    """Each run's paired difference to the best run.

    Returns:
        ``best``: name of the run with the highest mean; ``metric``; ``paired``: name → ``difference`` (this run minus
        the best one), ``interval`` (95 % bootstrap over users) and ``p_value``, for the other runs.
    """
    best = max(results, key=lambda result: result.metrics["test"][metric])
    compared = {result.name: paired_difference(result, best, metric) for result in results if result is not best}
    return {"best": best.name, "metric": metric, "paired": compared}


def paired_difference(result: Result, reference: Result, metric: str) -> dict[str, Any]:
    """``difference`` (the result minus the reference), ``interval`` (95 % bootstrap over users) and ``p_value``."""
    comparison = paired(result.per_user, reference.per_user, metric)
    return {
        "difference": comparison.difference,
        "interval": list(comparison.interval),
        "p_value": comparison.p_value,
    }
