"""Command-line options as dataclasses; the parsers and their help texts are generated from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import tyro

from tfrs_lab.data.evaluation_tasks import REVEALED

Number = TypeVar("Number", int, float)


def _list_of(parse: Callable[[str], Number], metavar: str) -> tyro.constructors.PrimitiveConstructorSpec:
    """How a comma-separated list of numbers is read and shown."""
    return tyro.constructors.PrimitiveConstructorSpec(
        nargs=1,
        metavar=metavar,
        instance_from_str=lambda words: tuple(parse(word) for word in words[0].split(",")),
        is_instance=lambda value: isinstance(value, tuple),
        str_from_instance=lambda value: [",".join(str(number) for number in value)],
    )


Integers = Annotated[tuple[int, ...], _list_of(int, "INT,INT,...")]

SplitName = Literal[
    "temporal-user",
    "temporal-global",
    "random",
    "stratified",
    "leave-one-out",
    "cold-items",
    "cold-users",
    "mixed",
    "k-fold",
]


def _check_integers(field: str, values: tuple[int, ...] | None, least: int) -> None:
    if values is not None and (not values or min(values) < least or len(set(values)) < len(values)):
        raise ValueError(f"{field}: expected distinct integers of at least {least}, got {values}")


@dataclass(frozen=True, kw_only=True)
class CommandOptions:
    """What every command takes."""

    debug: bool = False
    """Show tracebacks."""


@dataclass(frozen=True, kw_only=True)
class ResultOptions(CommandOptions):
    """What every command takes that has a result to print."""

    json: bool = False
    """Print the result as JSON on stdout."""


@dataclass(frozen=True)
class DataOptions:
    """Which ratings, and how they are split."""

    dataset: str = "100k"
    """MovieLens: 100k, latest-small, 1m, 10m, 20m, 25m or 32m."""
    data_dir: Path | None = None
    """Directory or archive that holds the dataset; otherwise it is found or fetched."""
    ratings: Path | None = None
    """Your own ratings (CSV or Parquet) instead of a dataset: user_id, movie_id[, user_rating][, timestamp]."""
    movies: Path | None = None
    """Your own movies, with --ratings or --train: movie_id, movie_title[, movie_genres, ...]."""
    users: Path | None = None
    """Your own users, with --ratings or --train: user_id[, ...]."""
    columns: str | None = None
    """Names of columns in your files: user_id=kunde,movies.movie_id=nr; timestamp= reads none; numbers: no header."""
    train: Path | None = None
    """A ready split: the train rows (CSV or Parquet). Needs --test."""
    test: Path | None = None
    """A ready split: the test rows."""
    validation: Path | None = None
    """A ready split: the validation rows; without, they are cut from train the way test was cut."""
    validation_split: SplitName | None = None
    """How to cut validation from --train; default: as test was, which is told from the rows."""
    split: SplitName | None = None
    """How to split; default temporal-user, without timestamps random."""
    threshold: float | None = None
    """A test row counts as relevant if its user_rating is at least this; default: every row."""
    revealed: Integers = REVEALED
    """With --split cold-users: how many of a new user's first ratings the model is shown; it is asked once for each."""
    folds: int = 5
    """With --split k-fold: the number of folds."""
    skip_bad_lines: bool = False
    """Skip malformed lines and say how many were dropped."""

    def __post_init__(self) -> None:
        if (self.train is None) != (self.test is None):
            raise ValueError("--train and --test: expected both or neither")
        if self.validation is not None and self.train is None:
            raise ValueError("--validation: expected together with --train and --test")
        if self.validation_split is not None and (self.train is None or self.validation is not None):
            raise ValueError(
                "--validation-split: expected together with --train and --test, and no --validation; with --split, "
                "validation is cut the way test is"
            )
        if self.ratings is not None and self.train is not None:
            raise ValueError("--ratings and --train: expected one of them, got both")
        if self.train is not None and self.split is not None:
            raise ValueError(f"--split: the files of --train and --test are the split, got {self.split!r} as well")
        if (self.movies or self.users) and self.ratings is None and self.train is None:
            raise ValueError("--movies and --users: expected together with --ratings or --train")
        if self.columns and self.ratings is None and self.train is None:
            raise ValueError("--columns: expected together with --ratings or --train")
        _check_integers("--revealed", self.revealed, 0)
        if self.folds < 2:
            raise ValueError(f"--folds: expected at least 2, got {self.folds}")

    @property
    def data_name(self) -> str:
        """What the ratings are called: the dataset, or the file without its ending."""
        own = self.ratings or self.train
        return own.stem if own else self.dataset


