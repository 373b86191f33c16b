"""Compares anything that has been, or can be, tested."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tfrs_lab.data import Split, did_you_mean, evaluation_task
from tfrs_lab.evaluating import evaluate
from tfrs_lab.evaluation import Evaluation
from tfrs_lab.experiments.display.result_table import ResultTable
from tfrs_lab.experiments.reports import Run, as_runs, asked_of, read_runs
from tfrs_lab.experiments.runs.comparison import Scored, comparison, of_run
from tfrs_lab.experiments.storage.results import Result
from tfrs_lab.fitting import fit
from tfrs_lab.model import Model
from tfrs_lab.models.registry import NAMES

METRICS = ("ndcg@10", "precision@10", "recall@10")


def compare(
    models: Mapping[str, Any] | Iterable[Any], split: Split | None = None, *, metrics: Sequence[str] = METRICS
) -> ResultTable:
    """Compares models; the differences are to the first.

    Args:
        models: Names of experiments, which are fitted; fitted models; run directories (one of ``recs compare`` means
            all its runs); results; anything with ``users``, ``movies`` and ``score``. Or label → one of these.
        split: What experiments are fitted on and models are tested on; None: what the first fitted model came with.
        metrics: Keys of ``metrics.json``; the differences of the first are shown, those of all are in ``frame``.

    Returns:
        A table. Its ``frame`` has a row per model and metric: ``model``, ``metric``, ``value``, ``low`` and ``high``
        (95 % bootstrap over users), ``difference`` to the first model, ``difference_low``, ``difference_high``,
        ``p_value`` and ``p_holm`` (corrected for the number of models), null where a metric has no value per user or
        the tests are not the same.

    Raises:
        ValueError: There is nothing to compare, or something that cannot be, or a metric that no model has.
        DataError: A directory is no finished run.
    """
    if isinstance(models, (str, Path)) or not isinstance(models, Iterable):
        models = [models]
    pairs = [(str(label), one) for label, one in models.items()] if isinstance(models, Mapping) else _labelled(models)
    split = split or next((one.split for _, one in pairs if isinstance(one, Model)), None)
    return comparison([_scored(label, one, split) for label, one in pairs], metrics)


def _labelled(models: Iterable[Any]) -> list[tuple[str, Any]]:
    """A label for each, which no other has; a directory of several runs is all of them."""
    found: list[tuple[str, Any]] = []
    runs: list[Run] = []
    for one in models:
        if isinstance(one, str) and one in NAMES:
            found.append((one, one))
        elif isinstance(one, (str, Path)):
            runs += read_runs([_directory(one)])
        elif isinstance(one, Result):
            runs.append(Run(one, one.name))
        else:
            found.append((str(getattr(one, "name", type(one).__name__)), one))
    found += [(run.label, run) for run in as_runs([run.result for run in runs])]
    labels: list[str] = []
    for label, _ in found:
        same = sum(other == label or other.startswith(f"{label} (") for other in labels)
        labels.append(f"{label} ({same + 1})" if same else label)
    return [(label, one) for label, (_, one) in zip(labels, found, strict=True)]


def _scored(label: str, one: Any, split: Split | None) -> Scored:
    """The test metrics of one model, which is fitted first where it is but a name."""
    if isinstance(one, str) and one in NAMES:
        if split is None:
            raise ValueError(f"{label}: expected a split to fit it on, got none")
        one = fit(one, split)
    if isinstance(one, (str, Path)):
        runs = read_runs([_directory(one)])
        if len(runs) != 1:
            raise ValueError(f"{label}: expected the directory of one run, got a comparison of {len(runs)}")
        return of_run(label, runs[0])
    if isinstance(one, (Run, Result)):
        return of_run(label, one if isinstance(one, Run) else Run(one, label))
    asked: frozenset[str] = frozenset()
    if not isinstance(one, Evaluation):
        found = evaluate(one, split)
        tested = split or one.split
        task = evaluation_task(tested.asks, tested.train_and_validation, tested.test)
        one, asked = found, frozenset([asked_of(task.rows, None)])
    return Scored(label, one.metrics, one.confidence, one.per_user, asked)


def _directory(name: str | Path) -> Path:
    """A directory, or an error for what is neither that nor an experiment."""
    path = Path(name).expanduser()
    if not path.exists() and isinstance(name, str) and path.name == name:
        hint = did_you_mean(name, NAMES)
        raise ValueError(f"expected an experiment ({', '.join(NAMES)}) or a run directory, got {name!r}{hint}")
    return path
