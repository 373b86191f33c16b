"""What can be asked of a fitted model, a run that is opened, and an export."""

import asyncio
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

import numpy as np
import polars as pl
import pytest

import tfrs_lab as tl
from tfrs_lab.data import DataError, generate
from tfrs_lab.models.baselines import EaseConfig

ROWS = {"Customer": ["a", "a", "a", "b", "b", "b"], "item": ["x", "y", "z", "x", "y", "w"], "stars": [5, 4, 3, 5, 4, 1]}


@pytest.fixture(scope="module")
def split():
    return tl.split(generate(users=60, movies=40, ratings=1500, seed=0), "random")


@pytest.fixture(scope="module")
def ials(split):
    return tl.fit("ials", split, factors=8, alpha=5.0, regularization=10.0)


def test_importing_loads_no_tensorflow_and_names_are_complete():
    code = "import sys, tfrs_lab as tl; tl.fit, tl.compare, tl.open; print('tensorflow' in sys.modules, dir(tl))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("False "), done.stderr
    for name in tl.__all__:
        assert name in done.stdout
        assert getattr(tl, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'fitt'"):
        _ = tl.fitt


def test_tensorflow_may_come_first():
    code = "import tensorflow as tf; import tfrs_lab.models.backend; print(tf.keras.layers.Layer.__module__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.startswith("tf_keras"), done.stderr


def test_it_works_beside_files_of_the_same_names(tmp_path):
    for name in ("data", "models", "evaluation", "fitting", "model"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong module')")
    code = (
        "import tfrs_lab as tl; from tfrs_lab.data import generate;"
        "split = tl.split(generate(users=30, movies=20, ratings=400)); print(tl.evaluate(tl.fit('popularity', split)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert done.stdout.startswith("<Evaluation of "), done.stderr


@pytest.mark.parametrize("frame", [pl.DataFrame, lambda rows: pl.DataFrame(rows).to_arrow()], ids=["polars", "arrow"])
def test_frames_of_any_kind_are_read_as_files_are(frame, tmp_path):
    movies = frame({"item": ["x", "y"], "title": ["X-Men", "Yojimbo"]})
    found = tl.from_frames(frame(ROWS), movies)
    pl.DataFrame(ROWS).write_csv(tmp_path / "shop.csv")
    assert found.ratings.equals(tl.read(tmp_path / "shop.csv").ratings)
    assert found.has_movie_features
    assert set(found.movies["movie_title"]) == {"X-Men", "Yojimbo", "z", "w"}


def test_representations_are_one_line_and_html(split, ials):
    for one in (split.dataset, split, ials, tl.explore(ials), tl.evaluate(ials)):
        assert "\n" not in repr(one)
        assert len(repr(one)) < 150
        assert "<" in one._repr_html_()


def test_a_model_recommends_to_one_several_and_strangers(ials):
    user = ials.users.ids[3]
    one = ials.recommend(user=user, k=3)
    assert one["rank"].to_list() == [1, 2, 3]
    assert "movie_title" in one.columns
    both = ials.recommend([user, "nobody"], k=3)
    assert len(both) == 6
    assert both.frame.filter(pl.col("user_id") == user)["movie_id"].to_list() == one["movie_id"].to_list()
    assert both.note == "user nobody is not known: what is popular"
    if find_spec("pandas"):
        assert one.to_pandas()["rank"].tolist() == [1, 2, 3]
    else:
        with pytest.raises(ImportError, match="pip install pandas"):
            one.to_pandas()
    assert len(ials.recommend(history=[ials.movies.ids[0]], k=4)) == 4
    assert len(ials.similar(ials.movies.ids[0], k=2)) == 2


def test_embeddings_are_what_scores_are_made_of(split, ials):
    queries, candidates, users, movies = ials.embeddings()
    assert (len(users), len(movies)) == (len(queries), len(candidates))
    np.testing.assert_allclose(queries[:2] @ candidates.T, ials.score(np.arange(2)), rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match=r"expected a model with a vector per user and movie, .* got ease"):
        tl.fit("ease", split).embeddings()


def test_a_saved_model_opens_as_it_was(ials, tmp_path):
    ials.save(tmp_path / "run")
    opened = tl.open(tmp_path / "run")
    user = ials.users.ids[0]
    assert opened.recommend(user).frame.equals(ials.recommend(user).frame)
    assert opened.config["factors"] == 8
    assert tl.evaluate(opened).metrics == tl.evaluate(ials).metrics
    assert tl.compare([tmp_path / "run", ials]).frame["value"].null_count() == 0
    assert (tmp_path / "run" / "report.html").exists()
    opened.save(tmp_path / "copy")
    assert tl.open(tmp_path / "copy").movies.ids == ials.movies.ids
    with pytest.raises(DataError, match="overwrite=True"):
        opened.save(tmp_path / "copy")


@pytest.mark.slow
def test_an_export_answers_as_its_model(ials, tmp_path):
    assert ials.export(tmp_path / "out", index="brute-force").name == "1"
    opened = tl.open(tmp_path / "out")
    user = ials.users.ids[0]
    assert opened.recommend(user)["movie_id"].to_list() == ials.recommend(user)["movie_id"].to_list()
    assert "\n" not in repr(opened)

    async def as_in_a_notebook():
        return opened.recommend(user)

    with ThreadPoolExecutor(1) as apart:  # browser tests in this process may leave a loop running in this thread
        found = apart.submit(asyncio.run, as_in_a_notebook()).result()
    assert found.frame.equals(opened.recommend(user).frame)
    assert len(opened.recommend(history=[ials.movies.ids[0]], k=3)) == 3


def test_names_of_experiments_are_fitted_and_configurations_too(split):
    found = tl.compare(["popularity", "ease"], split)
    assert [row[0] for row in found.rows] == ["popularity", "ease"]
    assert tl.fit(EaseConfig(regularization=3.0), split).config == EaseConfig(regularization=3.0)


def test_whatever_has_users_movies_and_scores_is_compared_and_explored(split):
    ease = tl.fit("ease", split)

    class Own:
        users, movies = list(ease.users.ids), list(ease.movies.ids)

        def score(self, users):
            return ease.score(users)

    own = Own()
    values = tl.compare({"ease": ease, "own": own}, split).frame["value"]
    assert values[0] == values[3]
    assert len(tl.explore(own, split).recommend(Own.users[0], k=2)) == 2
    with pytest.raises(ValueError, match="with `similarity`"):
        tl.explore(own, split).similar(Own.movies[0])
    with pytest.raises(ValueError, match="got a int without users, movies, score"):
        tl.evaluate(3, split)


@pytest.mark.parametrize(
    ("call", "hint"),
    [
        (lambda split: tl.fit("retreival", split), "did you mean retrieval?"),
        (lambda split: tl.fit("ease", split, regularisation=3), "did you mean regularization?"),
        (lambda split: tl.fit("retrieval", split, parts=("ids",)), "did you mean id?"),
        (lambda split: tl.fit("retrieval", split, parts="id"), "a tuple of names"),
        (lambda split: tl.fit("retrieval", split, in_batch={"dimensions": 3}), "did you mean dimension?"),
        (lambda split: tl.fit("retrieval", split, in_batch=3), "expected a PairConfig or its fields"),
        (lambda split: tl.split(split.dataset, "tempral-user"), "did you mean temporal-user?"),
        (lambda split: tl.split(split.dataset, "random", tst=0.1), "did you mean test?"),
        (lambda split: tl.compare(["popularity"], split, metrics=["ndgc@10"]), "did you mean 'ndcg@10'?"),
        (lambda split: tl.compare(["easee"], split), "did you mean ease?"),
        (lambda split: tl.load("100K"), "did you mean '100k'?"),
        (lambda split: tl.fit(3, split), "expected a name .* or a configuration, got a int"),
        (lambda split: tl.open("no/such/run"), "no such directory"),
    ],
)
def test_a_wrong_name_is_one_clear_error(split, call, hint):
    with pytest.raises((ValueError, DataError), match=hint.replace("?", r"\?")):
        call(split)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pair", "hint"),
    [
        ({"objective": "in-bach"}, "objective: .*; did you mean in-batch"),
        ({"query": ("histry",)}, "query: .*; did you mean history"),
        ({"candidate": ("feature",)}, "candidate: .*; did you mean features"),
    ],
)
def test_wrong_names_of_towers_and_objectives_too(split, pair, hint):
    with pytest.raises(ValueError, match=hint):
        tl.fit("retrieval", split, parts=("in_batch",), in_batch={**pair, "epochs": 1})


def test_content_wants_to_know_the_movies():
    rng = np.random.default_rng(0)
    rows = {"user": rng.integers(0, 20, 300).astype(str), "item": rng.integers(0, 30, 300).astype(str)}
    split = tl.split(tl.from_frames(pl.DataFrame(rows)))
    with pytest.raises(DataError, match=r"pass movies= to tl\.read or tl.from_frames"):
        tl.fit("content", split)
