"""``recs score``: any tool's top-k file under our protocol."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from data import read_columns, read_ratings_file
from evaluation import Evaluation, score_topk
from experiments.display import console, top_k_table
from experiments.files import without_nan
from experiments.options import Integers
from experiments.usage import parse_options

TOPK_SCHEMA = {"user_id": pl.String, "movie_id": pl.String, "rank": pl.Int64, "score": pl.Float64}


@dataclass(frozen=True)
class ScoreOptions:
    """Scores ranked lists of any origin; the lists of a run get the numbers of its metrics.json."""

    topk: Path
    """The lists (CSV or Parquet): user_id, movie_id and rank (from 1) or score (higher is better)."""
    truth: Path
    """The test rows (CSV or Parquet): user_id, movie_id[, user_rating]."""
    seen: Path | None = None
    """What users knew before (CSV or Parquet): taken out of the lists; defines coverage, novelty and slices."""
    ks: Integers = (5, 10, 20)
    """Lengths of the result lists that are scored."""
    threshold: float | None = None
    """A truth row counts as relevant if its user_rating is at least this; default: every row."""
    json: bool = False
    """Print the result as JSON on stdout."""
    debug: bool = False
    """Show tracebacks."""


def main(words: Sequence[str]) -> None:
    """Scores and prints."""
    options = parse_options(ScoreOptions, words, prog="recs score")
    result = score_files(options)
    if options.json:
        print(json.dumps(without_nan(result.as_dict())))
        return
    screen = console()
    screen.print(top_k_table(result.metrics, result.confidence, f"{options.topk.name} against {options.truth.name}"))
    screen.print(f"{result.metrics['users']:.0f} users with something relevant")


def score_files(options: ScoreOptions) -> Evaluation:
    """Reads the files and scores the lists."""
    return score_topk(
        read_columns(options.topk, TOPK_SCHEMA, ("user_id", "movie_id")),
        read_ratings_file(options.truth)[0],
        read_ratings_file(options.seen)[0] if options.seen else None,
        ks=options.ks,
        threshold=options.threshold,
    )
