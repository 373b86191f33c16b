"""``recs compare [EXPERIMENT ...]``."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path

import polars as pl
from rich.console import Console

from tfrs_lab.data.storage import without_nan
from tfrs_lab.experiments.command_line.options import RunOptions
from tfrs_lab.experiments.command_line.settings import data_words, parse_settings, to_words
from tfrs_lab.experiments.command_line.usage import usage_error
from tfrs_lab.experiments.commands.run import default_directory
from tfrs_lab.experiments.display.compared_runs import Comparison
from tfrs_lab.experiments.display.comparison_table import ComparisonTable, caption, differences_lines
from tfrs_lab.experiments.display.display import console, held_out_label, program, side_by_side
from tfrs_lab.experiments.runs.compare import compare_experiments
from tfrs_lab.experiments.runs.worker import Failed
from tfrs_lab.experiments.storage.directory import read_config
from tfrs_lab.experiments.storage.stored_model import (
    StoredModel,
    example_user,
    favourites,
    load_model,
    recommend_for_user,
)
from tfrs_lab.models.registry import NAMES
from tfrs_lab.models.training.reporter import reporter_here

DEFAULT = ("popularity", "itemknn", "ease", "ials", "retrieval")


def main(words: Sequence[str]) -> None:
    """Runs the experiments, prints one table, one user's recommendations and where to go from there."""
    names, rest = _names(list(words))
    description = f"Experiments: {', '.join(NAMES)}. Without a name: {' '.join(DEFAULT)}."
    prog = "recs compare [EXPERIMENT ...]"
    settings = parse_settings(names, rest, prog=prog, description=description)
    out = settings.options.out or default_directory("compare", settings)
    if settings.options.resume is not None:
        out = settings.options.resume
        stored = read_config(out)
        names = tuple(stored["experiments"])
        settings = parse_settings(names, [*to_words(stored["settings"]), *rest], prog=prog, description=description)
    comparison = compare_experiments(names, settings, out, reporter_here())
    if settings.options.json:
        print(json.dumps(without_nan(comparison.to_json())))
    elif comparison.results:
        _show(comparison, out, settings.options)
    if comparison.failed:
        raise Failed(_summary(comparison, out))


def _summary(comparison: Comparison, out: Path) -> str:
    """What failed and how to go on, in one line."""
    failed, resume = comparison.failed, f"{program()} compare --resume {shlex.quote(str(out))}"
    reasons = dict.fromkeys(failed.values())
    if len(reasons) == 1 and not comparison.results:
        return f"{', '.join(failed)}: {next(iter(reasons))}"
    why = "; ".join(f"{name}: {reason}" for name, reason in failed.items())
    return f"{len(failed)} of {len(comparison.names)} models failed ({why}); to try again: {resume}"


def _names(words: list[str]) -> tuple[tuple[str, ...], list[str]]:
    """The experiments named before the first option, or the default ones, and the other words."""
    end = next((position for position, word in enumerate(words) if word.startswith("-")), len(words))
    for word in words[:end]:
        if word not in NAMES:
            usage_error("recs compare", "experiments", NAMES, word)
    return tuple(dict.fromkeys(words[:end])) or DEFAULT, words[end:]


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
    screen.print(f"\nRun directories, with report.html in each: {out}", soft_wrap=True)
    screen.print(f"All of them on one page: {out / 'report.html'}", soft_wrap=True)


def _show_next(directory: Path, model: StoredModel, options: RunOptions, screen: Console) -> None:
    """What to try next, as commands that can be pasted: with ids of these data."""
    user = example_user(model)
    liked = ",".join(favourites(model, user, 2).table["movie_id"])
    ideas: dict[tuple[str, ...], str] = {
        ("recommend", str(directory), "--user", user): "more for this user, with reasons",
        ("recommend", str(directory), "--history", liked): "for somebody who knows these movies",
        ("run", "retrieval", "--help"): "every option of the two-tower model",
    }
    if options.train is None and "timestamp" in model.known.columns:
        words = ("compare", "ease", "retrieval", *data_words(options), "--split", "leave-one-out")
        ideas[words] = "another question to the same data"
    screen.print("Next:", style="bold")
    for words, idea in ideas.items():
        screen.print(f"  {program()} {shlex.join(words)}\n      {idea}", soft_wrap=True)


def _show_user(model: StoredModel, screen: Console) -> None:
    user = example_user(model)
    liked = favourites(model, user, 10)
    later = set(model.test.filter(pl.col("user_id") == user)["movie_id"])
    found = recommend_for_user(model, user, 10)
    lines = [
        ("✓ " if movie_id in later else "  ") + title
        for movie_id, title in found.select("movie_id", "movie_title").iter_rows()
    ]
    heading = f"{model.name} recommends (✓: {held_out_label(model.split)})"
    screen.print(side_by_side(liked.table["movie_title"].to_list(), lines, liked.heading(user), heading))
