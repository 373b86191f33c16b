"""Writes the tables of README and docs from committed results, and checks that they are up to date.

A table stands between ``<!-- table: NAME -->`` and ``<!-- end of table -->`` and shows ``docs/results/NAME.json``. The
file's ``kind`` decides how: ``ablation``, ``tuning``, ``defaults``, ``stages``, ``index``, ``load``, ``distributed``,
``scale``, ``soak``, ``field`` and ``benchmark`` (notes follow), or without one what ``recs compare --json`` prints.
``python -m benchmarks.pages.tables`` checks, with ``--write`` it mends, and draws the pictures.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.pages import RESULTS, ROOT
from benchmarks.pages.architecture import picture
from benchmarks.pages.figures import with_figures
from benchmarks.pages.stages_table import stages
from benchmarks.shared.record import benchmark_cells, benchmark_notes
from tfrs_lab.experiments.ablations.table import ablation_table
from tfrs_lab.experiments.display.comparison_table import COLUMNS
from tfrs_lab.experiments.display.display import number, seconds, with_interval
from tfrs_lab.experiments.display.freshness import freshness_table
from tfrs_lab.experiments.display.plots import cost_per_rating, growth, models, numbers_of, trade_off
from tfrs_lab.experiments.display.result_table import ResultTable
from tfrs_lab.experiments.storage.results import Result
from tfrs_lab.models.config_fields import short

Cells = tuple[list[str], list[list[str]]]
"""A header and rows."""

TABLE = re.compile(r"(<!-- table: ([\w-]+) -->\n).*?(<!-- end of table -->)", re.DOTALL)


def table(name: str) -> str:
    """The Markdown table of ``docs/results/NAME.json``."""
    stored = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    kind = stored.get("kind", "comparison")
    if kind not in TABLES:
        raise ValueError(f"{name}.json: expected a kind of {', '.join(TABLES)}, got {kind!r}")
    header, rows = TABLES[kind](stored)
    below = "".join(f"\n{note}\n" for note in NOTES.get(kind, lambda _: [])(stored))
    return ResultTable(header, rows).markdown() + below


def comparison(stored: Mapping[str, Any]) -> Cells:
    """What ``recs compare --json`` printed."""
    runs, differences = stored["runs"], stored["differences"]
    if stored["split"] in COLUMNS:
        return _cold_comparison(stored)
    rated = any("rmse" in run["test"] for run in runs.values())
    header = ["model", "nDCG@10", "precision@10", "recall@10", "factorized top-100"]
    header += [f"nDCG@10 against {_reference(differences)}", *(["RMSE", "MAE"] if rated else []), "train s"]
    return header, [_row(one, runs[one], differences, rated) for one in runs]


def ablation(stored: Mapping[str, Any]) -> Cells:
    """What ``recs ablate --results`` wrote."""
    found = ablation_table(stored)
    return list(found.header), list(map(list, found.rows))


def freshness(stored: Mapping[str, Any]) -> Cells:
    """What ``recs replay --json`` printed."""
    found = freshness_table(stored)
    return [heading.replace("\n", " ") for heading in found.header], list(map(list, found.rows))


def tuning(stored: Mapping[str, Any]) -> Cells:
    """What ``recs tune --out`` wrote: each field's range, where the search began and what it found."""
    header = ["field", "searched", "start", "best", "importance"]
    start, best = stored["start"], stored["best"]
    rows = []
    for name, domain in stored["space"].items():
        share = stored["importances"].get(name)
        importance = "–" if share is None else f"{share:.0%}"
        rows.append([name, _range(domain), short(start["values"][name]), short(best["values"][name]), importance])
    scores = [f"{one['mean']:.4f} ± {number(one['standard_error'], 4)}" for one in (start, best)]
    return header, [*rows, ["validation nDCG@10", "", *scores, ""]]


def defaults(stored: Mapping[str, Any]) -> Cells:
    """What ``python -m benchmarks.defaults --write`` wrote."""
    names = list(stored["rows"][0]["ndcg@10"])
    rows = []
    for row in stored["rows"]:
        scores = [with_interval(row["ndcg@10"], row["confidence"], name) for name in names]
        sizes = [f"{size:,}" for size in row["sizes"]]
        rows.append([row["name"], *sizes, *scores, seconds(row["train_seconds"]), number(row["peak_gb"], 1)])
    return ["data", "users", "movies", "ratings", *names, "train s", "peak GB"], rows


