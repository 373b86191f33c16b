"""``recs run retrieval --from RUN``: training goes on with more ratings, users and movies."""

import csv
import json
import shutil

import polars as pl
import pytest

from tfrs_lab.experiments.cli import main

SMALL = ["--retrieval.parts", "in_batch", "linear", "--retrieval.in-batch.dimension", "12"]
SMALL += ["--retrieval.in-batch.batch-size", "64", "--retrieval.in-batch.epochs", "25"]


@pytest.fixture(scope="module")
def files(planted, tmp_path_factory):
    """Words of a first run, on the even users and the movies but one, and of a later one on all."""
    folder = tmp_path_factory.mktemp("continuing")
    early = pl.col("user_id").str.tail(1).is_in(list("02468")) & (pl.col("movie_id") != "m03")
    tables = {
        "old-train": planted.train.filter(early),
        "old-test": planted.train.filter(~early).filter(pl.col("user_id") == "u00").head(0),
        "train": planted.train,
        "validation": planted.validation,
        "test": planted.test,
    }
    tables["old-test"] = tables["old-train"].group_by("user_id", maintain_order=True).last()
    tables["old-train"] = tables["old-train"].join(tables["old-test"], on=["user_id", "movie_id"], how="anti")
    for name, table in tables.items():
        table.select(planted.train.columns).write_parquet(folder / f"{name}.parquet")

    def words(**parts):
        return [word for option, name in parts.items() for word in (f"--{option}", str(folder / f"{name}.parquet"))]

    return words(train="old-train", test="old-test"), words(train="train", validation="validation", test="test")


@pytest.fixture(scope="module")
def earlier(files, tmp_path_factory):
    out = tmp_path_factory.mktemp("earlier") / "run"
    assert main(["run", "retrieval", *files[0], *SMALL, "--out", str(out)]) == 0
    return out


def first_loss(run):
    with (run / "history.csv").open() as file:
        return float(next(csv.DictReader(file))["loss"])


def test_training_goes_on_where_the_run_ended_with_its_configuration(files, earlier, tmp_path):
    more, anew = tmp_path / "more", tmp_path / "anew"
    assert main(["run", "retrieval", "--from", str(earlier), *files[1], "--out", str(more)]) == 0
    assert main(["run", "retrieval", *files[1], *SMALL, "--out", str(anew)]) == 0
    configs = [json.loads((run / "config.json").read_text())["settings"]["retrieval"] for run in (more, anew)]
    assert configs[0] == configs[1]
    assert first_loss(more) < first_loss(anew)
    again = tmp_path / "again"
    assert main(["run", "retrieval", "--from", str(more), *files[1], "--out", str(again)]) == 1  # trained on them


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["retrieval", "--train", "OTHER", "--validation", "THIRD", "--test", "KNOWN"],
            "expected test rows that the run has not been trained on",
        ),
        (["ease", "--train", "OTHER", "--test", "KNOWN"], "expected a run of retrieval to start from, got ease"),
        (["retrieval", "--retrieval.parts", "history"], "expected weights of the part history, got none"),
        (["retrieval", "--retrieval.in-batch.dimension", "5"], "expected weights of the shape"),
    ],
)
def test_what_cannot_go_on_is_refused(files, earlier, tmp_path, capsys, words, message):
    new = dict(zip(files[1][::2], files[1][1::2], strict=True))
    places = {"KNOWN": files[0][1], "OTHER": new["--test"], "THIRD": new["--validation"]}
    words = [places.get(word, word) for word in words]
    data = [] if "--train" in words else files[1]
    assert main(["run", words[0], "--from", str(earlier), *words[1:], *data, "--out", str(tmp_path / "run")]) == 1
    assert message in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "run").exists()


def test_damaged_weights_are_refused(files, earlier, tmp_path, capsys):
    run = tmp_path / "earlier"
    shutil.copytree(earlier, run)
    weights = run / "checkpoints" / "final" / "in_batch" / "weights.npz"
    weights.write_bytes(weights.read_bytes()[:-100])
    assert main(["run", "retrieval", "--from", str(run), *files[1], "--out", str(tmp_path / "run")]) == 1
    assert "weights.npz is not what was written" in " ".join(capsys.readouterr().err.split())
