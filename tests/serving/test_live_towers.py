"""What is served of a model follows its users: the towers answer for what they have done since training."""

import json
import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from tfrs_lab.data import load
from tfrs_lab.evaluation.score import score_topk
from tfrs_lab.experiments.cli import main

ASK = """
import json, sys
import tensorflow as tf
model = tf.saved_model.load(sys.argv[1])
asked = json.load(open(sys.argv[2]))
answers = {}
for name, inputs in asked.items():
    graph = model.signatures[name]
    types = {one.name: one.dtype for one in graph.structured_input_signature[1].values()}
    found = graph(**{key: tf.constant(value, types[key]) for key, value in inputs.items()})
    answers[name] = [[movie.decode() for movie in row] for row in found["movie_id"].numpy()]
json.dump(answers, open(sys.argv[3], "w"))
"""


def by_time(ratings: pl.DataFrame) -> list[pl.DataFrame]:
    """Each user's first 70 % of the rows, the next 10 %, and the last 20 %."""
    ordered = ratings.sort("timestamp", maintain_order=True)
    place, rows = pl.int_range(pl.len()).over("user_id"), pl.len().over("user_id")
    share = ordered.with_columns(part=(place / rows >= 0.7).cast(int) + (place / rows >= 0.8).cast(int))
    return [share.filter(pl.col("part") == part).drop("part") for part in range(3)]


def padded(lists: list[list]) -> list[list]:
    """Equally long, with what means nothing at the end."""
    width = max(map(len, lists))
    filling = "" if any(lists) and isinstance(next(filter(None, lists))[0], str) else 0
    return [[*one, *[filling] * (width - len(one))] for one in lists]


def events(table: pl.DataFrame, users: list[str]) -> dict[str, list[list]]:
    """The inputs that tell of them."""
    own = {key[0]: rows for key, rows in table.partition_by("user_id", as_dict=True).items()}
    found = [own.get(user, table.clear()) for user in users]
    names = {"movie_id": "movie_id", "rating": "user_rating", "timestamp": "timestamp"}
    return {name: padded([rows[column].to_list() for rows in found]) for name, column in names.items()}


@pytest.mark.slow
def test_a_served_model_answers_for_what_has_happened_since(tmp_path):
    first, since, last = by_time(load("100k").ratings)
    first.write_parquet(tmp_path / "first.parquet")
    since.write_parquet(tmp_path / "since.parquet")
    files = ["--train", str(tmp_path / "first.parquet"), "--test", str(tmp_path / "since.parquet")]
    assert main(["run", "retrieval", *files, "--out", str(tmp_path / "run")]) == 0
    assert main(["export", str(tmp_path / "run"), str(tmp_path / "out"), "--index", "brute-force"]) == 0
    users = last["user_id"].unique().sort().to_list()
    asked = {
        "recommend": {"user_id": users, "exclude": [[""]] * len(users), "k": 200},
        "recommend_since": {"user_id": users, **events(since, users), "k": 10},
        "recommend_for_history": {**events(pl.concat([first, since]), users), "k": 10},
    }
    (tmp_path / "asked.json").write_text(json.dumps(asked))
    command = [sys.executable, "-c", ASK, *map(str, (tmp_path / "out/1", tmp_path / "asked.json", tmp_path / "said"))]
    subprocess.run(command, check=True, timeout=600)
    said = json.loads((tmp_path / "said").read_text())
    known = pl.concat([first, since])
    worth = {name: ndcg(lists, users, last, known) for name, lists in said.items()}
    print(worth)
    assert worth["recommend_since"] >= 0.275
    assert worth["recommend_for_history"] >= 0.275
    assert min(worth["recommend_since"], worth["recommend_for_history"]) > worth["recommend"] + 0.02


def ndcg(lists: list[list[str]], users: list[str], truth: pl.DataFrame, known: pl.DataFrame) -> float:
    """nDCG@10 of the lists, with what is known by now left out."""
    rows = [(user, movie, rank) for user, movies in zip(users, lists, strict=True) for rank, movie in enumerate(movies)]
    table = pl.DataFrame(
        [(user, movie, rank + 1, float(-rank)) for user, movie, rank in rows if movie],
        schema=["user_id", "movie_id", "rank", "score"],
        orient="row",
    )
    return float(np.asarray(score_topk(table, truth, known, ks=(10,), bootstrap=0).metrics["ndcg@10"]))
