"""Predicted ratings through the command line: metrics, files, tables, reports."""

import json

import polars as pl
import pytest

from tfrs_lab import data
from tfrs_lab.evaluation import mae, rating_errors, rmse
from tfrs_lab.experiments.cli import main

TINY = ("--ranking.dimension", "4", "--ranking.epochs", "1")


@pytest.fixture(scope="module")
def ratings(tmp_path_factory):
    file = tmp_path_factory.mktemp("ratings") / "ratings.csv"
    data.generate(users=60, movies=50, ratings=1500, seed=0).ratings.write_csv(file)
    return str(file)


def test_a_run_has_errors_with_intervals_and_a_file_of_predictions(ratings, tmp_path, capsys):
    out = tmp_path / "run"
    assert main(["run", "ranking", "--ratings", ratings, "--split", "random", "--out", str(out), *TINY]) == 0
    metrics = json.loads((out / "metrics.json").read_text())
    table = pl.read_parquet(out / "predictions.parquet")
    truth, prediction = (table[name].to_numpy() for name in ("user_rating", "prediction"))
    assert metrics["test"]["rmse"] == pytest.approx(rmse(truth, prediction), abs=1e-9)
    assert metrics["test"]["mae"] == pytest.approx(mae(truth, prediction), abs=1e-9)
    low, high = metrics["confidence"]["rmse"]
    assert low < metrics["test"]["rmse"] < high
    assert {"rmse", "mae"} <= set(metrics["validation"])
    assert len(table) == len(pl.read_parquet(out / "test.parquet"))
    assert "predicted ratings: RMSE" in capsys.readouterr().out
    assert "Calibration" in (out / "report.html").read_text(encoding="utf-8")


def test_folds_are_averaged_and_the_interval_is_of_all_rows(ratings, tmp_path):
    out = tmp_path / "run"
    words = ["--ratings", ratings, "--split", "k-fold", "--folds", "2", "--out", str(out)]
    assert main(["run", "ranking", *words, *TINY, "--ranking.head", "ordinal"]) == 0
    metrics = json.loads((out / "metrics.json").read_text())
    parts = [json.loads((out / part / "metrics.json").read_text())["test"]["rmse"] for part in metrics["parts"]]
    assert metrics["test"]["rmse"] == pytest.approx(sum(parts) / 2)
    assert metrics["confidence"]["rmse"][0] < metrics["test"]["rmse"] < metrics["confidence"]["rmse"][1]
    tables = [pl.read_parquet(out / part / "predictions.parquet") for part in metrics["parts"]]
    assert sum(map(len, tables)) == 1500
    chances = tables[0].select(pl.col("^probability_.*$"))
    assert chances.columns == [f"probability_{level}" for level in range(1, 6)]
    assert chances.sum_horizontal().to_numpy() == pytest.approx(1, abs=1e-5)


def test_the_table_shows_errors_beside_lists(ratings, tmp_path, capsys):
    words = ["--ratings", ratings, "--split", "random", "--out", str(tmp_path / "out")]
    assert main(["compare", "popularity", "ranking", *words, *TINY]) == 0
    shown = capsys.readouterr().out
    assert "RMSE" in shown
    assert "–" in next(line for line in shown.splitlines() if line.strip().startswith("popularity"))


def test_implicit_feedback_and_looking_ahead_are_refused_in_one_line(ratings, tmp_path, capsys):
    clicks = tmp_path / "clicks.csv"
    pl.read_csv(ratings).drop("user_rating").write_csv(clicks)
    assert main(["run", "ranking", "--ratings", str(clicks), "--out", str(tmp_path / "a")]) == 1
    assert "expected ratings to learn from (column user_rating)" in capsys.readouterr().err
    words = ["--ratings", ratings, "--out", str(tmp_path / "b"), "--ranking.time-neighbours", "both"]
    assert main(["run", "ranking", *words]) == 1
    assert "expected none or past on temporal-user" in capsys.readouterr().err
    assert not list(tmp_path.glob("[ab]*"))


def test_errors_are_over_rows_and_their_intervals_over_users():
    """Two users: one always right, one always 2 off; a resample is one of them, both, or one twice."""
    table = pl.DataFrame(
        {"user_id": ["a", "a", "b", "b"], "user_rating": [3.0] * 4, "prediction": [3.0, 3.0, 5.0, 1.0]}
    )
    metrics, confidence = rating_errors(table)
    assert metrics == {"rmse": pytest.approx(2**0.5), "mae": pytest.approx(1.0)}
    assert confidence == {"rmse": pytest.approx((0.0, 2.0)), "mae": pytest.approx((0.0, 2.0))}


def test_a_model_that_looks_ahead_is_not_tuned_on_a_split_in_time(ratings, tmp_path, capsys):
    ahead = "--hybrid.retrieval.joint.rating.time-neighbours"
    words = ["tune", "hybrid", "--ratings", ratings, "--split", "temporal-user", ahead, "both"]
    assert main([*words, "--study", str(tmp_path / "s.db"), "--trials", "1"]) == 1
    assert "expected none or past on temporal-user" in capsys.readouterr().err
