"""Scores a finished run of the hybrid with another cold-start offset, which is applied after training.

    python -m tfrs_lab.experiments.runs.rescore_hybrid RUN --cold cautious [--against RUN ...]

prints what ``recs compare --json`` prints, of the run at that setting and of the other runs as they are. The run's own
weights are scored, so that two settings differ by the offset alone. Of validation only the curve over it is known.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from tfrs_lab.data import DataError, read_table
from tfrs_lab.data.storage import read_arrays, without_nan, write_json, write_parquet
from tfrs_lab.evaluation import evaluate
from tfrs_lab.experiments.display.differences import differences, to_json
from tfrs_lab.experiments.reports import as_runs, comparable
from tfrs_lab.experiments.storage.results import Result, merge, read_result
from tfrs_lab.models.hybrid.cold_start import OffsetCurve
from tfrs_lab.models.hybrid.config import Caution
from tfrs_lab.models.hybrid.recommender import HybridRecommender


@dataclass(frozen=True)
class RescoreOptions:
    """What is scored."""

    run: Annotated[Path, tyro.conf.Positional]
    """A finished run of the hybrid."""
    cold: Caution | float = "cautious"
    """The cold-start offset, as for --hybrid.cold."""
    against: tuple[Path, ...] = ()
    """Finished runs on the same split to print beside it."""


def rescored(run: Path, cold: Caution | float, directory: Path) -> Result:
    """The run as if it had been told ``cold``.

    Raises:
        DataError: It is the run of something else, or one that had no curve to choose from.
    """
    found = read_result(run)
    if found.name != "hybrid":
        raise DataError(f"expected a run of hybrid, got one of {found.name}", file=run)
    labels = found.metrics.get("parts", [""])
    for label in labels:
        _rescore_replicate(run / label, found, cold, directory / label)
    settings = {**found.config["settings"], "hybrid": {**found.config["settings"]["hybrid"], "cold": cold}}
    write_json(directory / "config.json", {**found.config, "settings": settings})
    if len(labels) > 1:
        merge(directory, labels)
    return read_result(directory)


def _rescore_replicate(source: Path, run: Result, cold: Caution | float, directory: Path) -> None:
    curve = OffsetCurve.from_plan(json.loads((source / "plan.json").read_text(encoding="utf-8")))
    if not curve.points:
        raise DataError(
            f"expected a curve over the cold-start offset, got none: {run.config['split']} has no use for it",
            file=source,
        )
    model = HybridRecommender.from_state(read_arrays(source / "checkpoints" / "model.npz"))
    stored = json.loads((source / "metrics.json").read_text(encoding="utf-8"))
    options = run.config["settings"]
    test = evaluate(
        model.with_cold_start_offset(curve.chosen(cold)),
        read_table(source / "test.parquet"),
        seen=read_table(source / "known.parquet"),
        ks=sorted({int(name.split("@")[1]) for name in stored["test"] if name.startswith("ndcg@")}),
        threshold=options["threshold"],
    )
    ratings = {name: stored["test"][name] for name in ("rmse", "mae") if name in stored["test"]}
    errors = {name: stored["confidence"][name] for name in ratings}
    directory.mkdir(parents=True, exist_ok=True)
    write_parquet(directory / "per_user.parquet", test.per_user)
    for name in ("timing.json", "predictions.parquet"):  # the offset does not affect ratings
        if (source / name).exists():
            shutil.copy(source / name, directory / name)
    metrics = {"validation": {}, "test": {**test.metrics, **ratings}, "confidence": {**test.confidence, **errors}}
    write_json(directory / "metrics.json", {**metrics, "slices": test.slices})


def main(words: Sequence[str]) -> None:
    """Scores and prints."""
    options = tyro.cli(
        RescoreOptions, args=list(words), prog="python -m tfrs_lab.experiments.runs.rescore_hybrid", description=__doc__
    )
    with tempfile.TemporaryDirectory() as scratch:
        others = [read_result(run) for run in options.against]
        for other in others:
            if not comparable(as_runs([other, read_result(options.run)])):
                raise DataError(
                    "--against: expected a run with the same test rows, got other ones", file=other.directory
                )
        results = [*others, rescored(options.run, options.cold, Path(scratch))]
        about = {"dataset": results[-1].config["dataset"]["name"], "split": results[-1].config["split"]}
        compared = differences({result.name: result for result in results})
        shown = {**about, "runs": to_json(results), "differences": compared}
        print(json.dumps(without_nan(shown)))


if __name__ == "__main__":
    main(sys.argv[1:])
