"""What a notebook calls: compare, explore, and the bar of fit."""

import subprocess
import sys
from dataclasses import replace

import polars as pl
import pytest

import tfrs_lab as tl
from tfrs_lab.data import DataError, Split
from tfrs_lab.evaluation import evaluate
from tfrs_lab.experiments.cli import main
from tfrs_lab.experiments.display.display import WIDTH, console
from tfrs_lab.models.training.reporter import NotebookReporter, reporter_here


@pytest.fixture(scope="module")
def split(planted):
    return Split(kind="files", train=planted.train, validation=planted.validation, test=planted.test)


@pytest.fixture(scope="module")
def models(split):
    return {name: tl.fit(name, split) for name in ("popularity", "ease")}


@pytest.fixture(scope="module")
def run(planted, tmp_path_factory):
    directory = tmp_path_factory.mktemp("notebook")
    words = []
    for part in ("train", "validation", "test"):
        getattr(planted, part).write_parquet(directory / f"{part}.parquet")
        words += [f"--{part}", str(directory / f"{part}.parquet")]
    assert main(["run", "ease", *words, "--out", str(directory / "run")]) == 0
    return directory / "run"


def test_the_package_itself_loads_no_tensorflow():
    code = "import sys, tfrs_lab as tl; tl.compare; print('tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "False", done.stderr


def test_models_results_and_runs_stand_in_one_table(models, split, run):
    evaluation = evaluate(models["ease"], split.test, seen=split.train_and_validation)
    found = tl.compare(
        {"popularity": models["popularity"], "model": models["ease"], "evaluation": evaluation, "run": str(run)}, split
    )
    values = found.frame.filter(pl.col("metric") == "ndcg@10")
    assert values["model"].to_list() == ["popularity", "model", "evaluation", "run"]
    assert values["value"].n_unique() == 2
    first, *others = values.iter_rows(named=True)
    assert first["difference"] is None
    for one in others:
        assert one["difference"] == pytest.approx(one["value"] - first["value"])
        assert 0 < one["difference_low"] <= one["difference"] <= one["difference_high"]
        assert one["low"] <= one["value"] <= one["high"]
        assert one["p_value"] < 0.01
    assert found.frame["metric"].unique().sort().to_list() == ["ndcg@10", "precision@10", "recall@10"]


def test_a_table_is_html_in_a_notebook_and_lines_elsewhere(models, split):
    found = tl.compare({"<b>first": models["popularity"], "ease": models["ease"]}, split)
    html = found._repr_html_()
    assert "&lt;b&gt;first" in html
    assert "<b>first" not in html
    assert html.count("<tr>") == 3
    assert "nDCG@10 against <b>first" in repr(found)
    assert "60 users" in repr(found)


def test_run_directories_name_themselves(run):
    assert [row[0] for row in tl.compare([run]).rows] == ["ease"]
    assert tl.compare(run).frame["value"].null_count() == 0


def test_other_test_ratings_are_not_paired(models, split, run, planted):
    # the same users, of whom something else is asked
    turned = Split(kind="files", train=planted.train, validation=planted.test, test=planted.validation)
    found = tl.compare({"run": run, "turned": tl.fit("ease", turned)}, turned)
    assert found.frame["difference"].null_count() == len(found.frame)
    assert "turned is not paired with run: the test ratings are not the same" in found.note
    fewer = planted.test.filter(pl.col("user_id") < "u30")
    some = {
        name: evaluate(models["ease"], rows, seen=planted.train)
        for name, rows in (("all", planted.test), ("few", fewer))
    }
    assert "the test users are not the same (30 and 60)" in tl.compare(some).note


@pytest.mark.parametrize(
    ("scored", "metrics", "expected"),
    [
        ({"a": 3}, ("ndcg@10",), "expected a model with users, movies, score, got a int"),
        ([3], ("ndcg@10",), "expected a model with users, movies, score, got a int"),
        ([], ("ndcg@10",), "at least one model"),
    ],
)
def test_what_can_not_be_compared_is_refused(scored, metrics, expected):
    with pytest.raises(ValueError, match=expected):
        tl.compare(scored, metrics=metrics)


def test_an_unknown_metric_and_a_model_without_split_are_refused(models, run):
    with pytest.raises(ValueError, match=r"expected metrics among .*ndcg@10.*, got 'ndcg@11'"):
        tl.compare([run], metrics=("ndcg@11",))
    with pytest.raises(ValueError, match=r"expected a split to evaluate a .+ on, got none"):
        tl.compare({"ease": models["ease"].recommender})


def test_similar_movies_are_those_of_the_same_group(models, split, run):
    for explorer in (tl.explore(run), tl.explore(models["ease"], split)):
        found = explorer.similar("m03", k=5)
        assert found.frame.columns == ["rank", "movie_id", "movie_title", "similarity"]
        assert found.frame["rank"].to_list() == [1, 2, 3, 4, 5]
        assert "m03" not in found.frame["movie_id"]
        assert found.frame["movie_id"].max() < "m10"


