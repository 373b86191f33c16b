"""``recs compare [EXPERIMENT ...]``."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path

import polars as pl
from rich.console import Console

from tfrs_lab.data.storage import without_nan, write_json, write_text
from tfrs_lab.experiments.command_line.options import RunOptions
from tfrs_lab.experiments.command_line.settings import Settings, data_words, parse_settings, to_words
from tfrs_lab.experiments.command_line.settings import to_json as settings_to_json
from tfrs_lab.experiments.command_line.usage import leading_names
from tfrs_lab.experiments.commands.run import default_directory
from tfrs_lab.experiments.display.comparison_table import ComparisonTable, caption, differences_lines
from tfrs_lab.experiments.display.differences import Comparison
from tfrs_lab.experiments.display.display import console, held_out_label, program
from tfrs_lab.experiments.display.result_table import side_by_side
from tfrs_lab.experiments.reports import as_runs, compared, page
from tfrs_lab.experiments.runs.worker import Failed, Workers
from tfrs_lab.experiments.storage.directory import locked, read_config
from tfrs_lab.experiments.storage.results import Result, read_result
from tfrs_lab.experiments.storage.stored_model import (
    StoredModel,
    example_user,
    favourites,
    load_model,
    recommend_for_user,
)
from tfrs_lab.models.registry import NAMES, specification
from tfrs_lab.models.training.reporter import Reporter, reporter_here

SHOWN = 5
"""Movies of one user that are shown under the table."""
DEFAULT = ("popularity", "itemknn", "ease", "ials", "retrieval")


def main(words: Sequence[str]) -> None:
    """Runs the experiments, prints one table, one user's recommendations and where to go from there."""
    named, rest = leading_names("recs compare", "experiments", NAMES, words)
    names = named or DEFAULT
    description = f"Experiments: {', '.join(NAMES)}. Without a name: {' '.join(DEFAULT)}."
    prog = "recs compare [EXPERIMENT ...]"
    settings = parse_settings(RunOptions, names, rest, prog=prog, description=description)
    out = settings.options.out or default_directory("compare", settings)
    if settings.options.resume is not None:
        out = settings.options.resume
        stored = read_config(out)
        names = tuple(stored["experiments"])
        settings = parse_settings(RunOptions, names, [*to_words(stored["settings"]), *rest], prog=prog)
    comparison = compare_experiments(names, settings, out, reporter_here())
    if settings.options.json:
        print(json.dumps(without_nan(comparison.to_json())))
    elif comparison.results:
        _show(comparison, out, settings.options)
    if comparison.failed:
        raise Failed(_summary(comparison, out))


def _summary(comparison: Comparison, out: Path) -> str:
    """What failed and how to continue, in one line."""
    failed, resume = comparison.failed, f"{program()} compare --resume {shlex.quote(str(out))}"
    reasons = dict.fromkeys(failed.values())
    if len(reasons) == 1 and not comparison.results:
        return f"{', '.join(failed)}: {next(iter(reasons))}"
    why = "; ".join(f"{name}: {reason}" for name, reason in failed.items())
    return f"{len(failed)} of {len(comparison.names)} models failed ({why}); to try again: {resume}"


def _show(comparison: Comparison, out: Path, options: RunOptions) -> None:
    screen = console()
    table = ComparisonTable(comparison, screen.width)
    screen.print(table)
    for line in caption(comparison, table.titles):
        screen.print(line)
    screen.print("\n".join(["", *differences_lines(comparison.differences)]))
    best = next(one for one in comparison.results if one.name == comparison.differences["reference"])
    model = load_model(best.directory)
    _show_user(model, screen)
    _show_next(best.directory, model, options, screen)
    screen.print(f"All runs on one page, and a directory for each: {out / 'report.html'}", soft_wrap=True)


def _show_next(directory: Path, model: StoredModel, options: RunOptions, screen: Console) -> None:
    """What to try next, as commands that can be pasted: with ids of these data."""
    user = example_user(model)
    liked = ",".join(favourites(model, user, 2).table["movie_id"])
    ideas: dict[tuple[str, ...], str] = {
        ("demo", str(directory.parent)): "a page to try a model of these, in the browser",
        ("recommend", str(directory), "--user", user): "more for this user, with reasons",
        ("recommend", str(directory), "--history", liked): "for somebody who knows these movies",
    }
    if options.train is None and "timestamp" in model.known.columns:
        words = ("compare", "ease", "retrieval", *data_words(options), "--split", "leave-one-out")
        ideas[words] = "another question to the same data"
    screen.print("Next:", style="bold")
    for words, idea in ideas.items():
        screen.print(f"  {program()} {shlex.join(words)}\n      {idea}", soft_wrap=True)


def _show_user(model: StoredModel, screen: Console) -> None:
    user = example_user(model)
    liked = favourites(model, user, SHOWN)
    later = set(model.test.filter(pl.col("user_id") == user)["movie_id"])
    found = recommend_for_user(model, user, SHOWN)
    lines = [
        ("✓ " if movie_id in later else "  ") + title
        for movie_id, title in found.select("movie_id", "movie_title").iter_rows()
    ]
    heading = f"{model.name} recommends (✓: {held_out_label(model.split)})"
    screen.print(side_by_side(liked.table["movie_title"].to_list(), lines, liked.heading(user), heading))


def compare_experiments(names: Sequence[str], settings: Settings, out: Path, reporter: Reporter) -> Comparison:
    """Runs the experiments into ``out/<name>`` and writes ``out/comparison.json`` and ``out/report.html``.

    They run in a process of their own. ``out/config.json`` is there from the beginning, so that ``--resume`` can
    continue: it runs again what failed, and finishes what was interrupted.

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
                reporter.together(True)
                try:
                    workers.run(name, out / name)
                    results.append(read_result(out / name))
                except Failed as error:
                    failed[name] = str(error)
                    reporter.line(f"{name} failed: {error}")
                reporter.together(False)
    runs = as_runs(results)
    comparison = Comparison(names, workers.about, results, failed, compared(tuple(runs)) if runs else {})
    write_json(out / "comparison.json", comparison.to_json())
    if runs:
        write_text(out / "report.html", page(runs, failed))
    return comparison
