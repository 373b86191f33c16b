"""Content models find planted tastes, live with missing values, take in new movies, and survive storage."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_matrix

from tfrs_lab.data import DataError, Dataset, Interactions, generate, split
from tfrs_lab.data.storage import write_arrays
from tfrs_lab.data.synthetic import taste
from tfrs_lab.models.content.config import ContentConfig, ContentTowerConfig, FeatureConfig, KernelConfig
from tfrs_lab.models.content.encoder import raw_blocks
from tfrs_lab.models.content.features import MovieFeatures, learn_vocabularies
from tfrs_lab.models.content.fit import fit_content
from tfrs_lab.models.content.inputs import raw_movies
from tfrs_lab.models.content.recommender import ContentRecommender
from tfrs_lab.models.specification import FitContext

TASTES = 4
NOTHING = pl.DataFrame({"movie_id": ["new"]})


@pytest.fixture(scope="module")
def telling_titles() -> Dataset:
    """Tastes that show in one word of the title and, of users, in what they do; genres and dates say nothing."""
    whole = generate(120, 80, 2400, tastes=TASTES, noise=0.1, seed=1)
    empty = [pl.Series("movie_genres", [[]] * 80, pl.List(pl.String)), pl.lit(None, pl.Date).alias("release_date")]
    plain = pl.col("movie_title").str.replace(r" \(\d+\)$", "")
    return replace(whole, movies=whole.movies.with_columns(*empty, plain, pl.lit(None, pl.Int32).alias("release_year")))


def tower(**fields) -> ContentConfig:
    small = {"dimension": 8, "batch_size": 32, "epochs": 12, "learning_rate": 0.02, "title_penalty": 1e-4}
    return ContentConfig(parts=("tower",), tower=ContentTowerConfig(**small, **fields))


CONFIGS = {
    "kernel": ContentConfig(kernel=KernelConfig(dimension=16, people_regularization=100.0)),
    "bag": tower(),
    "attention": tower(title="attention"),
    "convolution": tower(title="convolution"),
    "words": replace(tower(), features=FeatureConfig(grams=0)),
    "both": replace(tower(hidden=4), parts=("kernel", "tower")),
}


def fit(config: ContentConfig, dataset: Dataset, rows: pl.DataFrame, directory) -> ContentRecommender:
    context = FitContext(seed=0, checkpoints=directory / "c", tensorboard=directory / "t", dataset=dataset)
    return fit_content(config, Interactions.from_ratings(rows), context).recommender


@pytest.fixture(scope="module")
def cold(telling_titles):
    return split(telling_titles, "cold-items", seed=0, test=0.3)


@pytest.fixture(scope="module")
def fitted(telling_titles, cold, tmp_path_factory):
    return {
        name: fit(config, telling_titles, cold.train_and_validation, tmp_path_factory.mktemp(name))
        for name, config in CONFIGS.items()
    }


def own_taste_first(model: ContentRecommender, scores: np.ndarray, user_ids: list[str], movie_ids: list[str]) -> float:
    """How often the best of the movies has the user's planted taste."""
    best = scores[:, model.movies.encode(movie_ids)].argmax(axis=1)
    chosen = pl.Series([movie_ids[place] for place in best])
    return float((taste(chosen, TASTES) == taste(pl.Series(user_ids), TASTES)).mean())


@pytest.mark.parametrize("name", CONFIGS)
def test_titles_tell_the_taste_of_movies_that_nobody_rated(fitted, cold, name):
    model = fitted[name]
    unseen = cold.test["movie_id"].unique().sort().to_list()
    assert len(unseen) > 2 * TASTES
    scores = model.score(np.arange(len(model.users), dtype=np.int32))
    assert own_taste_first(model, scores, model.users.ids, unseen) > 0.85


def test_without_titles_there_is_nothing_to_find(telling_titles, cold, tmp_path):
    config = ContentConfig(features=FeatureConfig(words=0, grams=0))
    model = fit(config, telling_titles, cold.train_and_validation, tmp_path)
    scores = model.score(np.arange(len(model.users), dtype=np.int32))
    unseen = cold.test["movie_id"].unique().sort().to_list()
    assert own_taste_first(model, scores, model.users.ids, unseen) < 0.5


@pytest.mark.parametrize("name", ["kernel", "bag"])
def test_movies_of_which_nothing_is_known_are_alike(telling_titles, cold, name, tmp_path):
    nothing = {"movie_title": pl.lit(""), "tags": pl.lit([], pl.List(pl.String))}
    untold = replace(telling_titles, movies=telling_titles.movies.with_columns(**nothing))
    model = fit(CONFIGS[name], untold, cold.train_and_validation, tmp_path)
    scores = model.score(np.arange(len(model.users), dtype=np.int32))
    assert np.abs(model.candidates).max() < 1e3
    np.testing.assert_allclose(scores, scores[:, :1] * np.ones_like(scores), rtol=1e-3)