def test_recommendations_for_users_and_for_some_movies(models, split, planted):
    explorer = tl.explore(models["ease"], split)
    found = explorer.recommend("u01", k=3)
    held = planted.test.filter(pl.col("user_id") == "u01")["movie_id"].item()
    assert found.frame["movie_id"][0] == held
    assert found.frame["held_out"].to_list() == [True, False, False]
    assert "✓" in repr(found)
    assert set(explorer.recommend(history=["m00", "m01"], k=8).frame["movie_id"]) == {f"m{n:02}" for n in range(2, 10)}
    liked = explorer.favourites("u01", k=2).frame
    assert liked["user_rating"].min() == planted.train.filter(pl.col("user_id") == "u01")["user_rating"].max()
    with pytest.raises(ValueError, match="either user or history, got neither"):
        explorer.recommend()


def test_who_is_not_known_gets_what_is_popular_and_is_told(models, split):
    explorer = tl.explore(models["ease"], split)
    stranger = explorer.recommend("U1", k=3)
    assert stranger.note == "user U1 is not known: what is popular; did you mean u01?"
    assert "is not known" in repr(stranger)
    assert explorer.recommend("u01", k=3).note == ""
    for several in ([], [1.5], 1.5, True):
        with pytest.raises(ValueError, match="expected the id of a user, got"):
            explorer.recommend(several)


def test_ticks_are_called_rated_later_only_on_a_split_in_time(models, split):
    explorer = tl.explore(models["ease"], split)
    for kind, heading in (("temporal-user", "rated later"), ("leave-one-out", "rated later"), ("random", "held out")):
        asked = replace(explorer, model=replace(explorer.model, split=kind))
        assert asked.recommend("u01", k=3).header[-1] == heading


def test_favourites_are_highest_only_where_ratings_differ(models, split):
    explorer = tl.explore(models["ease"], split)
    rows = pl.DataFrame({"user_id": ["u"] * 3, "movie_id": ["m00", "m01", "m02"]})
    ratings, times = pl.Series("user_rating", [3.0, 5.0, 4.0]), pl.Series("timestamp", [30, 10, 20])
    for columns, title, order in (
        ((ratings, times), "user u rated highest", ["m01", "m02", "m00"]),
        ((ratings * 0, times), "user u rated latest", ["m00", "m02", "m01"]),
        ((times,), "user u rated latest", ["m00", "m02", "m01"]),
        ((times * 0,), "history of user u", ["m00", "m01", "m02"]),
        ((), "history of user u", ["m00", "m01", "m02"]),
    ):
        asked = replace(explorer, model=replace(explorer.model, known=rows.with_columns(*columns)))
        found = asked.favourites("u")
        assert (found.title, found.frame["movie_id"].to_list()) == (title, order)


@pytest.fixture
def titled(models, split):
    explorer = tl.explore(models["ease"], split)
    titles = {"m00": "Star Wars (1977)", "m01": "Star Wars: Again (1980)", "m02": "Alien (1979)"}
    explorer.model.titles.update(titles)
    return explorer


@pytest.mark.parametrize(("text", "movie"), [("m05", "m05"), ("star wars", "m00"), ("ALIEN", "m02"), ("again", "m01")])
def test_movies_are_found_by_id_title_and_part(titled, text, movie):
    assert titled.movie_id(text) == movie


def test_an_unclear_title_is_refused_with_what_it_could_be(titled):
    with pytest.raises(DataError, match=r"fits 2: m00 Star Wars \(1977\); m01 Star Wars: Again"):
        titled.similar("star")
    with pytest.raises(DataError, match=r"did you mean 'Alien \(1979\)'"):
        titled.similar("Aliens (1979)")


def test_explore_wants_a_split(split):
    with pytest.raises(ValueError, match="expected the split"):
        tl.explore(tl.fit("popularity", split).recommender)


def test_a_notebook_has_one_bar_that_moves(monkeypatch, capsys):
    display = pytest.importorskip("IPython.display")
    shown = []

    class Handle:
        def update(self, html):
            shown.append(html.data)

    monkeypatch.setattr(display, "display", lambda html, display_id: Handle())
    reporter = NotebookReporter()
    reporter.step("id: epoch", 1, 2, "loss <1")
    reporter.step("id: epoch", 2, 2, "loss 0.5")
    reporter.line("done")
    assert '<progress value="1" max="2"' in shown[0]
    assert "loss &lt;1" in shown[0]
    assert 'value="2"' in shown[1]
    assert shown[2:] == [""]
    assert capsys.readouterr().out == "done\n"


def test_fit_says_how_long_it_took(split, capsys):
    tl.fit("popularity", split)
    assert "popularity: fitted in" in capsys.readouterr().err


def test_in_a_notebook_results_are_text_that_fits_and_steps_are_one_bar(monkeypatch):
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    assert isinstance(reporter_here(), NotebookReporter)
    assert (console().width, console().is_jupyter) == (WIDTH, False)
