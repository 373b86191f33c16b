"""``recs data {info,prepare} NAME`` and ``recs data shards``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tyro
from rich import box
from rich.table import Table

from tfrs_lab.data import info, load, prepare_tfds
from tfrs_lab.experiments.command_line.options import ResultOptions, ShardOptions
from tfrs_lab.experiments.command_line.usage import parse_options, print_choices, usage_error, wants_help
from tfrs_lab.experiments.display.display import console
from tfrs_lab.experiments.runs.replicates import load_source
from tfrs_lab.experiments.storage.sharded_dataset import write_sharded
from tfrs_lab.models.training.reporter import reporter_here

ACTIONS = {
    "info": "counts, ranges and checksums",
    "prepare": "fetch and cache a dataset, and prepare it for tfds.load",
    "shards": "split ratings, encode them and write them as shards that recs run --shards reads from disk",
}


@dataclass(frozen=True)
class DataCommandOptions(ResultOptions):
    """MovieLens: 100k, latest-small, 1m, 10m, 20m, 25m or 32m."""

    name: tyro.conf.Positional[str]
    """Which dataset."""
    data_dir: Path | None = None
    """Directory or archive that holds it; otherwise it is found or fetched."""
    skip_bad_lines: bool = False
    """Skip malformed lines and say how many were dropped."""


def main(words: Sequence[str]) -> None:
    """Shows or prepares a dataset."""
    if wants_help(words):
        print_choices("recs data", "ACTION", ACTIONS, "NAME is one of 100k, latest-small, 1m, 10m, 20m, 25m and 32m.")
    if not words or words[0] not in ACTIONS:
        usage_error("recs data", "an action", tuple(ACTIONS), words[0] if words else None)
    action = words[0]
    if action == "shards":
        _write_shards(parse_options(ShardOptions, words[1:], prog="recs data shards", description=ACTIONS[action]))
        return
    options = parse_options(DataCommandOptions, words[1:], prog=f"recs data {action}", description=ACTIONS[action])
    reporter = reporter_here()
    dataset = load(
        options.name,
        data_dir=options.data_dir,
        skip_bad_lines=options.skip_bad_lines,
        prepare_tfds=False,
        report=reporter.line,
    )
    if action == "prepare":
        prepare_tfds(dataset, report=reporter.line)
    facts = info(dataset)
    if options.json:
        print(json.dumps(facts, default=str))
    else:
        console().print(_table(facts))


def _write_shards(options: ShardOptions) -> None:
    """Loads, splits and writes."""
    reporter, out = reporter_here(), options.out
    source = load_source(options, reporter)
    split = source.split(options.seed)
    write_sharded(source.dataset, split, out, shards=options.shards, asked=options.asked, seed=options.seed)
    reporter.line(f"{len(split.train_and_validation):,} rows to learn from, in {options.shards} shards: {out}")
    reporter.line(f"next: recs run retrieval --retrieval.parts in_batch --shards {out}")


def _table(facts: dict[str, Any]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_header=False)
    table.add_column("fact")
    table.add_column("value", overflow="fold")
    for name, value in facts.items():
        table.add_row(name.replace("_", " "), _text(value))
    return table


def _text(value: Any) -> str:
    """A fact on one line: numbers with separators, inner facts as ``name value`` pairs."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(item)}" for name, item in value.items() if item is not None)
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) and value >= 10_000 else str(value)
