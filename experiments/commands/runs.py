"""``recs runs [list | compare | delete | drift]``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tyro

from tfrs_lab.data.storage import without_nan
from tfrs_lab.experiments.command_line.options import CommandOptions, ResultOptions
from tfrs_lab.experiments.command_line.usage import parse_options, print_choices, usage_error, wants_help
from tfrs_lab.experiments.commands import drift
from tfrs_lab.experiments.display.display import console, title_of, with_interval
from tfrs_lab.experiments.display.result_table import ResultTable
from tfrs_lab.experiments.storage.stored_runs import StoredRun, check_deletable, delete_runs, stored_runs
from tfrs_lab.models.registry import NAMES

NOTE = "Test metrics; ± is half a 95 % bootstrap interval over users."
SMALLER_IS_BETTER = ("rmse", "mae")
COMPARE = """Prints runs side by side, with intervals, and the paired difference of each to the first where their test
ratings and users are the same; where they are not, it says so."""
DELETE = """Deletes run directories, and those of comparisons with all their runs; nothing else. On a terminal it asks
first. A run that is being worked on is left alone."""


@dataclass(frozen=True)
class ListOptions(ResultOptions):
    """Lists the runs in a directory, newest first, and says of each that is unfinished or damaged that it is."""

    root: Path = Path("runs")
    """The directory to search."""
    experiment: str | None = None
    """Only runs of this experiment."""
    dataset: str | None = None
    """Only runs on this dataset."""
    split: str | None = None
    """Only runs on this split."""
    sort: str | None = None
    """Best first by this test metric, for instance ndcg@10 or rmse."""

    def __post_init__(self) -> None:
        if self.experiment is not None and self.experiment not in NAMES:
            raise ValueError(f"--experiment: expected one of {', '.join(NAMES)}, got {self.experiment}")


@dataclass(frozen=True)
class CompareOptions(ResultOptions):
    """What a comparison of finished runs takes."""

    runs: tyro.conf.Positional[tuple[Path, ...]]
    """Directories of finished runs, as paths or as they are called below --root."""
    root: Path = Path("runs")
    """The directory of runs."""
    metrics: tuple[str, ...] = ("ndcg@10", "precision@10", "recall@10")
    """Test metrics to show; the differences are those of the first."""

    def __post_init__(self) -> None:
        if not self.runs:
            raise ValueError("expected directories of finished runs, got none")


@dataclass(frozen=True)
class DeleteOptions(CommandOptions):
    """What a deletion takes."""

    runs: tyro.conf.Positional[tuple[Path, ...]]
    """Run directories, as paths or as they are called below --root."""
    root: Path = Path("runs")
    """The directory of runs."""
    yes: bool = False
    """Do not ask."""

    def __post_init__(self) -> None:
        if not self.runs:
            raise ValueError("expected run directories, got none")


def main(words: Sequence[str]) -> None:
    """Lists, compares or deletes."""
    if wants_help(words):
        about = {name: str(run.__doc__) for name, run in ACTIONS.items()}
        print_choices("recs runs", "ACTION", about, "Without an action the runs are listed.")
    if words and not words[0].startswith("-") and words[0] not in ACTIONS:
        usage_error("recs runs", "what to do", tuple(ACTIONS), words[0])
    action, rest = (words[0], words[1:]) if words and words[0] in ACTIONS else ("list", words)
    ACTIONS[action](rest)


def _list(words: Sequence[str]) -> None:
    """Lists the runs in a directory, newest first."""
    options = parse_options(ListOptions, words, prog="recs runs list")
    runs = _chosen(stored_runs(options.root), options)
    if options.json:
        print(json.dumps(without_nan([_record(run) for run in runs])))
        return
    if runs:
        console().print(_table(runs, options.root, options.sort))
    else:
        console().print(f"no runs in {options.root}", soft_wrap=True)


def _chosen(runs: list[StoredRun], options: ListOptions) -> list[StoredRun]:
    """Those that were asked for, in the order that was asked for; runs without the metric to sort by come last."""
    found = [
        run
        for run in runs
        if options.experiment in (None, run.config.get("experiment"))
        and options.dataset in (None, run.dataset)
        and options.split in (None, run.config.get("split"))
    ]
    newest = sorted(found, key=lambda run: str(run.config.get("started", "")), reverse=True)
    if options.sort is None:
        return newest
    name = options.sort
    known = dict.fromkeys(metric for run in runs for metric in run.test)
    if known and name not in known:
        raise ValueError(f"--sort: expected a metric of the runs ({', '.join(known)}), got {name!r}")
    sign = 1 if name in SMALLER_IS_BETTER else -1
    return sorted(newest, key=lambda run: sign * run.test[name] if run.test.get(name) is not None else float("inf"))


def _record(run: StoredRun) -> dict[str, Any]:
    about = {name: run.config.get(name) for name in ("experiment", "split", "started")}
    state, _, reason = run.state.partition(": ")
    return {
        "directory": str(run.directory),
        "state": state,
        "reason": reason or None,
        **about,
        "dataset": run.dataset,
        "seconds": run.seconds,
        "test": run.test,
        "confidence": run.metrics.get("confidence", {}),
    }


def _table(runs: Sequence[StoredRun], root: Path, sort: str | None) -> ResultTable:
    """A row per run, named relative to the root; ``sort`` is a further metric to show."""
    metrics = ["ndcg@10", *([sort] if sort and sort != "ndcg@10" else [])]
    columns: dict[str, Callable[[StoredRun], str]] = {
        "run": lambda run: str(run.directory.relative_to(root)),
        "experiment": lambda run: str(run.config.get("experiment", "–")),
        "data": lambda run: f"{run.dataset or '–'} {run.config.get('split', '')}",
        **{title_of(name): lambda run, name=name: _metric(run, name) for name in metrics},  # type: ignore[misc]
        "state": lambda run: "" if run.state == "finished" else run.state.split(":")[0],
    }
    rows = [[cell(run) for cell in columns.values()] for run in runs]
    if not any(row[-1] for row in rows):
        del columns["state"]
        rows = [row[:-1] for row in rows]
    broken = [f"{run.directory.name} {_what(run.state)}" for run in runs if ":" in run.state]
    words = ("run", "experiment", "data", "state")
    return ResultTable(list(columns), rows, f"{len(runs)} runs in {root}", "\n".join([NOTE, *broken]), words)


def _what(state: str) -> str:
    """A state with its reason, as a verb."""
    return state if state.startswith("failed") else f"is {state}"


def _metric(run: StoredRun, name: str) -> str:
    return with_interval(run.test, run.metrics.get("confidence", {}), name) if name in run.test else "–"


def _compare(words: Sequence[str]) -> None:
    """Prints runs side by side, with intervals and paired differences."""
    options = parse_options(CompareOptions, words, prog="recs runs compare", description=COMPARE)
    from tfrs_lab.experiments.reports import read_runs
    from tfrs_lab.experiments.runs.comparison import comparison, of_runs

    runs = read_runs(_found(options.runs, options.root))
    table = comparison(of_runs(runs), options.metrics)
    if options.json:
        print(json.dumps(without_nan(table.frame.to_dicts())))
    else:
        console().print(table)


def _delete(words: Sequence[str]) -> None:
    """Deletes run directories."""
    options = parse_options(DeleteOptions, words, prog="recs runs delete", description=DELETE)
    directories = list({run.resolve(): run for run in _found(options.runs, options.root)}.values())
    for directory in directories:
        check_deletable(directory)
    if not options.yes:
        if not sys.stdin.isatty():
            usage_error("recs runs delete", "a terminal to ask on, or an option", ("--yes",), "neither")
        print("\n".join(map(str, directories)))
        if input(f"Delete {'these' if len(directories) > 1 else 'this'}? [y/N] ").strip().lower() not in ("y", "yes"):
            print("nothing was deleted")
            return
    delete_runs(directories)
    print("\n".join(f"deleted {directory}" for directory in directories))


def _found(runs: Sequence[Path], root: Path) -> list[Path]:
    """Paths as they are, other names below ``root``."""
    return [run if run.exists() or not (root / run).exists() else root / run for run in runs]


ACTIONS = {"list": _list, "compare": _compare, "delete": _delete, "drift": drift.main}
