import json
import shutil
from dataclasses import replace

import polars as pl
import pytest

from tfrs_lab.evaluation.replay import Request
from tfrs_lab.experiments.cli import main
from tfrs_lab.experiments.commands import replay as replaying
from tfrs_lab.experiments.runs import replay as playing
from tfrs_lab.models.registry import specification
from tfrs_lab.models.specification import Trained

ITEMKNN = specification("itemknn")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Of users who go from one movie to the next, each somewhere else on one circle of movies."""
    directory = tmp_path_factory.mktemp("circle")
    rows = [(f"u{user:02}", f"m{(user + step) % 30:02}", 1_000 + step) for user in range(60) for step in range(14)]
    table = pl.DataFrame(rows, schema=["user_id", "movie_id", "timestamp"], orient="row")
    table.with_columns(timestamp=1_400_000_000 + pl.col("timestamp") * 86_400).write_csv(directory / "events.csv")
    words = ["--ratings", str(directory / "events.csv"), "--out", str(directory / "run")]
    assert main(["run", "itemknn", *words, "--itemknn.neighbours", "4", "--itemknn.shrink", "1"]) == 0
    return directory / "run"


@pytest.fixture(scope="module")
def exported(run):
    """A run of the same events whose model is a query tower, its export, and its test rows as a file."""
    directory, parts = run.parent, ["--retrieval.parts", "linear", "--retrieval.linear.dimension", "4"]
    words = ["--ratings", str(directory / "events.csv"), "--out", str(directory / "tower")]
    assert main(["run", "retrieval", *words, *parts]) == 0
    assert main(["export", str(directory / "tower"), str(directory / "export"), "--index", "brute-force"]) == 0
    pl.read_parquet(directory / "tower" / "test.parquet").write_csv(directory / "later.csv")
    return directory / "tower", directory / "export", directory / "later.csv"


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


def test_an_export_answers_as_its_run(exported, capsys):
    tower, export, later = exported
    capsys.readouterr()
    assert main(["replay", str(tower), "--json"]) == 0
    wanted = json.loads(capsys.readouterr().out)["groups"]
    for known in ([], ["--known", str(tower / "known.parquet")]):
        assert main(["replay", str(export), "--test", str(later), *known, "--json"]) == 0
        found = json.loads(capsys.readouterr().out)["groups"]
        assert [group["events"] for group in found] == [group["events"] for group in wanted]
        for name in ("live", "frozen"):
            assert [group[name]["ndcg"] for group in found] == pytest.approx([group[name]["ndcg"] for group in wanted])
    assert wanted[0]["live"]["ndcg"] != wanted[0]["frozen"]["ndcg"]


def test_an_export_has_to_know_what_it_was_trained_on(exported, tmp_path, capsys):
    _, export, later = exported
    copy = shutil.copytree(export, tmp_path / "export")
    catalogue = copy / "1" / "assets.extra" / "catalogue.json"
    catalogue.write_text(json.dumps({**json.loads(catalogue.read_text()), "users": {}}))
    assert main(["replay", str(copy), "--test", str(later)]) == 1
    assert "--known: expected the rows that the export was trained on" in capsys.readouterr().err
    assert main(["replay", str(export)]) == 1
    assert "--test: expected a file of events" in capsys.readouterr().err


@pytest.mark.parametrize("every", [60, 300])
def test_a_model_is_trained_again_after_so_many_events(run, every, monkeypatch):
    """Also where they are more than are asked at a time."""
    fitted = []
    monkeypatch.setattr(playing.Interactions, "from_ratings", lambda rows: fitted.append(len(rows)))
    monkeypatch.setattr(playing, "of_run", lambda model, k: {"frozen": lambda asked: [[]] * len(asked)})
    monkeypatch.setattr(replaying, "specification", lambda name: replace(ITEMKNN, fit=lambda *_: Trained(None)))
    monkeypatch.setattr(replaying, "requests", lambda known, events: ([Request("u", (), ())] * 700, lots(events)))
    assert main(["replay", str(run), "--retrain-every", str(every)]) == 0
    known = len(pl.read_parquet(run / "known.parquet"))
    assert fitted == list(range(known, known + 700, every))


def lots(events: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([events] * 4)[:700]


def test_a_run_of_several_seeds_is_not_trained_again(run, tmp_path, capsys):
    words = ["run", "popularity", "--ratings", str(run.parent / "events.csv"), "--seeds", "0,1"]
    assert main([*words, "--out", str(tmp_path / "run")]) == 0
    assert main(["replay", str(tmp_path / "run"), "--retrain-every", "60"]) == 1
    assert "--retrain-every: expected a run of one seed and split" in capsys.readouterr().err


def test_two_models_are_asked_live_and_whose_picks_are_wanted_is_told(run, exported, tmp_path, capsys):
    tower, export, later = exported
    known = ["--known", str(tower / "known.parquet")]
    assert main(["run", "popularity", "--ratings", str(run.parent / "events.csv"), "--out", str(tmp_path / "pop")]) == 0
    capsys.readouterr()
    assert main(["replay", str(run), str(tmp_path / "pop"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    every, picks = found["groups"][0], found["interleaved"]
    assert main(["replay", str(run), "--json"]) == 0
    alone = json.loads(capsys.readouterr().out)["groups"][0]
    assert every["itemknn"]["ndcg"] == alone["live"]["ndcg"]
    assert every["popularity"]["difference"] < 0
    assert picks["names"] == ["itemknn", "popularity"]
    assert picks["first"] > picks["second"]
    assert 0 < picks["interval"][0] < picks["preference"] < 1
    assert main(["replay", str(export), str(tower), "--test", str(later), *known]) == 0
    assert "a preference for export of" in " ".join(capsys.readouterr().out.split())


def test_a_model_that_was_trained_on_the_events_is_no_match(run, tmp_path, capsys):
    words = ["--train", str(run.parent / "events.csv"), "--test", str(tmp_path / "one.csv")]
    pl.read_csv(run.parent / "events.csv").tail(1).with_columns(user_id=pl.lit("new")).write_csv(tmp_path / "one.csv")
    assert main(["run", "popularity", *words, "--out", str(tmp_path / "all")]) == 0
    capsys.readouterr()
    assert main(["replay", str(run), str(tmp_path / "all")]) == 1
    events = len(pl.read_parquet(run / "test.parquet"))
    said = capsys.readouterr().err
    assert f"expected events that neither model was trained on, got {events} that popularity was" in said
    for words in ([str(run), str(run), "--retrain-every", "5"], [str(run)] * 3):
        with pytest.raises(SystemExit):
            main(["replay", *words])


def test_drift_is_told_of_events_that_are_not_like_the_training(exported, tmp_path, capsys):
    _, export, later = exported
    capsys.readouterr()
    strange = pl.DataFrame(
        {
            "user_id": ["who"] * 30 + ["u01"] * 10,
            "movie_id": ["m03"] * 20 + ["new"] * 20,
            "timestamp": range(1_500_000_000, 1_500_000_040),
        }
    ).unique(["user_id", "movie_id"], maintain_order=True)
    strange.write_csv(tmp_path / "strange.csv")
    told = {}
    for name, file in (("later", later), ("strange", tmp_path / "strange.csv")):
        assert main(["runs", "drift", str(export), "--events", str(file), "--json"]) == 0
        told[name] = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    new = "events of movies that training did not have"
    assert told["later"][new]["now"] == 0
    assert told["strange"][new]["now"] == pytest.approx(2 / 3)
    assert told["strange"]["users whom training did not have"]["now"] == 0.5
    popular = "popularity of the movies of events"
    assert told["strange"][popular]["index"] > told["later"][popular]["index"]
    assert told["strange"][popular]["verdict"] == "changed"
    length = "movies that training had of a user"
    assert told["later"][length]["index"] == pytest.approx(0, abs=1e-6)  # the same users: that they went on is no drift
    assert told["strange"][length]["now"] < told["strange"][length]["then"]
    assert main(["runs", "drift", str(export), "--events", str(later)]) == 0
    assert "share of the catalogue shown" in capsys.readouterr().out
    assert main(["runs", "drift", str(later.parent), "--events", str(later)]) == 1
