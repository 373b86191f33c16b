"""``recs data shards`` and ``recs run --shards``: the run of a split in memory, learned from disk."""

import json
import shutil

import pytest

from tfrs_lab.data import generate
from tfrs_lab.experiments.cli import main

TRAIN = [
    "--retrieval.parts", "in_batch", "--retrieval.in-batch.epochs", "8", "--retrieval.in-batch.batch-size", "256",
    "--retrieval.dimension", "16", "--retrieval.in-batch.dimension", "16",
    "--retrieval.in-batch.learning-rate", "0.02",
]  # fmt: skip


@pytest.fixture(scope="module")
def ratings(tmp_path_factory):
    file = tmp_path_factory.mktemp("ratings") / "ratings.parquet"
    generate(250, 120, 10_000).ratings.write_parquet(file)
    return file


@pytest.fixture(scope="module")
def shards(ratings, tmp_path_factory):
    out = tmp_path_factory.mktemp("sharded") / "shards"
    assert main(["data", "shards", "--ratings", str(ratings), "--shards", "4", "--out", str(out)]) == 0
    return out


def metrics(run):
    return json.loads((run / "metrics.json").read_text())


@pytest.mark.slow
def test_a_run_from_shards_is_one_like_any_other(ratings, shards, tmp_path, capsys):
    assert main(["run", "retrieval", "--ratings", str(ratings), *TRAIN, "--out", str(tmp_path / "memory")]) == 0
    for name in ("disk", "again"):
        assert main(["run", "retrieval", "--shards", str(shards), *TRAIN, "--out", str(tmp_path / name)]) == 0
    memory, disk, again = (metrics(tmp_path / name) for name in ("memory", "disk", "again"))
    assert disk == again
    assert disk["test"]["users"] == memory["test"]["users"]
    assert disk["test"]["ndcg@10"] == pytest.approx(memory["test"]["ndcg@10"], abs=0.03)
    assert len(json.loads((tmp_path / "disk" / "config.json").read_text())["dataset"]["shards"]) == 64
    capsys.readouterr()
    assert main(["recommend", str(tmp_path / "disk"), "--user", "7", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)
    exported = ["export", str(tmp_path / "disk"), str(tmp_path / "export"), "--index", "brute-force"]
    assert main(exported) == 0


@pytest.mark.slow
def test_only_those_who_are_asked_are_in_memory(ratings, tmp_path):
    out = tmp_path / "shards"
    words = ["data", "shards", "--ratings", str(ratings), "--shards", "2", "--asked", "40", "--out", str(out)]
    assert main(words) == 0
    assert main(["run", "retrieval", "--shards", str(out), *TRAIN, "--out", str(tmp_path / "run")]) == 0
    assert metrics(tmp_path / "run")["test"]["users"] <= 40


def changed(shards, tmp_path, change):
    copy = tmp_path / "copy"
    shutil.copytree(shards, copy)
    change(copy, sorted((copy / "train").glob("rows-*"))[0])
    return copy


def rewritten(folder, shard):
    file = folder / "about.json"
    file.write_text(file.read_text().replace('"format": 1', '"format": 9'))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda folder, shard: shard.unlink(), "expected the file train/rows-00000-of-00004.tfrecord"),
        (lambda folder, shard: shard.write_bytes(shard.read_bytes()[:-40]), "is not what was written"),
        (lambda folder, shard: shutil.copy(folder / "train_and_validation" / shard.name, shard), "is not what was"),
        (lambda folder, shard: shutil.copy(folder / "train" / "users.parquet", folder / "train" / "movies.parquet"),
         "train/movies.parquet is not what was written"),
        (lambda folder, shard: (folder / "about.json").unlink(), "expected shards that recs data shards wrote"),
        (rewritten, "expected shards of format 1"),
    ],
    ids=["missing", "cut off", "of other rows", "another vocabulary", "no shards", "another version"],
)  # fmt: skip
def test_shards_that_are_not_what_was_written(shards, tmp_path, capsys, change, message):
    copy = changed(shards, tmp_path, change)
    assert main(["run", "retrieval", "--shards", str(copy), *TRAIN, "--out", str(tmp_path / "run")]) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "ease"], "--shards: expected the experiment retrieval, got ease"),
        (["run", "retrieval"], "got linear, which needs all rows in memory"),
        (["run", "retrieval", *TRAIN, "--split", "random"], "--shards: expected no --ratings"),
    ],
)
def test_what_cannot_learn_from_shards(shards, capsys, words, message):
    with pytest.raises(SystemExit):
        main([*words, "--shards", str(shards)])
    assert message in " ".join(capsys.readouterr().err.split())


def test_shards_are_not_written_over(ratings, shards, capsys):
    assert main(["data", "shards", "--ratings", str(ratings), "--out", str(shards)]) == 1
    assert "expected a new directory for shards" in capsys.readouterr().err
