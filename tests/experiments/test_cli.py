import gc
import json
import subprocess
import sys

import polars as pl
import pytest

from tfrs_lab.experiments.cli import main
from tfrs_lab.models import quick_import

FAST = ["--retrieval.parts", "in_batch", "transitions", "trend", "--retrieval.in-batch.dimension", "8"]
FAST += ["--retrieval.in-batch.batch-size", "64", "--retrieval.in-batch.epochs", "6"]
FILES = {
    "config.json",
    "manifest.json",
    "metrics.json",
    "topk.parquet",
    "history.csv",
    "report.html",
    "checkpoints",
    "timing.json",
    "plan.json",
    "movies.parquet",
    "known.parquet",
    "test.parquet",
    "per_user.parquet",
    "tensorboard",
}


def metrics_of(directory):
    return json.loads((directory / "metrics.json").read_text())


@pytest.fixture(scope="module")
def ease_run(planted, tmp_path_factory):
    directory = tmp_path_factory.mktemp("runs")
    words = []
    for part in ("train", "validation", "test"):
        getattr(planted, part).write_csv(directory / f"{part}.csv")
        words += [f"--{part}", str(directory / f"{part}.csv")]
    assert main(["run", "ease", *words, "--out", str(directory / "ease"), "--ks", "2,5"]) == 0
    return directory / "ease"


def test_help_is_quick_and_loads_no_tensorflow():
    code = "import sys; from tfrs_lab.experiments.cli import main; main(['--help']); print('tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    assert "compare" in done.stdout
    assert done.stdout.splitlines()[-1] == "False"


