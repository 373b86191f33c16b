"""``recs ablate NAME [...]``."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfrs_lab.data.storage import without_nan, write_json
from tfrs_lab.experiments.ablations.run import run_ablations
from tfrs_lab.experiments.ablations.studies import STUDIES
from tfrs_lab.experiments.ablations.table import ablation_table
from tfrs_lab.experiments.command_line.options import RunOptions
from tfrs_lab.experiments.command_line.settings import Settings, parse_settings, to_words, value_after
from tfrs_lab.experiments.command_line.usage import leading_names, print_choices, usage_error, wants_help
from tfrs_lab.experiments.display.display import console
from tfrs_lab.experiments.runs.replicates import load_source
from tfrs_lab.experiments.storage.directory import read_config
from tfrs_lab.models.training.reporter import reporter_here

DESCRIPTION = """Runs an experiment's default and its variants on the same splits, as `recs compare` would, and shows
the paired difference of each variant to the default. Options of the experiment change the default.

{questions}"""


@dataclass(frozen=True)
class AblateOptions(RunOptions):
    """What a run takes, and where to keep the tables."""

    results: Path | None = None
    """Directory to write ablation-NAME.json to as well, which docs are generated from."""


def main(words: Sequence[str]) -> None:
    """Runs the ablations and prints a table for each."""
    names, rest = _names(list(words))
    resume = value_after("--resume", rest)
    if resume is not None:
        stored = read_config(resume)
        names = tuple(stored["ablations"])
        rest = [*to_words(stored["settings"]), *rest]
    settings = _parse(names, rest)
    options = settings.options
    reporter = reporter_here()
    source = load_source(options, reporter)
    out = resume or options.out or Path("runs") / f"ablate-{source.dataset.name}-{time.strftime('%Y%m%d-%H%M%S')}"
    records = run_ablations(names, settings, source, out, reporter)
    for name, record in records.items():
        if options.results is not None:
            write_json(options.results / f"ablation-{name}.json", record)
    if options.json:
        print(json.dumps(without_nan(records)))
    else:
        show(records, out)


def _names(words: list[str]) -> tuple[tuple[str, ...], list[str]]:
    """The ablations named before the first option, and the other words."""
    if wants_help(words):
        questions = {name: study.question for name, study in STUDIES.items()}
        print_choices("recs ablate", "NAME ...", questions, "`recs ablate --resume OUT` finishes what was interrupted.")
    names, rest = leading_names("recs ablate", "ablations", tuple(STUDIES), words)
    if not names and value_after("--resume", words) is None:
        usage_error("recs ablate", "ablations", tuple(STUDIES), words[0] if words else None)
    return names, rest


def _parse(names: Sequence[str], words: Sequence[str]) -> Settings[AblateOptions]:
    asked = [STUDIES[name] for name in names]
    experiments = list(dict.fromkeys(one.experiment for one in asked))
    description = DESCRIPTION.format(questions="\n".join(one.question for one in asked))
    return parse_settings(
        AblateOptions, experiments, words, prog=f"recs ablate {' '.join(names)}", description=description
    )


def show(records: Mapping[str, Mapping[str, Any]], out: Path) -> None:
    """Prints a table for each ablation."""
    screen = console()
    for name, record in records.items():
        title = f"{name}: {record['question']}\n{record['dataset']}, {record['split']} split, test"
        screen.print(ablation_table(record, title))
    seeds = next(iter(records.values()))["seeds"]
    screen.print(
        f"seeds {', '.join(map(str, seeds))}, means; ± half a 95 % bootstrap interval over users, differences user by "
        f"user with their interval.\nRun directories: {out}",
        soft_wrap=True,
    )