@dataclass(frozen=True, kw_only=True)
class ShardOptions(DataOptions, CommandOptions):
    """What is written as shards."""

    out: Path
    """Directory to write; it must not be there."""
    shards: int = 64
    """Files for each part, a multiple of the workers that will read them."""
    asked: int | None = None
    """Number of users, drawn at random, in validation and test; default: all, whose rows are then in memory."""
    seed: int = 0
    """Seed of the split, the order of the rows and the draw."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.shards < 1 or (self.asked is not None and self.asked < 1):
            raise ValueError(f"--shards and --asked: expected at least 1, got {self.shards} and {self.asked}")
        if self.split in ("k-fold", "cold-items", "cold-users", "mixed"):
            raise ValueError(f"--split: expected one that asks about known users and movies, got {self.split}")


@dataclass(frozen=True)
class RunOptions(DataOptions, ResultOptions):
    """What every run and comparison takes."""

    seed: int = 0
    """Seed of the split, the initial weights and the order of training."""
    seeds: Integers | None = None
    """Run once per seed and report mean and spread, for instance 0,1,2."""
    draws: int = 1
    """With the cold splits: the number of draws (seed, seed + 1, ...), of which mean and spread are reported."""
    cuts: int = 1
    """With --split temporal-global: the number of cuts, of which mean and spread are reported: a backtest in which the
    later half of the rows is divided into so many test windows, each predicted from all that came before."""
    ks: Integers = (5, 10, 20, 50, 100)
    """Lengths of the result lists that are scored; 10 is always among them."""
    tune_baselines: bool = True
    """Baselines choose on validation what you do not give, such as EASE's λ; otherwise they take their defaults."""
    out: Path | None = None
    """Run directory; default runs/<experiment>-<dataset>-<time>."""
    from_run: Annotated[Path | None, tyro.conf.arg(name="from")] = None
    """Go on from the trained weights of this run of retrieval, with its configuration: new users and movies join."""
    resume: Path | None = None
    """Finish the run that was interrupted in this directory; its settings are taken from there."""
    like: Path | None = None
    """Repeat the finished run in this directory: all its settings, data with the same checksum, another --out."""
    overwrite: bool = False
    """Replace a finished run in --out that had other settings."""
    mlflow: str | None = None
    """Record finished runs in MLflow too: its address, or a directory for mlflow.db. Needs the extra `mlflow`."""
    config: Path | None = None
    """TOML or JSON file with values for any of these options; the command line has precedence."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_integers("--ks", self.ks, 1)
        _check_integers("--seeds", self.seeds, 0)
        if self.seed < 0:
            raise ValueError(f"--seed: expected at least 0, got {self.seed}")
        if self.cuts < 1 or (self.cuts > 1 and self.split != "temporal-global"):
            raise ValueError(
                f"--cuts: expected at least 1, and more with --split temporal-global alone, got {self.cuts}"
            )
        if self.draws < 1:
            raise ValueError(f"--draws: expected at least 1, got {self.draws}")
        if self.draws > 1 and self.split not in ("cold-items", "cold-users", "mixed"):
            raise ValueError(f"--draws: expected with --split cold-items, cold-users or mixed, got {self.split}")


@dataclass(frozen=True)
class OneRunOptions(RunOptions):
    """What a single run takes besides."""

    distribute: Literal["mirrored", "multi-worker"] | None = None
    """Train on several devices: mirrored: this machine's GPUs; multi-worker: the machines that TF_CONFIG names."""
    shards: Path | None = None
    """Learn from what `recs data shards` has split and encoded, read from disk, instead of a dataset in memory."""

    @property
    def data_name(self) -> str:
        """What the ratings are called: also the directory of shards."""
        return super().data_name if self.shards is None else self.shards.name

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.shards is not None and (self.ratings or self.train or self.split or self.data_dir):
            raise ValueError("--shards: expected no --ratings, --train, --split or --data-dir: shards hold a split")
        if self.distribute is None:
            return
        if self.seeds or self.draws > 1 or self.cuts > 1 or self.split == "k-fold":
            raise ValueError(
                "--distribute: expected one split and one seed, got --seeds, --draws, --cuts or --split k-fold"
            )
        if self.distribute == "multi-worker" and (self.out is None or self.resume is not None):
            raise ValueError(
                "--distribute multi-worker: expected --out and no --resume: the same command continues where it stopped"
            )
