"""Cold starts through the command line: what is in the table and in ``metrics.json``."""

import json

import polars as pl
import pytest

from tfrs_lab import data
from tfrs_lab.experiments.cli import main


@pytest.fixture(scope="module")
def ratings(tmp_path_factory):
    file = tmp_path_factory.mktemp("cold") / "ratings.csv"
    data.generate(users=60, movies=50, ratings=1500, seed=0).ratings.write_csv(file)
    return file


def run(ratings, out, *words):
    assert main(["run", *words, "--ratings", str(ratings), "--out", str(out)]) == 0
    return json.loads((out / "metrics.json").read_text())


def test_new_users_are_asked_about_once_for_each_number_of_known_ratings(ratings, tmp_path):
    metrics = run(ratings, tmp_path / "run", "ease", "--split", "cold-users", "--revealed", "4,0,2")
    shown = metrics["slices"]["revealed"]
    assert list(shown) == ["0", "2", "4"]
    assert len({(one["users"], one["interactions"]) for one in shown.values()}) == 1
    assert shown["4"]["ndcg@10"] == metrics["test"]["ndcg@10"]
    assert shown["0"]["ndcg@10"] != shown["2"]["ndcg@10"]


def test_collaborative_models_rank_new_movies_by_chance(ratings, tmp_path):
    words = ("--split", "cold-items", "--draws", "3")
    ease, popularity = (run(ratings, tmp_path / name, name, *words) for name in ("ease", "popularity"))
    assert ease["test"]["ndcg@10"] == popularity["test"]["ndcg@10"] > 0
    assert ease["parts"] == ["draw-0", "draw-1", "draw-2"]
    assert ease["spread"]["test"]["ndcg@10"] > 0


def test_mixed_tells_old_movies_from_new_ones(ratings, tmp_path):
    metrics = run(ratings, tmp_path / "run", "ease", "--split", "mixed", "--draws", "2")
    slices = metrics["slices"]["cold_start"]
    assert slices["cold_items"]["recall@50"] == 0 < slices["warm_items"]["ndcg@10"]
    assert metrics["spread"]["slices"]["cold_start"]["warm_items"]["ndcg@10"] > 0


@pytest.mark.parametrize(
    ("split", "words"),
    [
        ("cold-users", ["10 known"]),
        ("mixed", ["warm", "recall@50", "±"]),
        ("cold-items", ["new movies", "± the deviation"]),
    ],
)
def test_the_table_says_what_matters_on_the_split(ratings, tmp_path, capsys, split, words):
    options = ["--ratings", str(ratings), "--split", split, "--draws", "2", "--out", str(tmp_path / "out")]
    assert main(["compare", "popularity", "ease", *options]) == 0
    shown = capsys.readouterr().out
    assert all(word in shown for word in words)


def test_with_nothing_known_of_its_test_users_a_comparison_still_shows_somebody(ratings, tmp_path, capsys):
    options = ["--ratings", str(ratings), "--split", "cold-users", "--revealed", "0", "--out", str(tmp_path / "out")]
    assert main(["compare", "popularity", "ease", *options]) == 0
    assert "rated highest" in capsys.readouterr().out


def test_nonsense_is_refused(ratings, tmp_path, capsys):
    options = ["--ratings", str(ratings), "--split", "cold-users", "--revealed", "3,-1", "--out", str(tmp_path / "out")]
    with pytest.raises(SystemExit, match="2"):
        main(["run", "ease", *options])
    assert "--revealed: expected distinct integers of at least 0" in capsys.readouterr().err


def test_a_backtest_has_the_mean_and_deviation_of_its_cuts(ratings, tmp_path, capsys):
    words = ["--split", "temporal-global", "--cuts", "3"]
    metrics = run(ratings, tmp_path / "run", "popularity", *words)
    parts = [tmp_path / "run" / f"cut-{number}" for number in range(3)]
    assert metrics["parts"] == [part.name for part in parts]
    own = [json.loads((part / "metrics.json").read_text())["test"]["ndcg@10"] for part in parts]
    assert metrics["test"]["ndcg@10"] == pytest.approx(sum(own) / 3)
    assert metrics["spread"]["test"]["ndcg@10"] > 0
    sizes = [len(pl.read_parquet(part / "known.parquet")) for part in parts]
    assert sizes == sorted(set(sizes))
    both = ["--ratings", str(ratings), *words, "--out", str(tmp_path / "both")]
    assert main(["compare", "popularity", "random", *both]) == 0
    assert "± the deviation between cuts" in " ".join(capsys.readouterr().out.split())
    with pytest.raises(SystemExit):
        main(["run", "popularity", "--ratings", str(ratings), "--cuts", "3"])