@pytest.mark.parametrize(
    "words",
    [
        ["run", "retrieval"],
        ["compare"],
        ["score"],
        ["recommend"],
        ["index"],
        ["report"],
        ["runs"],
        ["runs", "compare"],
        ["runs", "delete"],
        ["export"],
        ["serve"],
        ["data", "info"],
    ],
)
def test_every_command_explains_itself_without_tensorflow(words):
    code = (
        "import sys\nfrom tfrs_lab.experiments.cli import main\n"
        f"try: main({[*words, '--help']})\nfinally: print('tensorflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "False"


def test_the_collector_rests_only_while_tensorflow_is_imported(monkeypatch):
    for missing in (True, False):
        if missing:
            monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
        else:
            monkeypatch.setitem(sys.modules, "tensorflow", None)
        with quick_import():
            assert gc.isenabled() is not missing
        assert gc.isenabled()


def test_a_run_writes_its_directory(ease_run):
    assert {path.name for path in ease_run.iterdir()} == FILES
    assert not ease_run.with_name("ease.partial").exists()
    stored = metrics_of(ease_run)
    assert set(stored) == {"validation", "test", "confidence", "slices", "notes"}
    for name in ("precision", "recall", "ndcg", "map", "mrr", "hit_rate", "coverage", "novelty", "gini"):
        assert {f"{name}@2", f"{name}@5", f"{name}@10"} <= set(stored["test"])
    assert "factorized_top_100" in stored["test"]
    low, high = stored["confidence"]["ndcg@2"]
    assert low <= stored["test"]["ndcg@2"] <= high
    config = json.loads((ease_run / "config.json").read_text())
    assert config["experiment"] == "ease"
    assert config["settings"]["ease"]["regularization"] is None  # chosen on validation
    assert len(config["dataset"]["fingerprint"]) == len(config["dataset"]["features"]) == 64
    assert "tensorflow" in config["versions"]


def test_topk_leaves_out_what_was_known_and_is_ranked(ease_run):
    topk, known = pl.read_parquet(ease_run / "topk.parquet"), pl.read_parquet(ease_run / "known.parquet")
    assert topk.columns == ["user_id", "movie_id", "rank", "score"]
    assert topk.join(known, on=["user_id", "movie_id"]).is_empty()
    first = topk.filter(pl.col("user_id") == "u00")
    assert first["rank"].to_list() == list(range(1, len(first) + 1))
    assert first["score"].is_sorted(descending=True)


def test_score_gives_the_numbers_of_the_run(ease_run, capsys):
    files = {name: str(ease_run / f"{name}.parquet") for name in ("topk", "test", "known")}
    words = [
        "--topk",
        files["topk"],
        "--truth",
        files["test"],
        "--seen",
        files["known"],
        "--ks",
        "2,5,10",
        "--json",
    ]
    assert main(["score", *words]) == 0
    scored = json.loads(capsys.readouterr().out)
    test = metrics_of(ease_run)["test"]
    shared = [name for name in test if "@" in name]
    assert len(shared) == 27
    for name in shared:
        assert scored[name] == pytest.approx(test[name], abs=1e-12), name


def test_score_reads_other_names_and_goes_on_after_bad_rows(tmp_path, capsys):
    (tmp_path / "lists.csv").write_text("who;what;place\nu1;a;0\nu1;b;1\nu1;a;2\nu9;a;0\n")
    (tmp_path / "truth.csv").write_text("who,what\nu1,b\nu2,a\n")
    words = ["score", "--topk", f"{tmp_path}/lists.csv", "--truth", f"{tmp_path}/truth.csv", "--ks", "2", "--json"]
    words += ["--columns", "user_id=who,movie_id=what,rank=place"]
    assert main(words) == 1
    assert "'a' to user 'u1' more than once; --skip-bad-lines" in capsys.readouterr().err
    assert main([*words, "--skip-bad-lines"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["mrr@2"] == 0.25  # u1 has b at the second place, u2 has no list
    assert "left out 1 of 4 places" in said.err
    assert "1 of the 2 users of the truth have no list and count as 0" in said.err
    assert main([*words[:-1], "movie=what"]) == 1
    assert "--columns: expected some of user_id, movie_id, user_rating, timestamp, rank, score, got 'movie'" in (
        capsys.readouterr().err
    )


def test_the_same_command_twice_gives_the_same_numbers(planted_files, tmp_path, capsys):
    words = ["run", "retrieval", *planted_files, *FAST, "--out", str(tmp_path / "run")]
    assert main([*words, "--json"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == first
    assert (tmp_path / "run" / "tensorboard").is_dir()
    assert (tmp_path / "run" / "history.csv").read_text().startswith("part,epoch,loss,val_ndcg@10")


def test_seeds_give_parts_means_and_spread(planted_files, tmp_path):
    out = tmp_path / "run"
    assert main(["run", "random", *planted_files, "--seeds", "0,1", "--out", str(out)]) == 0
    top, parts = metrics_of(out), [metrics_of(out / f"seed-{seed}") for seed in (0, 1)]
    values = [part["test"]["ndcg@5"] for part in parts]
    assert values[0] != values[1]
    assert top["test"]["ndcg@5"] == pytest.approx(sum(values) / 2)
    assert top["spread"]["test"]["ndcg@5"] == pytest.approx(abs(values[0] - values[1]) / 2**0.5)
    low, high = top["confidence"]["ndcg@5"]
    assert low < top["test"]["ndcg@5"] < high


def test_other_settings_do_not_replace_a_finished_run(ease_run, planted_files, capsys):
    before = metrics_of(ease_run)
    words = ["run", "ease", *planted_files, "--out", str(ease_run), "--ease.regularization", "1"]
    assert main(words) == 1
    assert "holds a finished run with other settings" in capsys.readouterr().err
    assert metrics_of(ease_run) == before


def test_an_out_directory_with_other_content_is_left_alone(planted_files, tmp_path, capsys):
    (tmp_path / "thesis.txt").write_text("years of work")
    assert main(["run", "popularity", *planted_files, "--out", str(tmp_path)]) == 1
    assert "expected --out to be new, empty or a run directory" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_an_interrupted_run_is_not_taken_for_a_finished_one_and_resumes(planted_files, tmp_path, monkeypatch, capsys):
    from tfrs_lab.experiments.runs import run

    def killed(*arguments):
        raise KeyboardInterrupt

    out = tmp_path / "run"
    with monkeypatch.context() as patched:
        patched.setattr(run, "write_replicate", killed)
        assert main(["run", "retrieval", *planted_files, *FAST, "--out", str(out)]) == 130
    assert not out.exists()
    assert main(["recommend", str(out), "--user", "u00"]) == 1
    assert "interrupted" in capsys.readouterr().err
    assert main(["run", "--resume", str(out)]) == 0
    assert main(["run", "retrieval", *planted_files, *FAST, "--out", str(tmp_path / "whole")]) == 0
    assert metrics_of(out) == metrics_of(tmp_path / "whole")


def test_a_run_that_fails_at_once_leaves_nothing(tmp_path, capsys):
    (tmp_path / "one.csv").write_text("user_id,movie_id\n1,2\n")
    out = tmp_path / "runs" / "a"
    assert main(["run", "popularity", "--ratings", str(tmp_path / "one.csv"), "--out", str(out)]) == 1
    assert "one user: nothing to learn from others" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["one.csv"]


def test_settings_come_from_a_file_and_the_command_line_has_precedence(planted_files, tmp_path):
    file = tmp_path / "settings.toml"
    file.write_text("ks = [3]\nseed = 5\n[ease]\nregularization = 7.0\n")
    out = tmp_path / "run"
    assert main(["run", "ease", *planted_files, "--config", str(file), "--seed", "6", "--out", str(out)]) == 0
    settings = json.loads((out / "config.json").read_text())["settings"]
    assert (settings["ks"], settings["seed"], settings["ease"]["regularization"]) == ([3], 6, 7.0)


def test_an_unknown_key_in_a_settings_file_is_a_usage_error(planted_files, tmp_path, capsys):
    file = tmp_path / "settings.json"
    file.write_text('{"ease": {"lambda": 7}}')
    with pytest.raises(SystemExit) as ended:
        main(["run", "ease", *planted_files, "--config", str(file)])
    assert ended.value.code == 2
    assert "--ease.lambda" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["runn"], "did you mean run"),
        (["run", "eaze"], "did you mean ease"),
        (["compare", "ease", "retrival"], "did you mean retrieval"),
        (["retreival"], "did you mean recs run retrieval?"),
        (["--verison"], "did you mean --version?"),
        (["run", "ease", "--seeds", "0,x"], "recs run ease: --seeds: expected a whole number, got 'x' ("),
        (["run", "ease", "--split", "sideways"], "--split: expected one of cold-items, cold-users, k-fold"),
        (["run", "ease", "--split", "temporal"], "got 'temporal'; did you mean temporal-user?"),
        (
            ["recommend", "x", "--usr", "3"],
            "recs recommend: expected options of this command, got --usr, 3; did you mean --user?",
        ),
        (["recommend", "x", "--user"], "recs recommend: --user: expected a value, got nothing"),
        (["recommend", "x", "--k", "many"], "recs recommend: --k: expected a whole number, got 'many'"),
        (["score"], "recs score: expected --topk, --truth; got none"),
        (["export"], "recs export: expected directory of a finished run"),
        (["compare", "ease", "--ratngs", "x"], "did you mean --ratings? (recs compare --help)"),
        (["run", "ease", "--draws", "3"], "--draws"),
        (["run", "ease", "--train", "a.csv"], "--train and --test"),
        (["run", "retrieval", "--retrieval.dimension", "0"], "dimension"),
        (["recommend", "."], "recs recommend: expected either --user or --history"),
        (["data", "show", "100k"], "info"),
        (["data"], "recs data: expected an action (info, prepare, shards), got none (recs data --help)"),
        (["run"], "got none (recs run --help)"),
        (["runs", "lst"], "did you mean list?"),
        (["ablate", "logk"], "did you mean logq?"),
        (["hepl"], "did you mean help?"),
        (["run", "retrieval", "--epochs", "3"], "expected options of this command, got --epochs"),  # of several parts
        (["--print-completion", "csh"], "recs: --print-completion: expected bash, zsh, fish, got csh"),
    ],
)
def test_usage_errors_exit_with_2(words, expected, capsys):
    try:
        status = main(words)
    except SystemExit as ended:
        status = ended.code
    assert status == 2
    said = capsys.readouterr().err
    assert expected in said
    assert len(said.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["run", "ease", "--dataset", "100m"], "100k"),
        (["run", "ease", "--ratings", "no-such.csv"], "no-such.csv"),
        (["run", "ease", "--config", "no-such.toml"], "no-such.toml"),
        (["recommend", "no-such-run", "--user", "1"], "no-such-run"),
        (["recommend", "no-such-run"], "no-such-run"),
        (["score", "--topk", "a.csv", "--truth", "b.csv"], "a.csv"),
    ],
)
def test_failures_exit_with_1_and_one_line(words, expected, capsys):
    assert main(words) == 1
    error = capsys.readouterr().err
    assert expected in error
    assert len(error.strip().splitlines()) == 1
    assert "Traceback" not in error


