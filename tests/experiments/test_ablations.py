import json
import re

import pytest

from benchmarks.pages import tables
from tfrs_lab.experiments.ablations import run as ablate
from tfrs_lab.experiments.ablations.studies import STUDIES, Ablation
from tfrs_lab.experiments.cli import main
from tfrs_lab.models.config_fields import with_values
from tfrs_lab.models.registry import specification

PLANTED = Ablation(
    question="How much regularisation does EASE need?",
    experiment="ease",
    variants={
        "a little": {"regularization": 1.0},
        "as it is": {"regularization": None},
        "far too much": {"regularization": 1e9},
    },
)
SECOND = Ablation("Once more?", "ease", {"the same": {"regularization": 1.0}, "other": {"regularization": 2.0}})


@pytest.fixture(autouse=True)
def planted_ablations(monkeypatch):
    for name, one in {"planted": PLANTED, "second": SECOND}.items():
        monkeypatch.setitem(STUDIES, name, one)


@pytest.mark.parametrize("name", STUDIES)
def test_every_ablation_asks_and_has_variants_that_its_experiment_takes(name):
    asked = STUDIES[name]
    assert asked.question.strip()
    default = with_values(specification(asked.experiment).config(), asked.base)
    configs = [with_values(default, values) for values in asked.variants.values()]
    assert len(set(configs)) == len(configs)
    assert any(config != default for config in configs)


def test_variants_run_on_the_same_splits_and_are_paired_with_the_default(planted_files, tmp_path, capsys):
    out, results = tmp_path / "ablation", tmp_path / "results"
    words = ["ablate", "planted", *planted_files, "--out", str(out), "--results", str(results)]
    assert main([*words, "--seeds", "0,1"]) == 0
    shown = capsys.readouterr().out
    assert PLANTED.question in " ".join(shown.split())
    record = json.loads((results / "ablation-planted.json").read_text())
    assert record == json.loads((out / "ablation-planted.json").read_text())
    assert (record["kind"], record["seeds"], record["split"]) == ("ablation", [0, 1], "files")
    assert list(record["variants"]) == ["a little", "far too much"]  # not the one that is the default
    runs = {path.parent.name for path in out.glob("*/metrics.json")}
    assert runs == {"ease-default", "planted-a-little", "planted-far-too-much"}
    poor = record["variants"]["far too much"]
    assert poor["values"] == {"regularization": 1e9}
    difference = poor["test"]["ndcg@10"] - record["default"]["test"]["ndcg@10"]
    assert poor["difference"] == pytest.approx(difference)
    low, high = poor["interval"]
    assert low <= difference <= high


def test_the_numbers_are_those_of_a_run(planted_files, tmp_path, capsys):
    words = ["--ease.max-exact", "100"]
    assert main(["ablate", "planted", *planted_files, *words, "--out", str(tmp_path / "a"), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)["planted"]
    run = [
        "run",
        "ease",
        *planted_files,
        *words,
        "--ease.regularization",
        "1",
        "--out",
        str(tmp_path / "run"),
        "--json",
    ]
    assert main(run) == 0
    test = json.loads(capsys.readouterr().out)["test"]
    assert record["variants"]["a little"]["test"] == {name: test[name] for name in ablate.METRICS if name in test}
    assert {"ndcg@10", "precision@10", "coverage@10"} <= set(record["variants"]["a little"]["test"])


def test_what_two_ablations_share_runs_once(planted_files, tmp_path, monkeypatch):
    configs = []

    def counted(experiment, settings, *arguments):
        configs.append(settings.configs["ease"].regularization)
        return real_run(experiment, settings, *arguments)

    real_run = ablate.run_experiment
    monkeypatch.setattr(ablate, "run_experiment", counted)
    assert main(["ablate", "planted", "second", *planted_files, "--out", str(tmp_path / "out")]) == 0
    assert configs == [None, 1.0, 1e9, 2.0]


def test_an_interrupted_ablation_goes_on(planted_files, tmp_path, monkeypatch, capsys):
    out = tmp_path / "out"

    def killed(experiment, settings, *arguments):
        if (settings.configs["ease"].regularization or 0) > 1000:
            raise KeyboardInterrupt
        return real_run(experiment, settings, *arguments)

    real_run = ablate.run_experiment
    with monkeypatch.context() as patched:
        patched.setattr(ablate, "run_experiment", killed)
        assert main(["ablate", "planted", *planted_files, "--out", str(out)]) == 130
    assert not (out / "ablation-planted.json").exists()
    written = (out / "ease-default" / "metrics.json").stat().st_mtime_ns
    assert main(["ablate", "--resume", str(out)]) == 0
    assert (out / "ease-default" / "metrics.json").stat().st_mtime_ns == written
    assert list(json.loads((out / "ablation-planted.json").read_text())["variants"]) == ["a little", "far too much"]
    assert "far too much" in capsys.readouterr().out


def test_docs_show_an_ablation_by_the_kind_of_its_file(planted_files, tmp_path, monkeypatch):
    results = tmp_path / "docs" / "results"
    words = ["ablate", "planted", *planted_files, "--out", str(tmp_path / "out"), "--results", str(results)]
    assert main(words) == 0
    monkeypatch.setattr(tables, "RESULTS", results)
    lines = tables.with_tables("<!-- table: ablation-planted -->\n<!-- end of table -->").splitlines()
    assert lines[1].startswith("| variant | nDCG@10 | against the default |")
    assert lines[3].startswith("| default (regularization None) | ")
    assert lines[5].startswith("| far too much | ")
    assert len({line.count("|") for line in lines[1:-1]}) == 1
    (results / "odd.json").write_text('{"kind": "odd"}')
    with pytest.raises(ValueError, match=r"expected a kind of comparison, ablation, .*, got 'odd'"):
        tables.table("odd")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], "expected ablations"),
        (["log"], "did you mean logq"),
        (["logq", "--seeds", "0,x"], "--seeds"),
    ],
)
def test_usage_errors_exit_with_2(words, expected, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["ablate", *words])
    assert ended.value.code == 2
    assert expected in " ".join(capsys.readouterr().err.split())


def test_help_lists_every_question_and_nothing_else(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["ablate", "--help"])
    assert ended.value.code == 0
    listed = re.findall(r"^  (\w+)  ", capsys.readouterr().out, re.MULTILINE)
    assert listed == list(STUDIES)
