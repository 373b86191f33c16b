"""``recs index``, ``recs export`` and ``recs recommend --all-users`` on run directories written by hand."""

import json
import shutil

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.serving.conftest import write_run
from tfrs_lab.experiments.cli import main
from tfrs_lab.experiments.export import export as exporting
from tfrs_lab.experiments.export import index_store
from tfrs_lab.experiments.export.index_store import read_index
from tfrs_lab.experiments.recommend import all_users as bulk
from tfrs_lab.experiments.storage.stored_model import load_model, recommend_for_user
from tfrs_lab.serving import tuning
from tfrs_lab.serving.export import versions
from tfrs_lab.serving.index import IndexSetting

NEW = pl.DataFrame({"movie_id": ["new"], "movie_title": ["Funny Laugh (1997)"], "movie_genres": ["Comedy"]})


@pytest.fixture(scope="module")
def withheld(dataset, known):
    """Rows of known users that they are not known by."""
    return dataset.ratings.filter(pl.col("user_id").is_in(known["user_id"].unique().implode())).join(
        known, on=["user_id", "movie_id"], how="anti"
    )


@pytest.fixture
def run(stored, withheld, tmp_path):
    return write_run(stored["content"], tmp_path / "content", withheld)


@pytest.fixture
def one_build(monkeypatch):
    """The tuner tries one index only, and no clock decides."""
    build = IndexSetting("scann", 4, 4, 2, 0.2)
    monkeypatch.setattr(tuning, "builds", lambda movies, dim, seed: iter([build]))
    monkeypatch.setattr(tuning, "SHARES", (1.0,))


@pytest.fixture
def no_graphs(monkeypatch):
    """Exports without their graphs, which other tests look at, and with two points of the curve."""
    monkeypatch.setattr(
        "tfrs_lab.serving.export.write_saved_model", lambda module, graphs, directory: directory.mkdir()
    )
    monkeypatch.setattr("tfrs_lab.serving.export.warmup_requests", lambda module, graphs: {})
    monkeypatch.setattr("tfrs_lab.experiments.export.diversity.DIVERSITY_LEVELS", (0.0, 0.9))


def movies_of(run):
    """Ids that the run's index can recommend."""
    index, model = read_index(run), load_model(run)
    return {*model.recommender.movies.ids, *index.added["movie_id"]} - set(index.removed)


def test_movies_join_and_leave_and_a_rebuild_forgets_it(run, one_build, capsys, tmp_path):
    assert main(["index", str(run), "--only-scann", "--target-recall", ".9", "--k", "10"]) == 0
    shown = capsys.readouterr()
    assert "recall@10" in shown.out
    assert "brute force:" in shown.err
    assert (run / "index.svg").read_text().startswith("<svg")
    first = json.loads((run / "index.json").read_text())
    assert first["version"] == 1
    assert first["setting"]["kind"] == "scann"
    assert {"chosen", "brute_force", "curve", "k", "target_recall"} == set(first["tuning"])
    before = movies_of(run)
    gone = sorted(before)[:2]
    NEW.write_csv(tmp_path / "new.csv")
    assert main(["index", str(run), "--add", str(tmp_path / "new.csv"), "--remove", ",".join(gone), "--json"]) == 0
    second = json.loads(capsys.readouterr().out)
    assert (second["version"], second["added"], second["removed"]) == (2, ["new"], gone)
    assert second["setting"] == first["setting"]
    assert movies_of(run) == before - set(gone) | {"new"}
    assert len(read_index(run).searcher["dataset"]) == len(before) - 1
    assert main(["index", str(run), "--add", str(tmp_path / "new.csv")]) == 1
    assert "does not know yet, got 'new'" in capsys.readouterr().err
    assert main(["index", str(run), "--rebuild", "--k", "10"]) == 0
    assert movies_of(run) == before
    assert {entry.name for entry in (run / "index").iterdir() if entry.name.isdigit()} == {"2", "3"}


