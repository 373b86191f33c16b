import json
import sys

import numpy as np
import polars as pl
import pytest

from benchmarks import field
from benchmarks.contenders import lists
from benchmarks.pages.tables import field_cells
from benchmarks.shared.turns import Ended, timed
from tfrs_lab.data import DataError

METRICS = dict.fromkeys(field.METRICS, 0.25)
EVENTS = pl.DataFrame({"user_id": ["u", "u", "v"], "movie_id": ["a", "b", "a"], "timestamp": [1_500_000_000] * 3})


@pytest.fixture
def folder(tmp_path):
    EVENTS.write_parquet(tmp_path / "toys.parquet")
    EVENTS.drop("timestamp").write_csv(tmp_path / "plain.csv")
    (tmp_path / "README.md").write_text("What the sets are.")
    for name, parts in (("lastfm", ("train", "valid", "test")), ("fixed", ("train", "test"))):
        (tmp_path / name).mkdir()
        for part in parts:
            EVENTS.write_parquet(tmp_path / name / f"{part}.parquet")
    return tmp_path


def test_every_set_of_a_directory_is_asked_by_its_protocol(folder):
    found = {task.name: task for task in field.tasks(folder, ())}
    assert [*found][:4] == [task.name for task in field.MOVIELENS]
    assert [*found][4:] == ["fixed", "lastfm", "lastfm-refit", "plain", "toys"]
    assert found["toys"].options[-1] == "leave-one-out"
    assert found["toys"].ordered
    assert found["plain"].options[-1] == "random"
    assert "--validation" not in found["lastfm"].options
    assert found["lastfm-refit"].options[-2:] == ["--validation", str(folder / "lastfm" / "valid.parquet")]
    assert "hybrid" in found["100k-stratified"].models
    assert "hybrid" not in found["toys"].models


def test_sets_are_chosen_by_name_or_path(folder, monkeypatch):
    assert [task.name for task in field.tasks(None, ["100k-stratified", str(folder / "lastfm")])] == [
        *("100k-stratified", "lastfm", "lastfm-refit")
    ]
    monkeypatch.setenv("TFRS_LAB_FIELD_DATA", str(folder))
    assert [task.name for task in field.tasks(None, ["toys"])] == ["toys"]
    with pytest.raises(SystemExit, match=r"expected a path or one of 100k-stratified, .* got toyz"):
        field.tasks(folder, ["toyz"])
    (folder / "fixed" / "test.parquet").unlink()
    with pytest.raises(DataError, match="expected files named train and test, got train"):
        field.tasks(folder, ())


def test_what_fails_costs_its_own_row(folder, monkeypatch):
    def fake(command, **_):
        if "ease" in command:
            return Ended(1, 1.0, 1.0, 0.1, "", "recs: ease: not enough memory")
        if "hstu" in command:
            return Ended(None, 900.0, 1.0, 0.1, "", "")
        if "compare" in command:
            run = {"test": METRICS, "confidence": {"ndcg@10": [0.2, 0.3]}, "seconds": {"train": 7.0}}
            return Ended(0, 9.0, 1.0, 0.5, json.dumps({"runs": {command[command.index("compare") + 1]: run}}), "")
        if "score" in command:
            return Ended(0, 1.0, 1.0, 0.1, json.dumps({"metrics": METRICS, "confidence": {"ndcg@10": [0, 0.5]}}), "")
        return Ended(0, 1.0, 1.0, 2.0, '>>> {"seconds": 3.5}', "")

    monkeypatch.setattr(field, "timed", fake)
    monkeypatch.setattr(field, "peers_python", lambda: "python")
    (folder / "out" / "retrieval" / "retrieval").mkdir(parents=True)
    (folder / "out" / "retrieval" / "retrieval" / "known.parquet").touch()
    task = field.Task("toys", ["--ratings", "toys.parquet"], ordered=True)
    rows = {row["by"]: row for row in field.measured(task, folder / "out")["rows"]}
    assert rows["retrieval"] == {
        **{"by": "retrieval", **METRICS, "confidence": [0.2, 0.3]},
        **{"train_seconds": 7.0, "peak_gb": 0.5},
    }
    assert rows["ease"] == {"by": "ease", "source": "recs: ease: not enough memory"}
    assert rows["RecTools SASRec"]["train_seconds"] == 3.5
    assert rows["RecTools SASRec"]["peak_gb"] == 2.0
    assert rows["RecTools HSTU"]["source"] == "stopped after 900 s"
    assert "RecBole LightGCN" not in rows
    assert rows["TIGER"]["ndcg@10"] == 0.0432


def test_the_record_keeps_other_sets(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.shared.record.RESULTS", tmp_path)
    monkeypatch.setattr(field, "RESULTS", tmp_path)
    one = {"protocol": "as they ask", "rows": [{"by": "retrieval", **METRICS, "confidence": [0.2, 0.3]}]}
    assert field.Standing({"a": one}).finish(write=True) == 0
    assert (
        field.Standing({"b": {"protocol": "", "rows": [{"by": "retrieval", "source": "no"}]}}).finish(write=True) == 1
    )
    kept = json.loads((tmp_path / "field.json").read_text())
    assert [row[:3] for row in field_cells(kept)[1]] == [
        ["a", "retrieval", "0.2500 ± 0.0500"],
        ["b", "retrieval", "–"],
    ]


def test_every_published_figure_has_a_source():
    for name, found in json.loads(field.PUBLISHED.read_text(encoding="utf-8")).items():
        assert found["protocol"], name
        for figure in found["figures"]:
            assert figure.keys() <= {"by", "source", *field.METRICS}
            assert figure["source"]
            assert all(0 < figure[metric] < 1 for metric in field.METRICS if metric in figure)


def test_a_contender_is_asked_for_what_users_do_not_know(tmp_path, monkeypatch, capsys):
    def popular(rows):
        return lists.ranked(rows, lambda users: np.tile(np.arange(len(rows.movies), dtype=float), (len(users), 1)))

    monkeypatch.setitem(lists.CONTENDERS, "last", popular)
    files = [str(tmp_path / name) for name in ("known", "asked", "lists")]
    EVENTS.write_parquet(files[0])
    pl.DataFrame({"user_id": ["v", "new", "v"], "movie_id": ["b", "b", "b"]}).write_parquet(files[1])
    monkeypatch.setattr(sys, "argv", ["lists", "last", *files])
    lists.main()
    found = pl.read_parquet(files[2])
    assert found.filter(user_id="v").select("movie_id", "rank").rows() == [("b", 1)]
    assert found.filter(user_id="new").select("movie_id", "rank").rows() == [("a", 1), ("b", 2)]
    assert capsys.readouterr().out.startswith('>>> {"seconds": ')


def test_a_process_is_measured_and_stopped():
    ended = timed([sys.executable, "-c", "x = bytearray(10**8); print('>>> 5')"])
    assert (ended.status, ended.problem, ended.answer) == (0, "", 5)
    assert 0.1 < ended.peak_gb < 2
    assert "ZeroDivisionError" in timed([sys.executable, "-c", "1 / 0"]).problem
    assert timed([sys.executable, "-c", "input()"], limit=0.2, stdin=-1).problem.startswith("stopped after")
