"""Runs an experiment's default and its variants on the same splits, and says how they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tfrs_lab.data.storage import write_json
from tfrs_lab.experiments.ablations.studies import STUDIES
from tfrs_lab.experiments.command_line.settings import Settings
from tfrs_lab.experiments.command_line.settings import to_json as settings_to_json
from tfrs_lab.experiments.display.differences import METRIC, paired_to
from tfrs_lab.experiments.runs.replicates import Source
from tfrs_lab.experiments.runs.run import run_experiment
from tfrs_lab.experiments.storage.results import Result
from tfrs_lab.models.config_fields import value_of, with_values
from tfrs_lab.models.registry import specification
from tfrs_lab.models.training.reporter import Reporter

METRICS = (METRIC, "precision@10", "recall@10", "coverage@10", "factorized_top_100", "rmse", "mae")


@dataclass
class Runner:
    """Runs each configuration once, even where several ablations ask for it."""

    settings: Settings
    source: Source
    out: Path
    reporter: Reporter

    def __post_init__(self) -> None:
        self._results: list[tuple[str, Any, Result]] = []

    def run(self, name: str, config: Any, directory: str) -> Result:
        """The result of an experiment with this configuration, run into ``out/directory`` if there is none yet."""
        for earlier, other, result in self._results:
            if (earlier, other) == (name, config):
                return result
        self.reporter.line(directory)
        settings = replace(self.settings, configs={name: config})
        result = run_experiment(specification(name), settings, self.source, self.out / directory, self.reporter)
        self._results.append((name, config, result))
        return result


def run_ablations(
    names: Sequence[str], settings: Settings, source: Source, out: Path, reporter: Reporter
) -> dict[str, dict[str, Any]]:
    """Runs ablations into ``out`` and writes ``out/ablation-<name>.json`` for each.

    ``out/config.json`` is there from the beginning, so that ``--resume`` can continue.
    """
    write_json(out / "config.json", {"ablations": list(names), "settings": settings_to_json(settings)})
    runner = Runner(settings, source, out, reporter)
    records = {}
    for name in names:
        records[name] = run_ablation(name, runner)
        write_json(out / f"ablation-{name}.json", records[name])
    return records


def run_ablation(name: str, runner: Runner) -> dict[str, Any]:
    """Runs the default and each variant that differs from it.

    Returns:
        ``question``, ``experiment``, ``dataset``, ``split``, ``seeds``; ``default`` and ``variants``: ``values`` of the
        fields in question, test metrics, 95 % intervals and seconds, and for variants the paired difference to the
        default.
    """
    asked = STUDIES[name]
    start = with_values(runner.settings.configs[asked.experiment], asked.base)
    fields = list(dict.fromkeys(field for values in asked.variants.values() for field in values))
    configs = {variant: with_values(start, values) for variant, values in asked.variants.items()}
    default = runner.run(asked.experiment, start, f"{name if asked.base else asked.experiment}-default")
    results = {
        variant: runner.run(asked.experiment, config, f"{name}-{_slug(variant)}")
        for variant, config in configs.items()
        if config != start
    }
    tables = {"default": default.per_user, **{variant: result.per_user for variant, result in results.items()}}
    paired = paired_to("default", tables, [METRIC])[METRIC]
    variants = {
        variant: {**_summary(result, configs[variant], fields), **paired[variant]}
        for variant, result in results.items()
    }
    options = runner.settings.options
    return {
        "kind": "ablation",
        "question": asked.question,
        "experiment": asked.experiment,
        "dataset": runner.source.dataset.name,
        "split": runner.source.kind,
        "seeds": list(options.seeds or (options.seed,)),
        "metric": METRIC,
        "base": dict(asked.base),
        "default": _summary(default, start, fields),
        "variants": variants,
        "versions": default.config["versions"],
        "git_commit": default.config["git_commit"],
    }


def _summary(result: Result, config: Any, fields: Sequence[str]) -> dict[str, Any]:
    test, confidence = result.metrics["test"], result.metrics["confidence"]
    return {
        "values": {field: value_of(config, field) for field in fields},
        "test": {name: test[name] for name in METRICS if name in test},
        "confidence": {name: confidence[name] for name in METRICS if name in confidence},
        "validation": result.metrics["validation"][METRIC],
        "seconds": result.seconds,
    }


def _slug(text: str) -> str:
    """A directory name.

    >>> _slug("inner product, temperature 1")
    'inner-product-temperature-1'
    """
    return "-".join("".join(letter if letter.isalnum() or letter == "." else " " for letter in text).split()).lower()