def test_recommendations_for_users_and_histories(ease_run, capsys):
    assert main(["recommend", str(ease_run), "--user", "u01", "--k", "2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["rank"] for row in found] == [1, 2]
    assert found[0]["movie_id"] >= "m10"  # the only movie of the user's group that is left
    assert found[0]["why"].startswith("like m1")
    assert main(["recommend", str(ease_run), "--history", "m00:5,m01", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {row["movie_id"] for row in found[:8]} == {f"m{number:02}" for number in range(2, 10)}
    assert main(["recommend", str(ease_run), "--history", "m0"]) == 1
    assert "titles that hold it: m00" in capsys.readouterr().err


def test_compare_prints_one_table_and_pairs_users(planted_files, tmp_path, capsys):
    out = tmp_path / "comparison"
    assert main(["compare", "popularity", "ease", *planted_files, "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "popularity − ease" in shown
    assert "recommends" in shown
    stored = json.loads((out / "comparison.json").read_text())
    assert stored["differences"]["reference"] == "ease"
    assert stored["differences"]["chosen"] == "the best on validation"
    assert stored["differences"]["leading"] == ["ease"]
    assert stored["failed"] == {}
    low, high = stored["differences"]["paired"]["popularity"]["interval"]
    assert low <= high < 0
    assert main(["compare", "--resume", str(out)]) == 0
