"""``recs index RUN``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tyro

from tfrs_lab.data.dataset import MOVIES_SCHEMA
from tfrs_lab.data.reading.feature_files import read_features
from tfrs_lab.data.storage import without_nan
from tfrs_lab.experiments.command_line.options import ResultOptions
from tfrs_lab.experiments.command_line.usage import parse_options
from tfrs_lab.experiments.display.display import console, program
from tfrs_lab.models.training.reporter import Reporter, reporter_here

if TYPE_CHECKING:
    from tfrs_lab.experiments.export.index_store import StoredIndex

DESCRIPTION = """Finds the fastest way to search a run's movies whose recall reaches the target, brute force or ScaNN,
builds the index and records the curve in RUN/index.json and RUN/index.svg.

With --add or --remove movies join or leave and the index is built again with the setting that it has; --rebuild starts
over with the run's own movies. The new index takes the place of the old one in one step."""


@dataclass(frozen=True)
class IndexOptions(ResultOptions):
    """What the command takes."""

    run: tyro.conf.Positional[Path]
    """Directory of a finished run whose model has vectors: retrieval, content, hybrid, ials, cascade."""
    target_recall: float = 0.99
    """Share of brute force's k best movies that has to be found."""
    k: int = 100
    """Length of the lists that recall is measured on; at least what a cascade's ranker sees."""
    only_scann: bool = False
    """Take ScaNN even where brute force is faster."""
    add: Path | None = None
    """Movies that join by their raw features (CSV or Parquet: movie_id, movie_title, movie_genres, release_date, ...);
    for models that know movies by content."""
    remove: tyro.conf.UseAppendAction[tuple[str, ...]] = ()
    """Ids of movies that are not recommended any more, with commas between them; may be repeated."""
    rebuild: bool = False
    """Forget which movies joined and left, tune and build anew."""
    seed: int = 0
    """Of the choice of users to tune with, and of ScaNN's clustering."""

    def __post_init__(self) -> None:
        if not 0 < self.target_recall <= 1:
            raise ValueError(f"--target-recall: expected more than 0 and at most 1, got {self.target_recall}")
        if self.k < 1:
            raise ValueError(f"--k: expected at least 1, got {self.k}")
        if self.rebuild and (self.add or self.remove):
            raise ValueError("--rebuild: expected without --add and --remove, since it forgets them")


def main(words: Sequence[str]) -> None:
    """Tunes, builds or changes the index, and prints what it is."""
    options = parse_options(IndexOptions, words, prog="recs index", description=DESCRIPTION)
    reporter = reporter_here()
    with reporter.phase(f"index of {options.run}"):
        index = _index(options, reporter)
    if options.json:
        print(json.dumps(without_nan(json.loads((options.run / "index.json").read_text(encoding="utf-8")))))
        return
    show(index, options.run)


def _index(options: IndexOptions, reporter: Reporter) -> StoredIndex:
    from tfrs_lab.experiments.export.indexing import TuningTarget, change_movies, tune_index

    if options.add or options.remove:
        table = read_features(options.add, MOVIES_SCHEMA, "movie_id")[0] if options.add else None
        return change_movies(options.run, table, options.remove)
    target = TuningTarget(options.target_recall, options.k, options.seed, options.only_scann)
    return tune_index(options.run, target, reporter, afresh=options.rebuild)


def show(index: StoredIndex, run: Path) -> None:
    """Prints what was chosen."""
    screen, tuning = console(), index.tuning
    for title, name in (("chosen", "chosen"), ("brute force", "brute_force")):
        one = tuning[name]
        speed = f"{one['queries_per_second']:,.0f} queries/s"
        screen.print(f"{title + ':':13}{_words(one['setting'])}: recall@{tuning['k']} {one['recall']:.4f}, {speed}")
    changes = f"{index.added.height} movies added, {len(index.removed)} removed; " if _changed(index) else ""
    screen.print(f"index: {changes}generation {index.version}, record {run / 'index.json'}", soft_wrap=True)
    screen.print(f"next: {program()} export {run} OUT", soft_wrap=True)


def _changed(index: StoredIndex) -> bool:
    return bool(index.added.height or index.removed)


def _words(setting: dict[str, Any]) -> str:
    """A setting in words."""
    if setting["kind"] == "brute-force":
        return "brute force"
    searched = f"{setting['leaves_to_search']} of {setting['leaves']} leaves searched"
    codes = f"{setting['dimensions_per_block']} dimensions per block, threshold {setting['threshold']}"
    return f"ScaNN, {searched}, {codes}, {setting['reorder']} scored exactly"
