"""The replicates of a run: one split and one seed each. Most runs have a single one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from tfrs_lab.data import (
    Dataset,
    Split,
    described,
    folds,
    load,
    load_files,
    load_split_files,
    parse_columns,
    split,
    with_validation,
)
from tfrs_lab.experiments.command_line.options import DataOptions, OneRunOptions, RunOptions
from tfrs_lab.models.training.reporter import Reporter


@dataclass(frozen=True)
class Source:
    """The ratings of a run and the way to split them.

    Attributes:
        dataset: All ratings, movies and users.
        kind: Name of the split.
        split: From a seed to the split; ready-made splits ignore the seed.
        asks: The kind of split whose question test asks: ``kind``, of files what their rows tell.
        checksum: Of the shards that hold the rows to learn from; None where the dataset has them.
    """

    dataset: Dataset
    kind: str
    split: Callable[[int], Split]
    asks: str
    checksum: str | None = None


@dataclass(frozen=True)
class Replicate:
    """One fit and evaluation: a seed, with a draw or fold where the split has several."""

    label: str
    seed: int
    split: Callable[[], Split]


def load_source(options: DataOptions, reporter: Reporter) -> Source:
    """Finds and reads the ratings that the options name.

    Raises:
        DataError: They are missing or malformed.
    """
    with reporter.phase(f"loading {options.data_name}"):
        return _read(options, reporter)


def _read(options: DataOptions, reporter: Reporter) -> Source:
    if isinstance(options, OneRunOptions) and options.shards is not None:
        from tfrs_lab.experiments.storage.sharded_dataset import read_sharded

        dataset, stored, checksum = read_sharded(options.shards)
        return Source(dataset, stored.kind, lambda seed: stored, stored.asks, checksum)
    if options.train is not None and options.test is not None:
        dataset, ready = load_split_files(
            options.train,
            options.test,
            validation=options.validation,
            movies=options.movies,
            users=options.users,
            columns=parse_columns(options.columns),
            skip_bad_lines=options.skip_bad_lines,
            report=reporter.line,
        )
        reporter.line(_cuts_line(ready, options.validation_split))
        cut = partial(with_validation, ready, dataset, kind=options.validation_split)
        return Source(dataset, "files", lambda seed: ready if len(ready.validation) else cut(seed=seed), ready.asks)
    if options.ratings is not None:
        dataset = load_files(
            options.ratings,
            movies=options.movies,
            users=options.users,
            columns=parse_columns(options.columns),
            skip_bad_lines=options.skip_bad_lines,
            report=reporter.line,
        )
    else:
        dataset = load(
            options.dataset,
            data_dir=options.data_dir,
            skip_bad_lines=options.skip_bad_lines,
            report=reporter.line,
        )
    kind = options.split or ("temporal-user" if dataset.has_timestamps else "random")
    if options.ratings is not None and isinstance(options, RunOptions):
        reason = "" if options.split or dataset.has_timestamps else ", since there are no times"
        reporter.line(f"split {kind}: test is {described(kind)}{reason}")
    return Source(dataset, kind, lambda seed: split(dataset, kind, seed=seed), kind)


def _cuts_line(files: Split, validation_split: str | None) -> str:
    """How test was cut, and how validation is."""
    test = f"test is {described(files.asks)}"
    if len(files.validation):
        return f"{test}; validation is {described(files.validation_asks)}"
    if validation_split is not None:
        return f"{test}; validation is cut as --validation-split {validation_split} says"
    alike = "by a draw" if files.asks == "files" else "alike"
    return f"{test}: validation is cut from train {alike} (--validation-split cuts it otherwise)"


def replicates(source: Source, options: RunOptions) -> Iterator[Replicate]:
    """All replicates of a run: every seed with every draw or fold."""
    seeds = options.seeds or (options.seed,)
    for seed in seeds:
        prefix = [f"seed-{seed}"] if len(seeds) > 1 else []
        if source.kind == "k-fold":
            for number, fold in enumerate(folds(source.dataset, n=options.folds)):
                yield Replicate("-".join([*prefix, f"fold-{number}"]), seed, lambda fold=fold: fold)  # type: ignore[misc]
        elif options.cuts > 1:
            for number in range(options.cuts):
                one = partial(split, source.dataset, source.kind, seed=seed, cut=number, cuts=options.cuts)
                yield Replicate("-".join([*prefix, f"cut-{number}"]), seed, one)
        elif options.draws > 1:
            for draw in range(seed, seed + options.draws):
                yield Replicate("-".join([*prefix, f"draw-{draw}"]), seed, lambda draw=draw: source.split(draw))  # type: ignore[misc]
        else:
            yield Replicate("-".join(prefix), seed, lambda seed=seed: source.split(seed))  # type: ignore[misc]