def field_cells(stored: Mapping[str, Any]) -> Cells:
    """What ``python -m benchmarks.field --write`` wrote; a set's name stands in its first row."""
    metrics = {"nDCG@10": "ndcg@10", "nDCG@20": "ndcg@20", "recall@10": "recall@10", "recall@20": "recall@20"}
    rows = []
    for name, found in stored["sets"].items():
        for place, row in enumerate(found["rows"]):
            cells = [number(row.get(metric), 4) for metric in metrics.values()]
            if "confidence" in row:
                low, high = row["confidence"]
                cells[0] += f" ± {number((high - low) / 2, 4)}"
            took = seconds(row["train_seconds"]) if "train_seconds" in row else "–"
            rest = [took, number(row.get("peak_gb"), 1), row.get("source") or ""]
            rows.append(["" if place else name, row["by"], *cells, *rest])
    return ["data", "by", *metrics, "train s", "peak GB", "source"], rows


def field_notes(stored: Mapping[str, Any]) -> list[str]:
    """What is to be known of published figures, a paragraph for each set that has some."""
    return [f"{name}: {found['protocol']}." for name, found in stored["sets"].items() if found["protocol"]]


def index(stored: Mapping[str, Any]) -> Cells:
    """What ``python -m benchmarks.index --write`` wrote."""
    rows = []
    for row in stored["rows"]:
        speed, found = f"{row['queries_per_second']:,.0f}", number(row["recall"], 4)
        rows.append([row["name"], speed, found, seconds(row["build_seconds"]), row["setting"]])
    if stored["million"]:
        million = stored["million"]
        words = f"{million['movies']:,.0f} vectors: {million['peak_gb']:.1f} GB at most"
        rows.append(["ScaNN", "–", number(million["recall"], 4), seconds(million["seconds"]), words])
    return [f"{stored['movies']:,} x {stored['dim']}", "queries/s", "recall@10", "build s", "setting"], rows


def load(stored: Mapping[str, Any]) -> Cells:
    """What ``python -m benchmarks.load --write`` wrote."""
    return ["measured", "value", "target"], [[row["what"], row["value"], row["target"]] for row in stored["rows"]]


def distributed(stored: Mapping[str, Any]) -> Cells:
    """What ``python -m benchmarks.distributed --write`` wrote."""
    header = ["batch", "optimizer", "one process, examples/s", "two workers, examples/s", "speedup", "processor time"]
    forms = {"batch": "{:,}", "optimizer": "{}", "one": "{:,.0f}", "two": "{:,.0f}", "speedup": "{:.2f}"}
    forms["processor"] = "× {:.2f}"
    return header, [[form.format(row[name]) for name, form in forms.items()] for row in stored["rows"]]


def scale(stored: Mapping[str, Any]) -> Cells:
    """What ``python -m benchmarks.scale --write`` wrote."""
    stages = list(stored["points"][0]["seconds"])
    header = ["ratings", "users", "movies", *(f"{stage} s" for stage in stages), "µs a rating", "peak GB"]
    rows = []
    for point in stored["points"]:
        sizes = [f"{point[name]:,}" for name in ("rows", "users", "movies")]
        took = [f"{point['seconds'][stage]:.1f}" for stage in stages]
        rows.append([*sizes, *took, f"{cost_per_rating(point):.1f}", number(point["peak_gb"], 2)])
    return header, rows


def soak(stored: Mapping[str, Any]) -> Cells:
    """What ``python -m soak --write`` wrote."""
    rows = []
    for name, hunt in stored["hunts"].items():
        tried = ", ".join(f"{count:,} {kind}" for kind, count in hunt["counts"].items())
        rows.append([name, tried, f"{hunt['seconds']:,}", str(len(hunt["failures"]))])
    return ["hunt", "tried", "s", "failures"], rows


def _range(domain: Mapping[str, Any]) -> str:
    """A domain in words.

    >>> _range({"low": 1, "high": 40, "log": True}), _range({"values": [16, 32]})
    ('1 to 40, log', '16, 32')
    """
    if "values" in domain:
        return ", ".join(map(short, domain["values"]))
    return f"{short(domain['low'])} to {short(domain['high'])}" + (", log" if domain["log"] else "")


TABLES: dict[str, Callable[[Mapping[str, Any]], Cells]] = {
    **{"comparison": comparison, "ablation": ablation, "tuning": tuning, "defaults": defaults},
    **{"stages": stages, "index": index, "load": load, "distributed": distributed, "scale": scale},
    **{"soak": soak, "benchmark": benchmark_cells, "freshness": freshness, "field": field_cells},
}
NOTES: dict[str, Callable[[Mapping[str, Any]], list[str]]] = {"benchmark": benchmark_notes, "field": field_notes}
"""What stands below a table, by its kind."""


