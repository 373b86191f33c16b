"""Stored runs as a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from tfrs_lab.experiments.display.display import title_of, with_interval
from tfrs_lab.experiments.display.result_table import Shown
from tfrs_lab.experiments.storage.stored_runs import StoredRun

NOTE = "Test metrics; ± is half a 95 % bootstrap interval over users."


def runs_table(runs: Sequence[StoredRun], root: Path, sort: str | None = None) -> Shown:
    """One row per run.

    Args:
        runs: In the order of the rows.
        root: Names are relative to it.
        sort: A further metric to show.
    """
    metrics = ["ndcg@10", *([sort] if sort and sort != "ndcg@10" else [])]
    columns: dict[str, Callable[[StoredRun], str]] = {
        "run": lambda run: str(run.directory.relative_to(root)),
        "experiment": lambda run: str(run.config.get("experiment", "–")),
        "data": lambda run: f"{run.dataset or '–'} {run.config.get('split', '')}",
        **{title_of(name): lambda run, name=name: _metric(run, name) for name in metrics},  # type: ignore[misc]
        "state": lambda run: "" if run.state == "finished" else run.state.split(":")[0],
    }
    cells = {heading: [cell(run) for run in runs] for heading, cell in columns.items()}
    if not any(cells["state"]):
        del cells["state"]
    broken = [f"{run.directory.name} {_what(run.state)}" for run in runs if ":" in run.state]
    words = ("run", "experiment", "data", "state")
    return Shown(pl.DataFrame(cells), f"{len(runs)} runs in {root}", cells, words, note="\n".join([NOTE, *broken]))


def _what(state: str) -> str:
    """A state with its reason, as a verb."""
    return state if state.startswith("failed") else f"is {state}"


def _metric(run: StoredRun, name: str) -> str:
    return with_interval(run.test, run.metrics.get("confidence", {}), name) if name in run.test else "–"
