"""recs runs: what lies in a directory of runs, side by side, and away."""

import json
import shutil

import pytest

from tfrs_lab.experiments.cli import main
from tfrs_lab.experiments.storage.directory import locked


@pytest.fixture(scope="module")
def made(planted, tmp_path_factory):
    """Two runs of a comparison, one on its own with another split, and one that was cut off."""
    directory = tmp_path_factory.mktemp("made")
    words = []
    for part in ("train", "validation", "test"):
        getattr(planted, part).write_parquet(directory / f"{part}.parquet")
        words += [f"--{part}", str(directory / f"{part}.parquet")]
    root = directory / "runs"
    assert main(["compare", "popularity", "ease", *words, "--out", str(root / "both")]) == 0
    ratings = ["--ratings", str(directory / "train.parquet"), "--split", "random"]
    assert main(["run", "itemknn", *ratings, "--out", str(root / "alone")]) == 0
    shutil.copytree(root / "alone", root / "cut.partial")
    (root / "cut.partial" / "metrics.json").unlink()
    return root


@pytest.fixture
def root(made, tmp_path):
    shutil.copytree(made, tmp_path / "runs")
    return tmp_path / "runs"


def listed(root, capsys, *words):
    capsys.readouterr()
    assert main(["runs", "list", "--root", str(root), "--json", *words]) == 0
    return json.loads(capsys.readouterr().out)


def test_every_run_is_listed_newest_first(root, capsys):
    runs = listed(root, capsys)
    names = [run["directory"].removeprefix(f"{root}/") for run in runs]
    assert sorted(names) == ["alone", "both/ease", "both/popularity", "cut.partial"]
    started = [run["started"] for run in runs]
    assert started == sorted(started, reverse=True)
    assert {name: run["state"] for name, run in zip(names, runs, strict=True)} == {
        "alone": "finished",
        "both/ease": "finished",
        "both/popularity": "finished",
        "cut.partial": "unfinished",
    }
    ease = runs[names.index("both/ease")]
    stored = json.loads((root / "both" / "ease" / "metrics.json").read_text())
    assert ease["test"] == stored["test"]
    assert (ease["experiment"], ease["split"]) == ("ease", "files")


def test_the_list_can_be_narrowed_and_sorted(root, capsys):
    assert [run["experiment"] for run in listed(root, capsys, "--experiment", "ease")] == ["ease"]
    assert len(listed(root, capsys, "--split", "random")) == 2
    assert listed(root, capsys, "--dataset", "100k") == []
    found = listed(root, capsys, "--sort", "ndcg@10", "--split", "files")
    assert [run["experiment"] for run in found] == ["ease", "popularity"]
    assert listed(root, capsys, "--sort", "ndcg@10")[-1]["state"] == "unfinished"
    assert main(["runs", "--root", str(root), "--sort", "ndgc@10"]) == 1
    assert "expected a metric of the runs" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        ("metrics.json", "{", "metrics.json: Expecting"),
        ("metrics.json", "[]", "expected an object, got a list"),
        ("metrics.json", None, "no metrics.json"),
        ("timing.json", None, "no timing.json"),
        ("config.json", "{", "config.json: Expecting"),
        ("config.json", '{"experiment": "ease"}', "expected a run's settings, got NoneType"),
        ("config.json", None, "no config.json"),
    ],
)
def test_a_damaged_run_is_shown_with_the_reason(root, capsys, file, content, reason):
    place = root / "alone" / file
    place.unlink() if content is None else place.write_text(content)
    runs = {run["directory"].removeprefix(f"{root}/"): run for run in listed(root, capsys)}
    assert runs["alone"]["state"] == "damaged"
    assert reason in runs["alone"]["reason"]
    assert runs["both/ease"]["state"] == "finished"
    assert main(["runs", "--root", str(root)]) == 0
    shown = capsys.readouterr().out
    assert "alone is damaged" in shown
    assert "cut.partial" in shown


def test_other_directories_and_missing_roots(tmp_path, capsys):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "thesis.txt").write_text("years of work")
    assert main(["runs", "--root", str(tmp_path)]) == 0
    assert "no runs in" in capsys.readouterr().out
    assert main(["runs", "--root", str(tmp_path / "none")]) == 1
    assert "expected a directory of runs, got none" in capsys.readouterr().err


def test_runs_with_the_same_test_are_paired_and_others_are_not(root, capsys):
    words = ["runs", "compare", "both", "alone", "--root", str(root)]
    assert main(words) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "nDCG@10 against popularity" in shown
    assert "itemknn is not paired with popularity: the test ratings are not the same" in shown
    assert main([*words, "--json", "--metrics", "recall@5"]) == 0
    rows = {row["model"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["ease"]["difference"] == pytest.approx(rows["ease"]["value"] - rows["popularity"]["value"])
    assert rows["itemknn"]["difference"] is None
    assert main(["runs", "compare", "cut.partial", "--root", str(root)]) == 1
    assert "cut.partial" in capsys.readouterr().err


def test_delete_refuses_where_nobody_can_be_asked(root, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    with pytest.raises(SystemExit) as ended:
        main(["runs", "delete", "alone", "--root", str(root)])
    assert ended.value.code == 2
    assert "--yes" in capsys.readouterr().err
    assert (root / "alone").is_dir()


@pytest.mark.parametrize(("answer", "left"), [("n", True), ("", True), ("y", False)])
def test_delete_asks_on_a_terminal(root, monkeypatch, answer, left):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda prompt: answer)
    assert main(["runs", "delete", "alone", "--root", str(root)]) == 0
    assert (root / "alone").exists() == left


def test_delete_takes_runs_and_comparisons_and_leaves_no_trace(root):
    words = ["both", str(root / "cut.partial"), "cut.partial"]
    assert main(["runs", "delete", *words, "--yes", "--root", str(root)]) == 0
    assert [entry.name for entry in root.iterdir()] == ["alone"]


def test_delete_takes_nothing_if_one_is_no_run(root, tmp_path, capsys):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "config.json").write_text('{"settings": "mine"}')
    (root / "link").symlink_to(root / "both")
    for other in (str(tmp_path / "thesis"), "link", "no-such", str(root)):
        assert main(["runs", "delete", "alone", other, "--yes", "--root", str(root)]) == 1
        assert "expected a run directory" in capsys.readouterr().err
    assert (root / "alone").is_dir()
    assert (tmp_path / "thesis").is_dir()


def test_a_run_that_is_being_worked_on_is_left_alone(root, capsys):
    with locked(root / "cut.partial"):
        assert main(["runs", "delete", "cut.partial", "--yes", "--root", str(root)]) == 1
    assert "another process is working on this run" in capsys.readouterr().err
    assert (root / "cut.partial").is_dir()


def test_an_unknown_action_is_a_usage_error(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["runs", "delte"])
    assert ended.value.code == 2
    assert "did you mean delete" in capsys.readouterr().err
