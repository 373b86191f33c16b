"""``recs tune EXPERIMENT``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tfrs_lab.data import Split, fingerprint
from tfrs_lab.data.storage import without_nan, write_json, write_text
from tfrs_lab.experiments.command_line.options import DataOptions, ResultOptions
from tfrs_lab.experiments.command_line.settings import parse_settings
from tfrs_lab.experiments.command_line.usage import print_choices, usage_error, wants_help
from tfrs_lab.experiments.display.display import console, number, program
from tfrs_lab.experiments.display.result_table import ResultTable
from tfrs_lab.experiments.runs.replicates import Source, load_source
from tfrs_lab.experiments.storage.environment import git_commit, package_versions
from tfrs_lab.experiments.tuning.spaces import SPACES, Space
from tfrs_lab.experiments.tuning.spaces import to_json as space_to_json
from tfrs_lab.models.config_fields import flatten, short
from tfrs_lab.models.registry import specification
from tfrs_lab.models.specification import Specification
from tfrs_lab.models.training.reporter import Reporter, reporter_here

DESCRIPTION = """Looks for better settings than those given, on validation rows only.

`recs tune --help` lists the fields that are searched. The first trial are the starting values, which are the defaults
or what you give here; every other option of the experiment keeps its value. A trial is scored on several validation
cuts, and given up after the first ones if it does worse than most. The study is one file: the same command again
continues where it was interrupted, with more --trials it looks further. Test rows are never looked at: what is found
still has to show its worth in `recs compare`."""


@dataclass(frozen=True)
class TuneOptions(DataOptions, ResultOptions):
    """What a search takes."""

    seed: int = 0
    """Seed of the split, of the further validation cuts, of the fits and of the search."""
    trials: int = 50
    """How many trials the study shall have, those that it already has among them."""
    folds: int = 3
    """How many validation cuts each trial is scored on."""
    only: str | None = None
    """Search only these fields, for instance dimension,temperature; default: all of the space."""
    timeout: float | None = None
    """Seconds after which no trial begins."""
    study: Path | None = None
    """The file of the study; default runs/tune-<experiment>-<dataset>-<split>-<seed>.db."""
    out: Path | None = None
    """The record (JSON), and beside it the best settings (TOML, for --config); default beside the study."""
    config: Path | None = None
    """TOML or JSON file with values for any of these options; the command line has precedence."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.seed < 0:
            raise ValueError(f"--seed: expected at least 0, got {self.seed}")
        if self.trials < 1:
            raise ValueError(f"--trials: expected at least 1, got {self.trials}")
        if self.timeout is not None and self.timeout < 0:
            raise ValueError(f"--timeout: expected at least 0 seconds, got {self.timeout}")
        if self.split == "k-fold":
            raise ValueError("--split: expected one with a single test part, got k-fold, where every row is test once")
        if self.out is not None and self.out.suffix != ".json":
            raise ValueError(f"--out: expected a name that ends in .json, got {self.out}")


def main(words: Sequence[str]) -> None:
    """Searches, writes the record and the best settings, and prints what was found."""
    name, rest = _experiment_of(list(words))
    prog = f"recs tune {name}"
    settings = parse_settings(TuneOptions, [name], rest, prog=prog, description=DESCRIPTION)
    options = settings.options
    space = _chosen_space(name, options.only, prog)
    reporter = reporter_here()
    source = load_source(options, reporter)
    file = options.study or default_study(name, source, options.seed)
    start = specification(name).settled(settings.configs[name])
    record, best = _tune(specification(name), start, space, source, options, file, reporter)
    out = options.out or file.with_suffix(".json")
    settings_file = out.with_suffix(".toml")
    write_json(out, record)
    write_text(settings_file, best)
    if options.json:
        print(json.dumps(without_nan(record)))
    else:
        show(record, file, out, settings_file)


def _experiment_of(words: list[str]) -> tuple[str, list[str]]:
    if words and words[0] in SPACES:
        return words[0], words[1:]
    if wants_help(words):
        fields = {name: ", ".join(space) for name, space in SPACES.items()}
        print_choices("recs tune", "EXPERIMENT", fields, "Beside each experiment stand the fields that are searched.")
    return usage_error("recs tune", "an experiment with a search space", tuple(SPACES), words[0] if words else None)


def _chosen_space(name: str, only: str | None, prog: str) -> Space:
    """The experiment's space, or the fields of it that ``--only`` names."""
    space = SPACES[name]
    if only is None:
        return space
    fields = [field.strip().replace("-", "_") for field in only.split(",")]
    for field in fields:
        if field not in space:
            usage_error(prog, "--only with fields of the space", tuple(space), field)
    return {field: space[field] for field in space if field in fields}