def test_what_fails_leaves_the_index_that_was_there(run, one_build, monkeypatch, capsys):
    assert main(["index", str(run), "--k", "10"]) == 0
    before = (run / "index.json").read_bytes()

    def fail(directory, index):
        raise OSError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(index_store, "_write", fail)
        assert main(["index", str(run), "--remove", load_model(run).recommender.movies.ids[0]]) == 1
    assert "disk full" in capsys.readouterr().err
    assert (run / "index.json").read_bytes() == before
    assert read_index(run).removed == ()
    assert main(["index", str(run), "--remove", "no-such"]) == 1
    assert "'no-such'" in capsys.readouterr().err
    (run / "index.json").write_text("{}")
    assert main(["index", str(run), "--k", "10"]) == 1
    assert "recs index --rebuild makes it anew" in capsys.readouterr().err
    assert main(["index", str(run), "--k", "10", "--rebuild"]) == 0


def test_no_index_to_change_and_no_model_to_index(run, stored, tmp_path, capsys):
    assert main(["index", str(run), "--remove", "1"]) == 1
    assert "expected a run with an index" in capsys.readouterr().err
    assert main(["export", str(tmp_path / "nothing"), str(tmp_path / "out")]) == 1
    assert "nothing" in capsys.readouterr().err


def test_an_export_follows_the_index_and_tells_what_it_is(run, known, one_build, no_graphs, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["export", str(run), str(out), "--index", "brute-force", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["version"] == str(out / "1")
    assert told["index"]["kind"] == "brute-force"
    points = told["diversity"]
    assert points[0]["diversity"] == 0 < points[-1]["diversity"]
    assert points[-1]["unlikeness@10"] > points[0]["unlikeness@10"]
    extra = out / "1" / "assets.extra"
    assert json.loads((extra / "config.json").read_text())["experiment"] == "content"
    people = json.loads((extra / "catalogue.json").read_text())
    assert len(people["users"]) == 60  # those known by demographics only among them
    rows = known.filter(pl.col("user_id") == known["user_id"][0]).sort("timestamp", maintain_order=True)
    assert people["users"][known["user_id"][0]] == [list(row) for row in rows.select("movie_id", "user_rating").rows()]
    first = people["movies"][0]
    own = load_model(run).movies.filter(pl.col("movie_id") == first["movie_id"]).row(0, named=True)
    assert first["movie_title"] == own["movie_title"]
    assert first["movie_genres"] == sorted(own["movie_genres"])
    assert first["release_year"] == own["release_year"]
    assert (extra / "diversity.svg").read_text().startswith("<svg")
    assert main(["index", str(run), "--only-scann", "--target-recall", ".9", "--k", "10"]) == 0
    assert main(["export", str(run), str(out)]) == 0
    assert "(scann)" in capsys.readouterr().out
    assert json.loads((out / "2" / "assets.extra" / "index.json").read_text())["kind"] == "scann"


def test_a_cascade_is_indexed_exported_and_asked_for_everybody(
    stored, withheld, known, one_build, no_graphs, tmp_path, capsys
):
    run, out = write_run(stored["cascade"], tmp_path / "cascade", withheld), tmp_path / "out"
    assert main(["index", str(run), "--only-scann", "--target-recall", "1", "--k", "5"]) == 0
    assert json.loads((run / "index.json").read_text())["tuning"]["k"] == 12  # what is ranked
    for kind in ("scann", "brute-force"):
        assert main(["export", str(run), str(out), "--index", kind, "--json"]) == 0
        assert json.loads(capsys.readouterr().out.splitlines()[-1])["recall@12"] == 1.0
    file = tmp_path / "lists.parquet"
    assert main(["recommend", str(run), "--all-users", "--out", str(file), "--k", "5"]) == 0
    found, model = lists(file), load_model(run)
    assert found["user_id"].n_unique() == known["user_id"].n_unique()
    for user in known["user_id"].unique().sort()[::9]:
        table = recommend_for_user(model, user, 5)
        assert found.filter(pl.col("user_id") == user)["movie_id"].to_list() == table["movie_id"].to_list()


def test_an_index_that_finds_too_little_is_not_exported(run, no_graphs, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(exporting, "list_recall", lambda module, servable, k: 0.94)
    assert main(["export", str(run), str(tmp_path / "out"), "--index", "scann"]) == 1
    assert "at least 0.95 of brute force's first 50, got 0.9400" in capsys.readouterr().err
    assert versions(tmp_path / "out") == []
    assert main(["export", str(run), str(tmp_path / "out"), "--index", "scann", "--min-recall", ".94"]) == 0


def test_recall_of_lists_is_measured_on_what_users_have_not_seen(stored):
    from tests.serving.conftest import module_of
    from tfrs_lab.experiments.export.servable import to_servable

    servable = to_servable(stored["ials"])
    assert exporting.list_recall(module_of(servable), servable, 10) == 1.0
    worse = module_of(servable)
    worse.users.queries.assign(-worse.users.queries)
    assert exporting.list_recall(worse, servable, 10) < 0.6
    ranked = to_servable(stored["cascade"])
    assert exporting.list_recall(module_of(ranked), ranked, 5) == 1.0  # lists shorter than what is ranked


def lists(file):
    return pl.read_parquet(file)


def test_all_users_get_what_each_would_get(run, stored, known, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(bulk, "CELLS", 50 * 7)  # blocks of seven users
    out = tmp_path / "lists.parquet"
    assert main(["recommend", str(run), "--all-users", "--out", str(out), "--k", "5", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    found = lists(out)
    assert told == {"file": str(out), "users": 50, "rows": found.height}
    assert found.columns == ["user_id", "movie_id", "rank", "score"]
    assert found.join(known, on=["user_id", "movie_id"]).is_empty()
    model = load_model(run)
    for user in known["user_id"].unique().sort()[::9]:
        table = recommend_for_user(model, user, 5)
        assert found.filter(pl.col("user_id") == user)["movie_id"].to_list() == table["movie_id"].to_list()
    assert not (tmp_path / "lists.parquet.partial").exists()


def test_an_interrupted_bulk_goes_on_and_another_plan_begins_anew(run, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(bulk, "CELLS", 50 * 20)
    out, made, part = tmp_path / "lists.parquet", [], bulk.Plan.part

    def killed_at_40(self, start):
        if start == 40:
            raise KeyboardInterrupt
        made.append(start)
        return part(self, start)

    words = ["recommend", str(run), "--all-users", "--out", str(out)]
    with monkeypatch.context() as patched:
        patched.setattr(bulk.Plan, "part", killed_at_40)
        assert main([*words, "--k", "5"]) == 130
        assert "the same command continues" in capsys.readouterr().err
        assert made == [0, 20]
        assert not out.exists()
    shutil.copytree(tmp_path / "lists.parquet.partial", tmp_path / "kept")
    monkeypatch.setattr(bulk.Plan, "part", lambda self, start: (made.append(start), part(self, start))[1])
    assert main([*words, "--k", "5"]) == 0
    assert made == [0, 20, 40]
    shutil.copytree(tmp_path / "kept", tmp_path / "lists.parquet.partial")
    assert main([*words, "--k", "3"]) == 0
    assert made == [0, 20, 40, 0, 20, 40]
    assert lists(out)["rank"].max() == 3


def test_shards_are_the_whole_and_go_on_by_themselves(run, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(bulk, "CELLS", 50 * 7)
    words = ["recommend", str(run), "--all-users", "--k", "5", "--out"]
    assert main([*words, str(tmp_path / "all.parquet")]) == 0
    for count in (1, 3, 50):
        parts = []
        for number in range(1, count + 1):
            file = tmp_path / f"{number}-{count}.parquet"
            assert main([*words, str(file), "--shard", f"{number}/{count}"]) == 0
            parts.append(lists(file))
        assert_frame_equal(pl.concat(parts), lists(tmp_path / "all.parquet"), rel_tol=1e-4)
        users = [part["user_id"].n_unique() for part in parts]
        assert max(users) - min(users) <= 1
    assert main([*words, str(tmp_path / "51.parquet"), "--shard", "1/51"]) == 1
    assert "expected at most as many shards as the 50 users, got 51" in capsys.readouterr().err


def test_what_another_shard_left_behind_is_not_gone_on_with(run, tmp_path, monkeypatch):
    out = tmp_path / "lists.parquet"
    monkeypatch.setattr(bulk, "CELLS", 50 * 7)
    words = ["recommend", str(run), "--all-users", "--out", str(out), "--k", "5", "--shard"]
    with monkeypatch.context() as patched:
        patched.setattr("tfrs_lab.experiments.recommend.all_users.shutil.rmtree", lambda directory: None)
        assert main([*words, "1/2"]) == 0
    first = lists(out)
    assert main([*words, "2/2"]) == 0
    assert not set(first["user_id"]) & set(lists(out)["user_id"])


def test_allowed_denied_removed_and_added_movies(run, one_build, tmp_path, capsys):
    ids = load_model(run).recommender.movies.ids
    pl.DataFrame({"movie_id": [*ids[:20], "unknown"]}).write_csv(tmp_path / "allow.csv")
    pl.DataFrame({"movie_id": ids[:5]}).write_parquet(tmp_path / "deny.parquet")
    words = ["recommend", str(run), "--all-users", "--out", str(tmp_path / "o.parquet"), "--k", "50"]
    limits = ["--allow", str(tmp_path / "allow.csv"), "--deny", str(tmp_path / "deny.parquet")]
    assert main([*words, *limits]) == 0
    assert set(lists(tmp_path / "o.parquet")["movie_id"]) == set(ids[5:20])
    NEW.write_csv(tmp_path / "new.csv")
    assert main(["index", str(run), "--k", "10"]) == 0
    assert main(["index", str(run), "--add", str(tmp_path / "new.csv"), "--remove", ids[7]]) == 0
    assert main(words) == 0
    shown = set(lists(tmp_path / "o.parquet")["movie_id"])
    assert "new" in shown
    assert ids[7] not in shown
    (tmp_path / "allow.csv").write_text("movie_id\nunknown\n")
    assert main([*words, *limits]) == 1
    assert "none that is allowed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["recommend", "r", "--all-users"], "--all-users and --out"),
        (["recommend", "r", "--user", "1", "--all-users", "--out", "o"], "either --user or --history or --all-users"),
        (["recommend", "r", "--user", "1", "--deny", "d"], "--allow, --deny and --shard"),
        (["recommend", "r", "--user", "1", "--shard", "1/2"], "--shard: expected together with --all-users"),
        *(
            (
                ["recommend", "r", "--all-users", "--out", "o", "--shard", bad],
                "--shard: expected i/n",
            )
            for bad in ("0/2", "3/2", "2", "1/0", "a/b", "-1/2", "1/2/3", "1/", "")
        ),
        (["index", "r", "--target-recall", "1.5"], "--target-recall"),
        (["index", "r", "--rebuild", "--remove", "1"], "--rebuild"),
        (["export", "r", "o", "--index", "annoy"], "--index"),
        (["export", "r", "o", "--min-recall", "2"], "--min-recall"),
    ],
)
def test_usage_errors_exit_with_2(words, expected, capsys):
    try:
        status = main(words)
    except SystemExit as ended:
        status = ended.code
    assert status == 2
    assert expected in " ".join(capsys.readouterr().err.split())


def test_the_queries_to_tune_with_are_the_users(stored, monkeypatch):
    from tfrs_lab.experiments.export import indexing
    from tfrs_lab.experiments.export.servable import to_servable
    from tfrs_lab.models.training.reporter import Reporter

    servable, asked = to_servable(stored["ials"]), {}

    def tune(candidates, queries, **rest):
        asked.update(rest, candidates=candidates, queries=queries)
        raise InterruptedError

    monkeypatch.setattr(indexing, "tune", tune)
    with pytest.raises(InterruptedError):
        indexing.tuned(servable, indexing.TuningTarget(k=100), Reporter())
    assert asked["k"] == len(servable.movie_ids) == len(asked["candidates"])
    assert {tuple(row) for row in asked["queries"]} == {tuple(row) for row in servable.queries}
    assert np.isfinite(asked["target"])
