"""The whole page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tfrs_lab.data.storage import write_text
from tfrs_lab.experiments.display.display import seconds
from tfrs_lab.experiments.display.result_table import ResultTable
from tfrs_lab.experiments.reports.cold import revealed_section, warm_cold_section
from tfrs_lab.experiments.reports.environment import environment_section
from tfrs_lab.experiments.reports.examples import examples_section
from tfrs_lab.experiments.reports.freshness import freshness_section
from tfrs_lab.experiments.reports.gains import gains_section
from tfrs_lab.experiments.reports.groups import history_section, popularity_section
from tfrs_lab.experiments.reports.html import Section, document
from tfrs_lab.experiments.reports.index import index_section
from tfrs_lab.experiments.reports.learning import learning_section
from tfrs_lab.experiments.reports.lists import exposure_section, lists_section
from tfrs_lab.experiments.reports.movie_map import map_section
from tfrs_lab.experiments.reports.numbers import (
    differences_section,
    factorized_section,
    test_section,
    validation_section,
)
from tfrs_lab.experiments.reports.ratings import ratings_section
from tfrs_lab.experiments.reports.runs import Run, as_runs, comparable
from tfrs_lab.experiments.reports.verdict import verdict_section
from tfrs_lab.experiments.storage.results import Result

SECTIONS: tuple[Callable[[Sequence[Run]], Section | None], ...] = (
    verdict_section,
    test_section,
    differences_section,
    gains_section,
    lists_section,
    exposure_section,
    history_section,
    popularity_section,
    revealed_section,
    warm_cold_section,
    ratings_section,
    freshness_section,
    learning_section,
    map_section,
    examples_section,
    index_section,
    factorized_section,
    validation_section,
    environment_section,
)
"""In the order of the page."""


def write_report(result: Result) -> Path:
    """Writes ``report.html`` into a run's directory and returns its path."""
    path = result.directory / "report.html"
    write_text(path, page(as_runs([result])))
    return path


def page(runs: Sequence[Run], failed: Mapping[str, str] | None = None) -> str:
    """The page about one run, or about several side by side; what the runs hold nothing for is left out."""
    sections = [section for make in SECTIONS if (section := make(runs)) is not None]
    if failed:
        reasons = ResultTable(["model", "why"], list(failed.items()), words=("model", "why"))
        sections.insert(1, Section("Not run", reasons.html()))
    return document(_title(runs), _intro(runs), sections)


def _title(runs: Sequence[Run]) -> str:
    datasets = dict.fromkeys(run.result.config["dataset"]["name"] for run in runs)
    names = [run.label for run in runs]
    shown = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{shown} on {' and '.join(datasets)}"


def _intro(runs: Sequence[Run]) -> str:
    """What was asked, in words; where runs were asked different things, which ones what."""
    if comparable(runs):
        return _asked(runs[0].result) + f" Trained in {seconds(runs[0].result.seconds['train'])} s." * runs[0].alone
    asked: dict[str, list[str]] = {}
    for run in runs:
        asked.setdefault(_asked(run.result), []).append(run.label)
    return " ".join(f"{', '.join(names)}: {text}" for text, names in asked.items())


def _asked(result: Result) -> str:
    config, metrics = result.config, result.metrics
    dataset, threshold = config["dataset"], config["settings"].get("threshold")
    relevant = "every test rating" if threshold is None else f"every test rating of at least {threshold:g}"
    parts = f" Means of {len(metrics['parts'])} runs." if "parts" in metrics else ""
    return (
        f"{dataset['ratings']:,} ratings of {dataset['movies']:,} movies by {dataset['users']:,} users; "
        f"{config['split']} split, {metrics['test']['users']:,.0f} test users. {RANKED.get(config['split'], USUAL)} "
        f"Relevant is {relevant}.{parts}"
    )


USUAL = "Every movie is ranked; movies that a user knew are left out."
RANKED = {
    "cold-items": "The new movies are ranked among each other.",
    "cold-users": "Every movie is ranked; the model is shown the first ratings of each test user at prediction only.",
}
