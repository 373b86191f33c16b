"""``recs score``: any tool's top-k file under our protocol."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from tfrs_lab.data import DataError, parse_columns, read_columns, read_ratings_file
from tfrs_lab.data.dataset import RATINGS_SCHEMA
from tfrs_lab.data.names import OwnNames
from tfrs_lab.data.storage import without_nan
from tfrs_lab.evaluation import Evaluation, score_topk
from tfrs_lab.evaluation.lists import doubts, mended_lists
from tfrs_lab.experiments.command_line.options import Integers, ResultOptions
from tfrs_lab.experiments.command_line.usage import parse_options
from tfrs_lab.experiments.display.display import console
from tfrs_lab.experiments.display.result_table import top_k_table
from tfrs_lab.models.training.reporter import Reporter, reporter_here

TOPK_SCHEMA = {"user_id": pl.String, "movie_id": pl.String, "rank": pl.Int64, "score": pl.Float64}


@dataclass(frozen=True)
class ScoreOptions(ResultOptions):
    """Scores ranked lists of any origin; the lists of a run get the numbers of its metrics.json."""

    topk: Path
    """The lists (CSV or Parquet): user_id, movie_id and rank (from 1) or score (higher is better)."""
    truth: Path
    """The test rows (CSV or Parquet): user_id, movie_id[, user_rating]."""
    seen: Path | None = None
    """What users knew before (CSV or Parquet): taken out of the lists; defines coverage, novelty and slices."""
    columns: str | None = None
    """What our columns are called in your files, where that differs: user_id=customer,movie_id=film,rank=place."""
    skip_bad_lines: bool = False
    """Skip malformed lines and say how many were dropped; lists are ranked anew without them."""
    ks: Integers = (5, 10, 20)
    """Lengths of the result lists that are scored."""
    threshold: float | None = None
    """A truth row counts as relevant if its user_rating is at least this; default: every row."""


def main(words: Sequence[str]) -> None:
    """Scores and prints."""
    options = parse_options(ScoreOptions, words, prog="recs score")
    result = score_files(options, reporter_here())
    if options.json:
        print(json.dumps(without_nan(result.as_dict())))
        return
    screen = console()
    title = f"{options.topk.name} against {options.truth.name}"
    screen.print(top_k_table(result.metrics, result.confidence, title, width=screen.width))
    users = int(result.metrics["users"])
    screen.print(f"{users:,} user{'' if users == 1 else 's'} with something relevant")


def score_files(options: ScoreOptions, reporter: Reporter) -> Evaluation:
    """Reads the files and scores the lists."""
    names = _names(options.columns)
    lists = read_columns(
        options.topk,
        TOPK_SCHEMA,
        ("user_id", "movie_id"),
        names,
        skip_bad_lines=options.skip_bad_lines,
        report=reporter.line,
    )
    if options.skip_bad_lines:
        lists, before = mended_lists(lists), len(lists)
        if len(lists) < before:
            reporter.line(f"{options.topk}: left out {before - len(lists):,} of {before:,} places that cannot count")
    truth = _ratings(options.truth, names, options, reporter)
    seen = None if options.seen is None else _ratings(options.seen, names, options, reporter)
    result = score_topk(lists, truth, seen, ks=options.ks, threshold=options.threshold)
    for line in doubts(lists, truth, seen):
        reporter.line(line)
    return result


def _ratings(file: Path, names: OwnNames, options: ScoreOptions, reporter: Reporter) -> pl.DataFrame:
    """Truth, or what was seen."""
    table, summary = read_ratings_file(file, names=names, skip_bad_lines=options.skip_bad_lines)
    for line in (summary.skipped_line if summary.skipped else "", summary.line):
        if line:
            reporter.line(line)
    return table


def _names(columns: str | None) -> OwnNames:
    """What ``--columns`` says, of lists too."""
    theirs, known = parse_columns(columns), {**RATINGS_SCHEMA, **TOPK_SCHEMA}
    for name in theirs:
        if name.removeprefix("ratings.") not in known:
            raise DataError(f"--columns: expected some of {', '.join(known)}, got {name!r}")
    return OwnNames(theirs)
