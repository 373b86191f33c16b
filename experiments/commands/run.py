"""``recs run EXPERIMENT``."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tfrs_lab.experiments.command_line.options import OneRunOptions
from tfrs_lab.experiments.command_line.settings import Settings, parse_settings, to_words
from tfrs_lab.experiments.command_line.usage import fail, print_choices, usage_error, wants_help
from tfrs_lab.experiments.display.display import console, factorized_line, program, rating_line, run_title, seconds
from tfrs_lab.experiments.display.result_table import top_k_table
from tfrs_lab.experiments.runs.repeat import check_repeatable, check_same_data
from tfrs_lab.experiments.runs.replicates import load_source
from tfrs_lab.experiments.runs.run import run_experiment
from tfrs_lab.experiments.storage.directory import read_config, read_settings
from tfrs_lab.experiments.storage.earlier_run import EarlierRun
from tfrs_lab.experiments.storage.results import Result
from tfrs_lab.experiments.storage.sharded_dataset import unsuitable_for_shards
from tfrs_lab.experiments.storage.stored_model import example_user, load_model
from tfrs_lab.models.registry import NAMES, specification
from tfrs_lab.models.specification import Specification
from tfrs_lab.models.training.reporter import Reporter, reporter_here


def main(words: Sequence[str]) -> None:
    """Runs one experiment and prints its metrics."""
    name, rest = _experiment_of(list(words))
    prog = f"recs run {name}"
    if any(word.split("=")[0] == "--like" for word in words):
        check_repeatable(words, prog)
    read = partial(parse_settings, OneRunOptions, [name], prog=prog)
    settings = read(rest, description=specification(name).summary)
    resume, like, earlier = settings.options.resume, settings.options.like, settings.options.from_run
    if like is not None:
        settings = read([*to_words(read_settings(like)), *rest])
        out = settings.options.out or default_directory(name, settings)
    elif resume is not None:
        out = resume.with_name(resume.name.removesuffix(".partial"))
        stored = to_words(read_settings(out))
        settings = read([*stored, *rest])
    else:
        if earlier is not None:
            EarlierRun.open(earlier, name)
            stored = to_words({name: read_settings(earlier)[name]})
            settings = read([*stored, *rest])
        out = settings.options.out or default_directory(name, settings)
    reporter = reporter_here()
    result = _run(specification(name), settings, out, reporter, prog)
    if result is not None:
        show(result, as_json=settings.options.json)


def _run(experiment: Specification, settings: Settings, out: Path, reporter: Reporter, prog: str) -> Result | None:
    """Runs it, alone or together with others; None where another process has the result."""
    strategy = settings.options.distribute if isinstance(settings.options, OneRunOptions) else None
    if isinstance(settings.options, OneRunOptions) and settings.options.shards is not None:
        unfit = unsuitable_for_shards(experiment, settings.configs[experiment.name])
        if unfit:
            fail(prog, f"--shards: {unfit}")
    if strategy is None:
        source = load_source(settings.options, reporter)
        if settings.options.like is not None:
            check_same_data(settings.options.like, source.dataset, reporter)
        return run_experiment(experiment, settings, source, out, reporter)
    from tfrs_lab.experiments.distributed.run import run_together, unsuitable  # needs TensorFlow

    problem = unsuitable(experiment, settings.configs[experiment.name])
    if problem:
        fail(prog, f"--distribute: {problem}")
    return run_together(strategy, experiment, settings, out, reporter)


def _experiment_of(words: list[str]) -> tuple[str, list[str]]:
    """The experiment's name and the other words; with ``--resume`` alone the name is the interrupted run's."""
    if words and words[0] in NAMES:
        return words[0], words[1:]
    if len(words) > 1 and words[0] == "--resume":
        return read_config(Path(words[1].removesuffix(".partial")))["experiment"], words
    if len(words) > 1 and words[0] == "--like":
        return read_config(Path(words[1]))["experiment"], words
    if wants_help(words):
        further = "`recs run --resume RUN` finishes an interrupted run, `recs run --like RUN` repeats a finished one."
        print_choices("recs run", "EXPERIMENT", {name: specification(name).summary for name in NAMES}, further)
    return usage_error("recs run", "an experiment", NAMES, words[0] if words else None)


def default_directory(name: str, settings: Settings) -> Path:
    """``runs/<experiment>-<dataset>-<time>``."""
    return Path("runs") / f"{name}-{settings.options.data_name}-{time.strftime('%Y%m%d-%H%M%S')}"


def show(result: Result, *, as_json: bool) -> None:
    """Prints a run's metrics."""
    if as_json:
        print(json.dumps({"experiment": result.name, "directory": str(result.directory), **result.metrics}))
        return
    out = console()
    metrics = result.metrics
    out.print(top_k_table(metrics["test"], metrics["confidence"], run_title(result.config), width=out.width))
    out.print(factorized_line(metrics["test"]), soft_wrap=True)
    if "rmse" in metrics["test"]:
        out.print(rating_line(metrics["test"], metrics["confidence"]))
    for note in result.notes:
        out.print(note)
    out.print(f"train {seconds(result.seconds['train'])} s, evaluate {seconds(result.seconds['evaluate'])} s")
    out.print(f"run directory: {result.directory}", soft_wrap=True)
    user = shlex.quote(example_user(load_model(result.directory)))
    out.print(f"next: {program()} recommend {result.directory} --user {user}", soft_wrap=True)
