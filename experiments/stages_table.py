"""What each stage of a cascade is worth on validation, from run directories to a table of the docs.

``python -m experiments.stages_table RUN ... > docs/results/cascade-stages.json`` collects the plans of finished runs.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

from experiments.display import number
from experiments.rundir import read_config

STAGES = ("by predicted rating", "ranker alone", "ranker mixed in")


def collected(runs: list[Path]) -> dict[str, Any]:
    """Split → plans of the parts of each run, without what the retriever found."""
    splits = {}
    for run in runs:
        plans = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(run.rglob("plan.json"))]
        kept = [{key: plan[key] for key in ("holdout", "depth", "weight", "stages")} for plan in plans]
        splits[read_config(run)["split"]] = kept
    return {"kind": "stages", "splits": splits}


def stages(stored: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and rows of the table; numbers are means over the parts of a run."""
    depths = list(next(iter(stored["splits"].values()))[0]["stages"]["candidates"])
    header = ["split", *depths, "retrieval", *STAGES, "gain", "chosen"]
    return header, [_row(split, plans, depths) for split, plans in stored["splits"].items()]


def _row(split: str, plans: list[dict[str, Any]], depths: list[str]) -> list[str]:
    every = [plan["stages"] for plan in plans]
    found = [number(fmean(one["candidates"][depth] for one in every), 2) for depth in depths]
    scores = [number(fmean(one[name]["ndcg@10"] for one in every), 4) for name in ("retrieval", *STAGES)]
    gain, error = (fmean(one[STAGES[-1]][key] for one in every) for key in ("gain", "standard_error"))
    chosen = [f"first {plan['depth']}, {plan['weight']:g}" if plan["weight"] else "retrieval" for plan in plans]
    return [split, *found, *scores, f"{gain:+.4f} ± {number(error, 4)}", "; ".join(chosen)]


if __name__ == "__main__":
    print(json.dumps(collected([Path(word) for word in sys.argv[1:]])))
