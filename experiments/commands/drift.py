"""``recs runs drift EXPORT``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import tyro

from tfrs_lab.data import DataError
from tfrs_lab.data.storage import without_nan
from tfrs_lab.experiments.command_line.options import ResultOptions
from tfrs_lab.experiments.command_line.usage import parse_options
from tfrs_lab.experiments.display.display import console, number
from tfrs_lab.experiments.display.result_table import ResultTable
from tfrs_lab.experiments.recommend.open import exported_version
from tfrs_lab.models.training.reporter import reporter_here

DESCRIPTION = """Compares a log of later events with what an export was trained on: how much of it the model does not
know, whether histories, the movies of events and the lists that it gives are distributed as they were. An index (PSI)
below .1 is called stable, from .25 on changed. A model whose inputs have changed is due for training again; recs replay
says what it still is worth."""
NOTE = "Medians, and the population stability index of their distributions; shares have none."


@dataclass(frozen=True)
class DriftOptions(ResultOptions):
    """What the command takes."""

    export: tyro.conf.Positional[Path]
    """Directory of an export (recs export)."""
    events: Path
    """The later events (CSV or Parquet): user_id, movie_id, timestamp where there are times."""
    known: Path | None = None
    """The rows that the export was trained on; default: the histories that lie in it."""
    columns: str | None = None
    """What our columns are called in your files, where that differs: user_id=customer,movie_id=film."""
    k: int = 10
    """Length of the lists."""

    def __post_init__(self) -> None:
        if self.k < 1:
            raise ValueError(f"--k: expected at least 1, got {self.k}")


def main(words: Sequence[str]) -> None:
    """Compares a log of events with what an export was trained on."""
    options = parse_options(DriftOptions, words, prog="recs runs drift", description=DESCRIPTION)
    from tfrs_lab.experiments.runs.drift import drift_of
    from tfrs_lab.experiments.runs.replay import known_to, read_events

    version = exported_version(options.export)
    if version is None:
        raise DataError("expected an export, which recs export writes, got something else", file=options.export)
    reporter = reporter_here()
    known = known_to(version, options.known, options.columns, reporter)
    events = read_events(options.events, options.columns, reporter)
    with reporter.phase(f"asking {options.export}"):
        found = drift_of(version, known, events, k=options.k)
    if options.json:
        print(json.dumps(without_nan([{**asdict(one), "verdict": one.verdict} for one in found])))
        return
    rows = [[one.name, number(one.then), number(one.now), number(one.index, 2), one.verdict or "–"] for one in found]
    title = f"{options.export}: {len(events):,} events against {len(known):,} rows of training"
    console().print(ResultTable(["", "training", "events", "index", "verdict"], rows, title, NOTE))
