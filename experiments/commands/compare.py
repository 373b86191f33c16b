"""``recs compare [EXPERIMENT ...]``."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path

import polars as pl
from rich.console import Console

from experiments.commands.run import default_directory
from experiments.comparing import compare_experiments, differences, to_json
from experiments.display import (
    comparison_caption,
    comparison_table,
    console,
    differences_lines,
    held_out_label,
    program,
    side_by_side,
)
from experiments.options import RunOptions
from experiments.parts import load_source
from experiments.recommend import StoredModel, example_user, favourites, load_model, recommend_for_user
from experiments.registry import NAMES
from experiments.reporter import reporter_here
from experiments.results import Result
from experiments.rundir import read_config
from experiments.settings import data_words, parse_settings, to_words
from experiments.usage import usage_error

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
    reporter = reporter_here()
    source = load_source(settings.options, reporter)
    results = compare_experiments(names, settings, source, out, reporter)
    if settings.options.json:
        about = {"dataset": results[0].config["dataset"]["name"], "split": results[0].config["split"]}
        print(json.dumps({**about, "runs": to_json(results), "differences": differences(results)}))
    else:
        _show(results, out, settings.options)


def _names(words: list[str]) -> tuple[tuple[str, ...], list[str]]:
    """The experiments named before the first option, or the default ones, and the other words."""
    end = next((position for position, word in enumerate(words) if word.startswith("-")), len(words))
    for word in words[:end]:
        if word not in NAMES:
            usage_error("recs compare", "experiments", NAMES, word)
    return tuple(dict.fromkeys(words[:end])) or DEFAULT, words[end:]


def _show(results: Sequence[Result], out: Path, options: RunOptions) -> None:
    screen = console()
    screen.print(comparison_table(results))
    screen.print(comparison_caption(results))
    if len(results) > 1:
        compared = differences(results)
        screen.print(f"\nnDCG@10, each model against {compared['best']}, user by user (95 % interval):")
        for line in differences_lines(compared):
            screen.print(line)
    best = max(results, key=lambda result: result.metrics["validation"]["ndcg@10"])
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
