"""``recs export RUN OUT``."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro

from tfrs_lab.experiments.command_line.options import ResultOptions
from tfrs_lab.experiments.command_line.usage import parse_options
from tfrs_lab.experiments.display.display import console, program
from tfrs_lab.models.training.reporter import reporter_here


@dataclass(frozen=True)
class ExportOptions(ResultOptions):
    """Writes a run as the next version OUT/1, OUT/2, ... of a SavedModel that needs none of this project's code."""

    run: tyro.conf.Positional[Path]
    """Directory of a finished run whose model has vectors: retrieval, content, hybrid, ials, cascade."""
    out: tyro.conf.Positional[Path]
    """Directory of the versions."""
    index: Literal["scann", "brute-force"] | None = None
    """scann is fast with many movies and needs `import scann` before loading; brute-force loads anywhere. Default: what
    `recs index` chose for the run; where it was not called, scann on Linux, brute-force elsewhere."""
    min_recall: float = 0.95
    """Refuse to export an index whose lists have less than this share of brute force's."""

    def __post_init__(self) -> None:
        if not 0 <= self.min_recall <= 1:
            raise ValueError(f"--min-recall: expected a number from 0 to 1, got {self.min_recall}")


def main(words: Sequence[str]) -> None:
    """Exports, and prints how to load it."""
    options = parse_options(ExportOptions, words, prog="recs export")
    reporter = reporter_here()
    with reporter.phase(f"exporting {options.run}"):
        from tfrs_lab.experiments.export.export import export_run

        found = export_run(options.run, options.out, options.index, options.min_recall, reporter)
    if options.json:
        record = {"version": str(found.version), "index": vars(found.setting), f"recall@{found.k}": found.recall}
        print(json.dumps({**record, "diversity": found.curve}))
        return
    screen = console()
    screen.print(f"SavedModel: {found.version} ({found.setting.kind})", soft_wrap=True)
    for point in found.curve[:: max(1, len(found.curve) // 3)]:
        screen.print(
            f"  diversity {point['diversity']:.1f}: nDCG@10 {point['ndcg@10']:.3f}, dissimilarity "
            f"{point['unlikeness@10']:.3f}, coverage {point['coverage@10']:.3f}"
        )
    screen.print(f"next: {program()} serve {shlex.quote(str(options.out))}", soft_wrap=True)
    screen.print("      answers over HTTP, with a page to try it at http://127.0.0.1:8501", soft_wrap=True)
