"""``recs report RUN [RUN ...]``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tyro

from tfrs_lab.data import DataError
from tfrs_lab.experiments.command_line.options import CommandOptions
from tfrs_lab.experiments.command_line.usage import parse_options
from tfrs_lab.experiments.display.display import console
from tfrs_lab.models.training.reporter import reporter_here

DESCRIPTION = """Writes one self-contained HTML page about a finished run, or about several side by side: metrics with
intervals and paired differences, quality by length of the list, by users and by movies, learning curves, calibration,
a map of the movies, examples, settings and environment. What the runs hold nothing for is left out.

The page needs no network and no scripts; print it, or send it to somebody. A run's own report.html is the same page:
call this again after recs index to have the index in it."""


@dataclass(frozen=True)
class ReportOptions(CommandOptions):
    """What the command takes."""

    runs: tyro.conf.Positional[tuple[Path, ...]]
    """Directories of finished runs (recs run) or comparisons (recs compare), which mean all their runs."""
    out: Path | None = None
    """The page to write; default report.html in the one directory that is named, or here if there are several."""

    def __post_init__(self) -> None:
        if not self.runs:
            raise ValueError("expected directories of finished runs or comparisons, got none")


def main(words: Sequence[str]) -> None:
    """Writes the page and says where it is."""
    options = parse_options(ReportOptions, words, prog="recs report", description=DESCRIPTION)
    from tfrs_lab.data.storage import write_text
    from tfrs_lab.experiments.reports import page, read_runs
    from tfrs_lab.experiments.storage.results import failed_in

    alone = len(options.runs) == 1
    out = options.out or (options.runs[0] / "report.html" if alone else Path("report.html"))
    if out.is_dir():
        raise DataError("--out: expected the name of a file, got a directory", file=out)
    with reporter_here().phase("report"):
        runs = read_runs(options.runs)
        failed = {name: reason for directory in options.runs for name, reason in failed_in(directory).items()}
        write_text(out, page(runs, failed))
    about = runs[0].label if len(runs) == 1 else f"{len(runs)} runs"
    console().print(f"report of {about}: {out}", soft_wrap=True)