def default_study(name: str, source: Source, seed: int) -> Path:
    """``runs/tune-<experiment>-<dataset>-<split>-<seed>.db``."""
    return Path("runs") / f"tune-{name}-{source.dataset.name}-{source.kind}-{seed}.db"


def logs_of(study: Path) -> Path:
    """Where the trials of a study are logged for TensorBoard: beside it."""
    return study.with_suffix(".tensorboard")


def _tune(
    experiment: Specification,
    start: Any,
    space: Space,
    source: Source,
    options: TuneOptions,
    file: Path,
    reporter: Reporter,
) -> tuple[dict[str, Any], str]:
    """The record and the best settings; Optuna is imported only now, so that help texts come at once."""
    from tfrs_lab.experiments.runs.fit_on_split import check_time
    from tfrs_lab.experiments.tuning.folds import validation_folds, with_ratings
    from tfrs_lab.experiments.tuning.record import begin_logs, best_settings, log_trials, make_record, to_toml
    from tfrs_lab.experiments.tuning.search import Task, search
    from tfrs_lab.experiments.tuning.study import open_study

    check_time(experiment, start, source.kind)
    split = source.split(options.seed)
    folds = validation_folds(split, source.dataset, options.folds, seed=options.seed, revealed=options.revealed)
    known = with_ratings(source.dataset, split.train_and_validation)
    task = Task(experiment, start, space, folds, options.seed, options.threshold, known)
    with open_study(file, identify(task.experiment, start, space, split, source, options)) as study:
        begin_logs(study, task, logs_of(file))
        log = partial(log_trials, study, task, logs_of(file))
        search(study, task, trials=options.trials, timeout=options.timeout, reporter=reporter, after=log)
        found = make_record(study, task)
    about = {"dataset": source.dataset.name, "split": source.kind}
    record = {**found, **about, "versions": package_versions(), "git_commit": git_commit()}
    trials = sum(found["trials"].values())
    comment = (
        f"recs tune {experiment.name}: the best of {trials} trials on {about['dataset']}, {about['split']} split, "
        f"mean validation nDCG@10 of {options.folds} folds {found['best']['mean']:.4f}"
    )
    return record, to_toml(experiment.name, best_settings(record, task), comment)


def identify(
    experiment: Specification, start: Any, space: Space, split: Split, source: Source, options: TuneOptions
) -> dict[str, Any]:
    """What a study is about: everything that decides the value of a trial."""
    return {
        "experiment": experiment.name,
        "dataset": source.dataset.name,
        "split": source.kind,
        "seed": options.seed,
        "folds": options.folds,
        "revealed": options.revealed,
        "threshold": options.threshold,
        "train and validation rows": fingerprint(split.train_and_validation),
        "validation rows": fingerprint(split.validation),
        "space": space_to_json(space),
        "start": flatten(start),
    }


def show(record: Mapping[str, Any], study: Path, out: Path, settings_file: Path) -> None:
    """Prints what was found and what to do with it."""
    screen = console()
    screen.print(_trials_table(record))
    gain, counts = record["gain"], record["trials"]
    error = number(gain["standard_error"], 4)
    screen.print(f"best − start, fold by fold: {gain['mean']:+.4f} ± {error} (the best of many trials flatters itself)")
    screen.print(f"trials: {', '.join(f'{count} {outcome}' for outcome, count in counts.items())}")
    if record["importances"]:
        shares = "  ".join(f"{name} {share:.0%}" for name, share in record["importances"].items())
        screen.print(f"what mattered (PED-ANOVA): {shares}")
    screen.print(f"study: {study}\nrecord: {out}\ntrials: tensorboard --logdir {logs_of(study)}", soft_wrap=True)
    where = f"--dataset {record['dataset']} --split {record['split']} " if record["split"] != "files" else ""
    screen.print(f"next: {program()} run {record['experiment']} {where}--config {settings_file}", soft_wrap=True)


def _trials_table(record: Mapping[str, Any]) -> ResultTable:
    """The best trials, and the starting values to compare with."""
    title = f"{record['experiment']} on {record['dataset']}, {record['split']} split, {len(record['folds'])} folds"
    trials = [("start", record["start"]), *((f"{place}.", trial) for place, trial in enumerate(record["top"][:5], 1))]
    rows = [
        [
            label,
            f"{number(trial['mean'], 4)} ± {number(trial['standard_error'], 4)}",
            *(short(trial["values"][name]) for name in record["space"]),
        ]
        for label, trial in trials
    ]
    return ResultTable(["trial", "validation nDCG@10", *record["space"]], rows, title, bold=[1])