def _row(name: str, run: Mapping[str, Any], differences: Mapping[str, Any], rated: bool) -> list[str]:
    test, mark = run["test"], "**" if name in differences.get("leading", [_reference(differences)]) else ""
    against = "–"
    if name in differences["paired"]:
        low, high = differences["paired"][name]["interval"]
        against = f"{differences['paired'][name]['difference']:+.3f} [{low:+.3f}, {high:+.3f}]"
    return [
        f"{mark}{name}{mark}",
        *(with_interval(test, run["confidence"], metric) for metric in ("ndcg@10", "precision@10", "recall@10")),
        number(test["factorized_top_100"]),
        against,
        *([with_interval(test, run["confidence"], metric) for metric in ("rmse", "mae")] if rated else []),
        seconds(run["seconds"]["train"]),
    ]


def _reference(differences: Mapping[str, Any]) -> str:
    """What the others were compared with; before version 0.2 it was the best on test and called so."""
    found: str = differences["reference"] if "reference" in differences else differences["best"]
    return found


def _cold_comparison(stored: Mapping[str, Any]) -> Cells:
    """The same on a split with columns of its own."""
    config = {"split": stored["split"]}
    runs = {
        name: Result(Path(), config, metrics, pl.DataFrame(), metrics["seconds"])
        for name, metrics in stored["runs"].items()
    }
    columns = COLUMNS[stored["split"]](next(iter(runs.values())))
    rows = [[name, *(cell(run) for _, cell in columns)] for name, run in runs.items()]
    return ["model", *(title.replace("\n", " ") for title, _ in columns)], rows


def with_tables(text: str) -> str:
    """The text with every table, and every number in between that says where it comes from, as the results say."""
    return with_figures(TABLE.sub(lambda match: match[1] + table(match[2]) + match[3], text))


def pages() -> list[Path]:
    """The files that may hold tables."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


QUESTIONS = {
    "stratified": "What else have they rated?",
    "temporal-user": "What next?",
    "cold-items": "Which new movies?",
}
"""The splits in the picture of the README, and what each asks."""


def plots() -> dict[Path, str]:
    """Pictures: of the README, the architecture, cost by size, ablations with two aims: file → SVG."""
    stored = {file: json.loads(file.read_text(encoding="utf-8")) for file in sorted(RESULTS.glob("ablation-*.json"))}
    runs = {file: {"default": one["default"], **one["variants"]} for file, one in stored.items()}
    asked = {
        text: json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8")) for name, text in QUESTIONS.items()
    }
    sizes = json.loads((RESULTS / "scale.json").read_text(encoding="utf-8"))["points"]
    compared = models({text: _compared(one) for text, one in asked.items()})
    drawn = {"models.svg": compared, "scale.svg": growth(sizes), "architecture.svg": picture()}
    return {RESULTS / name: svg for name, svg in drawn.items()} | {
        file.with_suffix(".svg"): trade_off({name: run["test"] for name, run in of_file.items()})
        for file, of_file in runs.items()
        if sum("rmse" in run["test"] for run in of_file.values()) > 1
    }


def _compared(stored: Mapping[str, Any]) -> dict[str, tuple[float, float, float]]:
    """Model → nDCG@10 and the ends of what stands behind its ± in the table."""
    found = {}
    for name, run in stored["runs"].items():
        value = run["test"]["ndcg@10"]
        spread = run["spread"]["test"]["ndcg@10"] if stored["split"] in COLUMNS else None
        low, high = (value - spread, value + spread) if spread is not None else run["confidence"]["ndcg@10"]
        found[name] = (value, low, high)
    return found


def stale_plots() -> list[Path]:
    """Pictures that are missing, or drawn from other numbers than the results; without numbers, those that differ."""
    drawn = plots().items()
    return [file for file, svg in drawn if not file.exists() or _shown(file.read_text("utf-8")) != _shown(svg)]


def _shown(svg: str) -> Any:
    return numbers_of(svg) or svg


def main(words: list[str]) -> int:
    """Checks or mends; returns the exit status."""
    stale = [
        page for page in pages() if with_tables(page.read_text(encoding="utf-8")) != page.read_text(encoding="utf-8")
    ]
    for page in stale:
        if "--write" in words:
            page.write_text(with_tables(page.read_text(encoding="utf-8")), encoding="utf-8")
        print(f"{page.relative_to(ROOT)}: {'mended' if '--write' in words else 'not as the results say; make tables'}")
    pictures = stale_plots()
    for file in pictures:
        if "--write" in words:
            file.write_text(plots()[file], encoding="utf-8")
        print(f"{file.relative_to(ROOT)}: {'drawn' if '--write' in words else 'not as the results say; make tables'}")
    return 1 if (stale or pictures) and "--write" not in words else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
