"""Writes the tables of README and docs from committed results, and checks that they are up to date.

A table stands between ``<!-- table: NAME -->`` and ``<!-- end of table -->`` and shows ``docs/results/NAME.json``,
which is what ``recs compare --json`` prints. ``python -m experiments.tables`` checks, with ``--write`` it mends.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiments.display import number, seconds, with_interval

ROOT = Path(__file__).parent.parent
TABLE = re.compile(r"(<!-- table: ([\w-]+) -->\n).*?(<!-- end of table -->)", re.DOTALL)


def table(name: str) -> str:
    """The Markdown table of ``docs/results/NAME.json``."""
    stored = json.loads((ROOT / "docs" / "results" / f"{name}.json").read_text(encoding="utf-8"))
    runs, differences = stored["runs"], stored["differences"]
    best = differences["best"]
    header = [
        "model",
        "nDCG@10",
        "precision@10",
        "recall@10",
        "factorized top-100",
        f"nDCG@10 against {best}",
        "train s",
    ]
    rows = [_row(one, runs[one], differences) for one in runs]
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _row(name: str, run: Mapping[str, Any], differences: Mapping[str, Any]) -> list[str]:
    test, mark = run["test"], "**" if name == differences["best"] else ""
    against = "–"
    if name in differences["paired"]:
        low, high = differences["paired"][name]["interval"]
        against = f"{differences['paired'][name]['difference']:+.3f} [{low:+.3f}, {high:+.3f}]"
    return [
        f"{mark}{name}{mark}",
        *(with_interval(test, run["confidence"], metric) for metric in ("ndcg@10", "precision@10", "recall@10")),
        number(test["factorized_top_100"]),
        against,
        seconds(run["seconds"]["train"]),
    ]


def with_tables(text: str) -> str:
    """The text with every table as the results say."""
    return TABLE.sub(lambda match: match[1] + table(match[2]) + match[3], text)


def pages() -> list[Path]:
    """The files that may hold tables."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def main(words: list[str]) -> int:
    """Checks or mends; returns the exit status."""
    stale = [
        page for page in pages() if with_tables(page.read_text(encoding="utf-8")) != page.read_text(encoding="utf-8")
    ]
    for page in stale:
        if "--write" in words:
            page.write_text(with_tables(page.read_text(encoding="utf-8")), encoding="utf-8")
        print(f"{page.relative_to(ROOT)}: {'mended' if '--write' in words else 'not as the results say; make tables'}")
    return 1 if stale and "--write" not in words else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
