"""The main job on real MovieLens-100K, through the command line, as a newcomer would run it."""

import json

import polars as pl
import pytest

from tests.known_pairs import found_among
from tfrs_lab.experiments.cli import main

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def retrieval_run(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "retrieval"
    words = ["run", "retrieval", "--dataset", "100k", "--split", "stratified", "--seed", "0", "--out", str(out)]
    assert main(words) == 0
    return out


def test_retrieval_stands_with_the_best_baselines_and_far_above_popularity(retrieval_run):
    test = json.loads((retrieval_run / "metrics.json").read_text())["test"]
    assert test["users"] == 943
    assert test["ndcg@10"] > 0.505  # iALS .486, EASE .481, popularity .252; one seed
    assert test["recall@10"] > 0.22
    assert test["ndcg@10"] < 0.55  # more would smell of leakage


def test_its_lists_score_the_same_through_recs_score(retrieval_run, capsys):
    files = [str(retrieval_run / f"{name}.parquet") for name in ("topk", "test", "known")]
    assert main(["score", "--topk", files[0], "--truth", files[1], "--seen", files[2], "--json"]) == 0
    scored = json.loads(capsys.readouterr().out)
    test = json.loads((retrieval_run / "metrics.json").read_text())["test"]
    for name in ("ndcg@10", "precision@5", "recall@20", "map@10", "coverage@10", "novelty@10", "gini@10"):
        assert scored[name] == pytest.approx(test[name], abs=1e-12)


def test_no_test_row_was_known(retrieval_run):
    known, test = (pl.read_parquet(retrieval_run / f"{name}.parquet") for name in ("known", "test"))
    assert (len(known), len(test)) == (75_066, 24_934)
    assert known.join(test, on=["user_id", "movie_id"]).is_empty()


def test_after_two_star_wars_comes_the_third(retrieval_run, capsys):
    assert main(["recommend", str(retrieval_run), "--history", "50,172", "--k", "5", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found[0]["movie_title"] == "Return of the Jedi (1983)"
    assert found[0]["why"] == "like Star Wars (1977), Empire Strikes Back, The (1980)"


def test_movies_like_the_first_of_a_series_are_its_others(retrieval_run):
    assert len(found_among(retrieval_run)) >= 13  # of 15, with a quarter of the rows hidden


def test_the_hybrid_does_all_of_it_with_one_set_of_weights(tmp_path, capsys):
    """Lists, ratings and movies that nobody has rated."""
    out = tmp_path / "hybrid"
    assert (
        main(["run", "hybrid", "--split", "stratified", "--seed", "0", "--hybrid.simulations", "1", "--out", str(out)])
        == 0
    )
    test = json.loads((out / "metrics.json").read_text())["test"]
    assert 0.49 < test["ndcg@10"] < 0.55  # iALS .486
    assert 0.86 < test["rmse"] < 0.90  # biases alone .94
    assert len(found_among(out)) >= 13
    predictions = pl.read_parquet(out / "predictions.parquet")
    assert predictions.columns == ["user_id", "movie_id", "user_rating", "prediction"]
    assert len(predictions) == 24_934
    error = predictions["prediction"] - predictions["user_rating"]
    assert (error**2).mean() ** 0.5 == pytest.approx(test["rmse"], abs=1e-6)
    assert "RMSE" in capsys.readouterr().out
    assert "Calibration" in (out / "report.html").read_text(encoding="utf-8")


def test_the_comparison_of_make_run(tmp_path, capsys):
    assert main(["compare", "popularity", "ease", "--dataset", "100k", "--out", str(tmp_path / "c")]) == 0
    shown = capsys.readouterr().out
    assert "temporal-user" in shown
    assert "popularity − ease" in shown
    stored = json.loads((tmp_path / "c" / "comparison.json").read_text())
    assert stored["runs"]["popularity"]["test"]["ndcg@10"] == pytest.approx(0.121, abs=0.002)