@pytest.mark.parametrize("name", ["kernel", "bag"])
def test_demographics_tell_the_taste_of_someone_who_rated_nothing(fitted, telling_titles, name):
    model = fitted[name]
    strangers = telling_titles.users["user_id"].to_list()
    scores = model.score_history(csr_matrix((len(strangers), len(model.movies)), dtype=np.float32), strangers)
    assert own_taste_first(model, scores, strangers, model.movies.ids) > 0.4  # chance: 0.25
    nobody = model.score_history(csr_matrix((1, len(model.movies)), dtype=np.float32))
    # prior · query / prior is the query but for the last bit
    np.testing.assert_allclose(nobody[0], model.score(np.array([-1]))[0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", CONFIGS)
def test_a_known_history_gives_what_the_user_got(fitted, cold, name):
    model = fitted[name]
    user = model.users.ids[7]
    movies = model.movies.encode(cold.train_and_validation.filter(pl.col("user_id") == user)["movie_id"])
    history = np.zeros((1, len(model.movies)), np.float32)
    history[0, movies] = 1.0
    again = model.score_history(csr_matrix(history), [user])
    np.testing.assert_allclose(again, model.score(np.array([7])), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", CONFIGS)
def test_a_new_movie_joins_by_its_raw_features_in_a_fresh_process(fitted, name, tmp_path):
    model = fitted[name]
    title = "Silent Laugh"  # the second taste's word
    new = pl.DataFrame({"movie_id": ["0-new", "zz"], "movie_title": [title, "Xyzzy"]})
    grown = model.with_movies(new)
    assert grown.movies.ids == sorted([*model.movies.ids, "0-new", "zz"])
    users = np.arange(len(model.users), dtype=np.int32)
    scores = grown.score(users)
    np.testing.assert_allclose(scores[:, grown.movies.encode(model.movies.ids)], model.score(users), atol=1e-6)
    fans = taste(pl.Series(model.users.ids), TASTES) == 1
    place = int(grown.movies.encode(["0-new"])[0])
    assert scores[fans, place].mean() > scores[~fans, place].mean()
    write_arrays(tmp_path / "model.npz", model.state())
    new.write_parquet(tmp_path / "new.parquet")
    code = (
        "import sys, numpy as np, polars as pl\nfrom tfrs_lab.data.storage import read_arrays\n"
        "from tfrs_lab.models.content.recommender import ContentRecommender\n"
        "model = ContentRecommender.from_state(read_arrays(sys.argv[1]))\n"
        "assert 'tensorflow' not in sys.modules\n"
        "np.save(sys.argv[3], model.with_movies(pl.read_parquet(sys.argv[2])).candidates)"
    )
    files = [tmp_path / file for file in ("model.npz", "new.parquet", "candidates.npy")]
    subprocess.run([sys.executable, "-c", code, *files], check=True, timeout=120)
    np.testing.assert_allclose(np.load(files[2]), grown.candidates, atol=1e-5)


def test_movies_that_are_there_already_are_refused(fitted):
    with pytest.raises(DataError, match=r"does not know.*'3'"):
        fitted["kernel"].with_movies(pl.DataFrame({"movie_id": ["3"]}))


def test_anything_may_be_missing():
    whole = generate(10, 6, 40, tastes=2, seed=0).movies
    raw = raw_movies(whole, vocabulary := Interactions.from_ratings(generate(10, 6, 40, tastes=2).ratings).movies)
    layer = MovieFeatures(learn_vocabularies(FeatureConfig(least_movies=1), raw))
    nothing = next(raw_blocks(raw_movies(NOTHING, replace(vocabulary, ids=["new"]))))
    for numbers in (layer(nothing), layer(layer.nothing())):
        assert all(np.isfinite(values.numpy()).all() for values in numbers.values())
        assert numbers["flags"].numpy().tolist()[0][2:] == [1.0, 1.0]  # no date at all, no genre
        assert numbers["genres"].numpy().sum() == 0
    known = layer(next(raw_blocks(raw)))
    assert (known["flags"].numpy()[:, 2:] == 0).all()
    assert (known["words"].numpy() > 0).sum(axis=1).min() >= 3  # three words of a title, and pairs of them


def test_titles_are_read_as_they_are_written():
    titles = ["Légende, La (1996)", "Toy  Story (1995)", "Toy Soldiers", "story of a toy"]
    movies = pl.DataFrame({"movie_id": list("abcd"), "movie_title": titles, "tags": [["space"], [], ["space"], None]})
    vocabulary = Interactions.from_ratings(pl.DataFrame({"user_id": list("aaaa"), "movie_id": list("abcd")})).movies
    raw = raw_movies(movies, vocabulary)
    learned = learn_vocabularies(FeatureConfig(), raw)
    assert learned["words"].tolist() == ["toy", "story"]  # in two or more titles
    assert learned["tags"].tolist() == ["space"]
    numbers = MovieFeatures(learned)(next(raw_blocks(raw)))
    assert numbers["title"].numpy()[:, :3].tolist() == [[0, 0, 0], [1, 2, 0], [1, 0, 0], [2, 1, 0]]
    assert numbers["flags"].numpy()[:, 0].tolist() == [1, 0, 0, 0]  # foreign: the article stands behind
    np.testing.assert_allclose(numbers["steps"].numpy()[1, 0], 1)  # a year before the newest, 1996


@pytest.mark.parametrize(
    ("config", "fields", "message"),
    [
        (ContentConfig, {"parts": ()}, "parts: expected at least one"),
        (ContentConfig, {"prior": 0.0}, "prior: expected"),
        (KernelConfig, {"regularization": 0.0}, "regularization: expected"),
        (ContentTowerConfig, {"dropout": 1.0}, "dropout: expected"),
        (FeatureConfig, {"words": -1}, "words: expected"),
    ],
)
def test_config_refuses_what_makes_no_sense(config, fields, message):
    with pytest.raises(ValueError, match=message):
        config(**fields)
