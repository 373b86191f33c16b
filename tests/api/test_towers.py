"""Models that somebody trained by themselves with TensorFlow Recommenders or Keras."""

import polars as pl
import pytest

import tfrs_lab as tl
from tfrs_lab.data import Dataset, load_files
from tfrs_lab.data.splits.kinds import Split

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def split(planted) -> Split:
    movies = pl.DataFrame({"movie_id": [f"m{n:02}" for n in range(20)], "title": [f"Film {n}" for n in range(20)]})
    rows = pl.concat([planted.train, planted.validation, planted.test])
    dataset: Dataset = load_files(rows, movies=movies)
    return Split("files", planted.train, planted.validation, planted.test, test_cut="temporal-user", dataset=dataset)


@pytest.fixture(scope="module")
def tutorial(split):
    """As in TFRS's tutorial on retrieval."""
    from tfrs_lab.models.backend import tf, tfrs

    users, titles = split.dataset.users["user_id"].to_list(), split.dataset.movies["movie_title"].to_list()

    class MovielensModel(tfrs.Model):
        def __init__(self):
            super().__init__()
            self.user_model, self.movie_model = (
                tf.keras.Sequential(
                    [tf.keras.layers.StringLookup(vocabulary=ids), tf.keras.layers.Embedding(len(ids) + 1, 8)]
                )
                for ids in (users, titles)
            )
            self.task = tfrs.tasks.Retrieval()

        def compute_loss(self, features, training=False):
            queries = self.user_model(features["user_id"])
            return self.task(queries, self.movie_model(features["movie_title"]), compute_metrics=False)

    tf.keras.utils.set_random_seed(0)
    model = MovielensModel()
    model.compile(tf.keras.optimizers.Adagrad(0.5))
    rows = split.train_and_validation.join(split.dataset.movies, on="movie_id")
    table = {name: rows[name].to_list() for name in ("user_id", "movie_title")}
    model.fit(tf.data.Dataset.from_tensor_slices(table).shuffle(1000, seed=0).batch(60), epochs=40, verbose=0)
    return model


def test_a_tutorials_model_is_evaluated_compared_explored_and_exported(tutorial, split, tmp_path):
    model = tl.from_tfrs(tutorial, split)
    assert repr(model).startswith("<MovielensModel: 60 users, 20 movies")
    assert model.history.height == 40
    assert tl.evaluate(model).metrics["ndcg@10"] > 0.5  # of two groups, the user's own has one movie left
    assert tl.compare(["popularity", model], split).frame["difference"][3] > 0
    assert model.similar("Film 3", k=1)["movie_id"][0] < "m10"
    assert len(model.recommend(history=["Film 13"], k=3)) == 3
    model.save(tmp_path / "run")
    assert tl.open(tmp_path / "run").recommend("u07").frame.equals(model.recommend("u07").frame)
    model.export(tmp_path / "out", index="brute-force")
    exported = tl.open(tmp_path / "out").recommend("u07", k=3)
    assert exported["movie_id"].to_list() == model.recommend("u07", k=3)["movie_id"].to_list()


def test_towers_may_take_ids_or_dictionaries(tutorial, split):
    from tfrs_lab.models.backend import tf

    ids = split.dataset.movies["movie_id"].to_list()

    class ById(tf.keras.Model):
        def __init__(self):
            super().__init__()
            self.lookup = tf.keras.layers.StringLookup(vocabulary=ids)
            self.embedding = tf.keras.layers.Embedding(len(ids) + 1, 8)

        def call(self, inputs):
            return self.embedding(self.lookup(inputs["movie_id"]))

    tower = ById()
    model = tl.from_towers(tutorial.user_model, tower, split)
    expected = tower({"movie_id": tf.constant(model.movies.ids)}).numpy()
    assert (model.embeddings().candidates == expected).all()


def test_what_is_no_pair_of_towers_is_refused(tutorial, split):
    from tfrs_lab.models.backend import tf

    with pytest.raises(ValueError, match=r"expected the query tower as an attribute .* pass query="):
        tl.from_tfrs(tf.keras.Sequential(), split)
    with pytest.raises(ValueError, match=r"vectors of one length, got 8 .* and 3"):
        tl.from_towers(tutorial.user_model, lambda movies: tf.zeros((len(movies), 3)), split)
    with pytest.raises(ValueError, match=r"candidate tower: expected one that takes movie_title or movie_id"):
        tl.from_towers(tutorial.user_model, tf.keras.layers.Dense(3), split)
