"""The same rows of MovieLens-100K as a split of ours and as files get the same result, however they were split."""

from __future__ import annotations

import polars as pl
import pytest

import tfrs_lab as tl
from tfrs_lab import data
from tfrs_lab.data import Dataset, Split
from tfrs_lab.evaluation import evaluate

pytestmark = pytest.mark.slow

KINDS = [kind for kind in data.SPLITS if kind not in ("cold-items", "cold-users")]
"""On the others a model by ids has nothing to tell; how they are cut is tested in tests/data."""


@pytest.fixture(scope="module")
def movielens() -> Dataset:
    return data.load("100k")


def scored(split: Split) -> float:
    """nDCG@10 of what is fitted in closed form: taste, and what validation says that order and time are worth."""
    model = tl.fit("retrieval", split, parts=("linear", "transitions", "trend"))
    return evaluate(model, split.test, seen=split.train_and_validation, bootstrap=0).metrics["ndcg@10"]


@pytest.mark.parametrize("kind", KINDS)
def test_files_score_what_the_split_scores(movielens: Dataset, kind: str, tmp_path, capsys) -> None:
    split = data.split(movielens, kind)
    files = {"train": split.train_and_validation, "test": split.test}
    for name, rows in files.items():
        rows.write_csv(tmp_path / f"{name}.csv")
    dataset, ready = data.load_split_files(tmp_path / "train.csv", tmp_path / "test.csv")
    ready = data.with_validation(ready, dataset)
    assert ready.validates_as_tested
    assert scored(ready) == pytest.approx(scored(split), abs=0.006)


def test_what_a_draw_cannot_tell_of_the_future_stays_out(movielens: Dataset, capsys) -> None:
    """Validation drawn from train, test later: what order and time are worth cannot be chosen there."""
    later = data.split(movielens, "temporal-user")
    known = later.train_and_validation
    held = pl.Series(data.split(movielens, "random").rows[1])  # any rows will do
    drawn = known.with_row_index().select(pl.col("index").is_in(held.implode())).to_series()
    files = Split("files", known.filter(~drawn), known.filter(drawn), later.test)
    assert 0.17 < scored(files) < 0.23  # EASE .198; with time .27
    assert "validation is drawn at random, test is later than train for each user" in capsys.readouterr().err
