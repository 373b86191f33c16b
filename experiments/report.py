"""One self-contained HTML page about a run: numbers, learning curve, weak spots, settings."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import polars as pl

from experiments import plots
from experiments.display import number, seconds, with_interval
from experiments.files import write_text
from experiments.results import Result, over_parts

STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #888; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: right; }
th:first-child, td:first-child { text-align: left; }
p.note, figcaption { color: var(--soft); font-size: .9rem; }
figure { margin: 1rem 0; } svg { max-width: 100%; height: auto; }
pre { overflow: auto; padding: 1rem; border: 1px solid var(--line); font-size: .85rem; }
@media print { body { max-width: none; } h2 { break-after: avoid; } table, figure { break-inside: avoid; } }
"""
SLICES = {
    "history_length": "by how many movies the user has rated before",
    "item_popularity": "by popularity of the relevant movies (a third of all ratings each)",
    "cold_start": "for known and unknown users and movies",
    "revealed": "by how many ratings of a new user are known",
}


def write_report(result: Result) -> Path:
    """Writes ``report.html`` into a run's directory and returns its path."""
    path = result.directory / "report.html"
    write_text(path, page(result))
    return path


def page(result: Result) -> str:
    """The whole page."""
    config, metrics = result.config, result.metrics
    dataset = config["dataset"]
    title = f"{result.name} on {dataset['name']}"
    runs = f" Means of {len(metrics['parts'])} runs." if "parts" in metrics else ""
    intro = (
        f"{dataset['ratings']:,} ratings of {dataset['movies']:,} movies by {dataset['users']:,} users; "
        f"{config['split']} split, {metrics['test']['users']:,.0f} test users. Every movie is ranked, movies that a "
        f"user knew are left out; ± half a 95 % bootstrap interval over users.{runs} "
        f"Trained in {seconds(result.seconds['train'])} s."
    )
    sections = [
        f"<h1>{html.escape(title)}</h1><p>{html.escape(intro)}</p>",
        _metrics_section("Test", metrics["test"], metrics["confidence"]),
        _metrics_section("Validation", metrics["validation"], {}),
        _factorized_section(metrics["test"]),
        _learning_section(result.directory),
        *_rating_sections(result),
        *_cold_sections(result),
        *(_slice_section(text, metrics["slices"].get(name, {})) for name, text in SLICES.items()),
        _settings_section(config),
    ]
    head = f"<meta charset=utf-8><meta name=viewport content='width=device-width'><title>{html.escape(title)}</title>"
    body = "".join(sections)
    return f"<!doctype html><html lang=en><head>{head}<style>{STYLE}</style></head><body>{body}</body></html>\n"


def html_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; the first column holds names."""
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in header)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _metrics_section(title: str, metrics: Mapping[str, float], confidence: Mapping[str, Sequence[float]]) -> str:
    ks = sorted(int(name.split("@")[1]) for name in metrics if name.startswith("ndcg@"))
    names = dict.fromkeys(key.split("@")[0] for key in metrics if "@" in key)
    rows = [[name, *(with_interval(metrics, confidence, f"{name}@{k}") for k in ks)] for name in names]
    return f"<h2>{title}</h2>" + html_table(["metric", *(f"@{k}" for k in ks)], rows)


def _factorized_section(test: Mapping[str, float]) -> str:
    found = {
        name.removeprefix("factorized_top_"): value for name, value in test.items() if name.startswith("factorized")
    }
    note = "TFRS's FactorizedTopK: the share of test ratings whose movie is among the k best, known movies left in."
    table = html_table(["k", *found], [["share", *(number(value) for value in found.values())]])
    return f"<h2>Factorized top-k</h2><p class=note>{note}</p>{table}"


def _learning_section(directory: Path) -> str:
    """The learning curve, for models that learn in epochs."""
    file = directory / "history.csv"
    if not file.exists() or not file.read_text(encoding="utf-8").strip():
        return ""
    history = pl.read_csv(file)
    shown = history.select(name for name in history.columns if not name.endswith("_weight"))
    return _figure("Learning curve", plots.learning_curves(shown), "Training on the train rows, per epoch.")


def _rating_sections(result: Result) -> list[str]:
    """Errors of predicted ratings, and whether they are right on average."""
    test, confidence = result.metrics["test"], result.metrics["confidence"]
    files = [result.directory / label / "predictions.parquet" for label in result.metrics.get("parts", [""])]
    if "rmse" not in test or not all(file.exists() for file in files):
        return []
    rows = [[name.upper(), with_interval(test, confidence, name)] for name in ("rmse", "mae")]
    plot = plots.rating_calibration(pl.concat(map(pl.read_parquet, files)))
    note = "Test ratings. On the thin line, predictions are right on average."
    return ["<h2>Predicted ratings</h2>" + html_table(["error", "test"], rows), _figure("Calibration", plot, note)]


def _cold_sections(result: Result) -> list[str]:
    """Quality by popularity, by what is known of new users, and what new movies cost the others."""
    slices = result.metrics["slices"]
    movies = {**slices.get("item_popularity", {}), **slices.get("cold_start", {})}
    sections = []
    if "head" in movies:
        note = "Only movies of the group count as relevant; head, mid and tail hold a third of the known ratings each."
        sections.append(_figure("Quality by popularity of the movie", plots.by_popularity(movies), note))
    if len(slices.get("revealed", {})) > 1:
        note = "The same users and rows to predict for each number."
        sections.append(_figure("Quality by what is known of a new user", plots.by_revealed(slices["revealed"]), note))
    curve, knob = _curve(result)
    if any(point["cold_recall@10"] for point in curve):
        note = "On validation, where the knob was chosen; from left to right, new movies step back."
        sections.append(_figure("New movies against rated ones", plots.warm_cold(curve, knob), note))
    return sections


def _curve(result: Result) -> tuple[list[dict[str, float]], float]:
    """The hybrid model's curve of its knob and the knob that was chosen; means over the parts of the run."""
    files = [result.directory / label / "plan.json" for label in result.metrics.get("parts", [""])]
    plans = [json.loads(file.read_text(encoding="utf-8")) for file in files if file.exists()]
    curves = [plan["curve"] for plan in plans if plan.get("curve")]
    if not curves:
        return [], 0.0
    knob = mean(plan["calibration"]["knob"] for plan in plans)
    return [over_parts(points, mean) for points in zip(*curves, strict=True)], knob


def _figure(title: str, svg: str, caption: str) -> str:
    return f"<h2>{html.escape(title)}</h2><figure>{svg}<figcaption>{html.escape(caption)}</figcaption></figure>"


def _slice_section(title: str, slices: Mapping[str, Mapping[str, float]]) -> str:
    if not slices:
        return ""
    rows = [
        [
            name.replace("_", " "),
            f"{values['users']:,.0f}",
            f"{values['interactions']:,.0f}",
            *(number(values.get(metric)) for metric in ("ndcg@10", "precision@10", "recall@10")),
        ]
        for name, values in slices.items()
    ]
    header = ["group", "users", "ratings", "nDCG@10", "precision@10", "recall@10"]
    return f"<h2>Quality {html.escape(title)}</h2>" + html_table(header, rows)


def _settings_section(config: Mapping[str, Any]) -> str:
    return (
        f"<h2>Settings and environment</h2><pre>{html.escape(json.dumps(config, indent=2, ensure_ascii=False))}</pre>"
    )
