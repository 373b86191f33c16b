import json

import polars as pl
import pytest

from tfrs_lab.experiments.cli import main


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Of users who go from one movie to the next, each somewhere else on one circle of movies."""
    directory = tmp_path_factory.mktemp("circle")
    rows = [(f"u{user:02}", f"m{(user + step) % 30:02}", 1_000 + step) for user in range(60) for step in range(14)]
    table = pl.DataFrame(rows, schema=["user_id", "movie_id", "timestamp"], orient="row")
    table.with_columns(timestamp=1_400_000_000 + pl.col("timestamp") * 86_400).write_csv(directory / "events.csv")
    words = ["run", "itemknn", "--ratings", str(directory / "events.csv"), "--out", str(directory / "run")]
    assert main([*words, "--itemknn.neighbours", "4", "--itemknn.shrink", "1"]) == 0
    return directory / "run"


def test_a_run_is_replayed_on_its_own_test_rows_and_its_report_shows_it(run, tmp_path, capsys):
    assert main(["replay", str(run), "--k", "5", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads((run / "replay.json").read_text())
    every, first = found["groups"][0], found["groups"][1]
    assert every["events"] == len(pl.read_parquet(run / "test.parquet"))
    assert first["live"]["difference"] == pytest.approx(0)  # nothing has come since
    assert every["live"]["difference"] > 0.05
    assert main(["replay", str(run), "--k", "5"]) == 0
    assert "live less" in capsys.readouterr().out
    assert main(["report", str(run), "--out", str(tmp_path / "page.html")]) == 0
    assert "What fresh histories are worth" in (tmp_path / "page.html").read_text()


def test_one_that_is_trained_again_learns_of_the_events_before(run, capsys):
    assert main(["replay", str(run), "--k", "5", "--retrain-every", "60", "--json"]) == 0
    every = json.loads(capsys.readouterr().out)["groups"][0]
    assert every["trained again"]["ndcg"] > every["frozen"]["ndcg"]


def test_events_that_are_none_are_refused(run, tmp_path, capsys):
    pl.read_parquet(run / "known.parquet").write_csv(tmp_path / "known.csv")
    assert main(["replay", str(run), "--test", str(tmp_path / "known.csv")]) == 1
    assert "expected events of movies that are new to their users, got none" in capsys.readouterr().err
