"""recs run --like: the same numbers again, or a clear reason why not."""

import json

import pytest

from tfrs_lab.data import generate
from tfrs_lab.experiments.cli import main


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    directory = tmp_path_factory.mktemp("made")
    dataset = generate(40, 30, 600, seed=0)
    dataset.ratings.write_csv(directory / "ratings.csv")
    dataset.movies.select("movie_id", "movie_title").write_csv(directory / "movies.csv")
    files = ["--ratings", str(directory / "ratings.csv"), "--movies", str(directory / "movies.csv")]
    words = ["run", "ease", *files, "--split", "random", "--seed", "3", "--ks", "3,7", "--ease.regularization", "4"]
    assert main([*words, "--out", str(directory / "run")]) == 0
    return directory


def metrics(run):
    return json.loads((run / "metrics.json").read_text())


@pytest.mark.parametrize("named", [[], ["ease"]])
def test_a_run_is_repeated_with_all_its_settings(made, tmp_path, named):
    out = tmp_path / "again"
    assert main(["run", *named, "--like", str(made / "run"), "--out", str(out)]) == 0
    assert metrics(out) == metrics(made / "run")
    one, other = (json.loads((run / "config.json").read_text()) for run in (made / "run", out))
    assert {key: one[key] for key in ("settings", "dataset", "split")} == {
        key: other[key] for key in ("settings", "dataset", "split")
    }


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--like", "RUN", "--seed", "3"], "got --seed as well, which makes it another run"),
        (["--like", "RUN", "--ease.regularization=4"], "got --ease.regularization as well"),
        (["--like", "RUN", "--config", "x.toml"], "got --config as well"),
        (["--like", "RUN", "--resume", "RUN"], "got --resume as well"),
        (["ials", "--like", "RUN"], "expected a run of ials, got one of ease"),
        (["--like", "RUN", "--like=RUN"], "expected once, got 2 times"),
    ],
)
def test_what_would_make_it_another_run_is_refused(made, capsys, words, message):
    with pytest.raises(SystemExit) as ended:
        main(["run", *(word.replace("RUN", str(made / "run")) for word in words)])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_no_run_to_repeat(tmp_path, capsys):
    assert main(["run", "--like", str(tmp_path)]) == 1
    assert "expected a run directory with config.json, got none" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "table"), [("ratings.csv", "ratings"), ("movies.csv", "movies and users")])
def test_data_that_have_changed_are_refused(made, tmp_path, capsys, name, table):
    file = made / name
    before = file.read_text()
    try:
        file.write_text(before.rsplit("\n", 2)[0] + "\n")
        assert main(["run", "--like", str(made / "run"), "--out", str(tmp_path / "again")]) == 1
    finally:
        file.write_text(before)
    assert f"expected {table} with the checksum" in capsys.readouterr().err
    assert not (tmp_path / "again").exists()


def test_other_versions_are_named(made, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("tfrs_lab.experiments.runs.repeat.package_versions", lambda: {"numpy": "0.1"})
    assert main(["run", "--like", str(made / "run"), "--out", str(tmp_path / "again")]) == 0
    assert "→ 0.1" in capsys.readouterr().err
