"""What freshness is worth, as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfrs_lab.experiments.display.result_table import ResultTable


def names_of(result: Mapping[str, Any]) -> list[str]:
    """The models that were asked, in order."""
    return [name for name, one in result["groups"][0].items() if isinstance(one, Mapping)]


def freshness_table(result: Mapping[str, Any]) -> ResultTable:
    """A row for all events, and one for each group of them."""
    names, against, k = names_of(result), result["against"], result["k"]
    others = [name for name in names if name != against]
    header = ["events since\ntraining", "events", *(f"{name}\nnDCG@{k}" for name in names)]
    header += [f"{name} less\n{against}" for name in others] + [f"{name}\nhit rate@{k}" for name in names]
    rows = []
    for group in result["groups"]:
        row = [str(group["since"]), f"{group['events']:,}"]
        for name in names:
            low, high = group[name]["interval"]
            row.append(f"{group[name]['ndcg']:.3f} ± {(high - low) / 2:.3f}")
        for name in others:
            low, high = group[name]["difference_interval"]
            row.append(f"{group[name]['difference']:+.3f} [{low:+.3f}, {high:+.3f}]")
        rows.append(row + [f"{group[name]['hit_rate']:.3f}" for name in names])
    return ResultTable(header, rows, title=f"{result['model']}: the next event of each user")


def interleaved_line(result: Mapping[str, Any]) -> str:
    """Whose picks were wanted in a list that held both models'."""
    found = result["interleaved"]
    first, second = found["names"]
    low, high = found["interval"]
    return (
        f"In one list of {result['k']} that holds both models' picks, {found['first']:,} events went to {first} and "
        f"{found['second']:,} to {second}: a preference for {first} of {found['preference']:+.3f} "
        f"[{low:+.3f}, {high:+.3f}], from -1 to 1."
    )
