"""What each stage of a cascade is worth on validation, from run directories to a table of the docs.

``python -m benchmarks.pages.stages_table split RUN ... > docs/results/cascade-stages.json`` collects the plans of
finished runs; instead of ``split`` it takes the name of a setting in which they differ, such as ``ranker.objective``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from functools import reduce
from pathlib import Path
from statistics import fmean
from typing import Any

from tfrs_lab.experiments.display.display import number
from tfrs_lab.experiments.storage.directory import read_config

STAGES = ("by predicted rating", "ranker alone", "ranker mixed in")


def collected(column: str, runs: list[Path]) -> dict[str, Any]:
    """The plans of each run's parts, without what the retriever found.

    Args:
        column: What tells the runs apart: ``split``, or the dotted name of a field of the cascade's configuration.
        runs: Run directories of the experiment.
    """
    rows = {}
    for run in runs:
        plans = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(run.rglob("plan.json"))]
        config = read_config(run)
        setting = reduce(
            lambda values, name: values[name], column.split("."), {**config["settings"]["cascade"], **config}
        )
        rows[setting] = [{key: plan[key] for key in ("holdout", "depth", "weight", "stages")} for plan in plans]
    return {"kind": "stages", "column": column, "rows": rows}


def stages(stored: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and rows of the table; numbers are means over the parts of a run."""
    depths = list(next(iter(stored["rows"].values()))[0]["stages"]["candidates"])
    header = [stored["column"], *depths, "retrieval", *STAGES, "gain", "chosen"]
    return header, [_row(label, plans, depths) for label, plans in stored["rows"].items()]


def _row(label: str, plans: list[dict[str, Any]], depths: list[str]) -> list[str]:
    every = [plan["stages"] for plan in plans]
    found = [number(fmean(one["candidates"][depth] for one in every), 2) for depth in depths]
    scores = [number(fmean(one[name]["ndcg@10"] for one in every), 4) for name in ("retrieval", *STAGES)]
    gain, error = (fmean(one[STAGES[-1]][key] for one in every) for key in ("gain", "standard_error"))
    chosen = [f"first {plan['depth']}, {plan['weight']:g}" if plan["weight"] else "retrieval" for plan in plans]
    return [label, *found, *scores, f"{gain:+.4f} ± {number(error, 4)}", "; ".join(chosen)]


if __name__ == "__main__":
    print(json.dumps(collected(sys.argv[1], [Path(word) for word in sys.argv[2:]])))
