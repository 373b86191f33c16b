"""What freshness is worth, as a table and a plot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.table import Table

NDCG = "nDCG@{k}"


def names_of(result: Mapping[str, Any]) -> list[str]:
    """The models that were asked, in order."""
    return [name for name, one in result["groups"][0].items() if isinstance(one, Mapping)]


def freshness_cells(result: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and rows: a row for each group of events."""
    names, against, k = names_of(result), result["against"], result["k"]
    header = ["events since training", "events", *(f"{name}\nnDCG@{k}" for name in names)]
    header += [f"{name} less\n{against}" for name in names if name != against]
    header += [f"{name}\nhit rate@{k}" for name in names]
    rows = []
    for group in result["groups"]:
        row = [str(group["since"]), f"{group['events']:,}"]
        for name in names:
            low, high = group[name]["interval"]
            row.append(f"{group[name]['ndcg']:.3f} ± {(high - low) / 2:.3f}")
        for name in names:
            if name != against:
                low, high = group[name]["difference_interval"]
                row.append(f"{group[name]['difference']:+.3f} [{low:+.3f}, {high:+.3f}]")
        rows.append(row + [f"{group[name]['hit_rate']:.3f}" for name in names])
    return header, rows


def freshness_table(result: Mapping[str, Any]) -> Table:
    """For a terminal."""
    header, rows = freshness_cells(result)
    title = f"{result['model']}: the next event of each user, live and frozen"
    table = Table(title=title, box=box.SIMPLE_HEAD, title_style="bold")
    for place, name in enumerate(header):
        table.add_column(name, justify="left" if place == 0 else "right", no_wrap=place > 0)
    for row in rows:
        table.add_row(*row)
    return table
