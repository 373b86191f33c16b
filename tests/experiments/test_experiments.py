"""One contract for every experiment: it learns, knows what to do with strangers, and survives storage."""

import importlib.util
import subprocess
import sys
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_matrix

from tfrs_lab.data import Dataset, Interactions
from tfrs_lab.data.storage import read_arrays, write_arrays
from tfrs_lab.data.tables import movies_table
from tfrs_lab.evaluation import Recommender, evaluate
from tfrs_lab.models import registry
from tfrs_lab.models.id_dropout.config import IdDropoutConfig
from tfrs_lab.models.multitask.config import JointConfig
from tfrs_lab.models.rating.config import RatingConfig
from tfrs_lab.models.registry import specification
from tfrs_lab.models.retrieval.config import RetrievalConfig
from tfrs_lab.models.specification import FitContext
from tfrs_lab.models.two_tower.config import PairConfig

NAMES = [name for name in registry.NAMES if name != "lightfm" or importlib.util.find_spec("lightfm")]
LEARNED = ("itemknn", "ease", "ials", "contentknn", "userridge", "ialsridge", "retrieval", "iddropout", "hybrid")
CONFIGS = {
    "ease": {"regularization": 5.0},
    "itemknn": {"shrink": 1.0},
    "ials": {"factors": 2, "regularization": 1.0},
    "userridge": {"regularization": 1.0},
    "ialsridge": {"factors": 2, "regularization": 1.0, "ridge": 1.0},
    "retrieval": {
        "parts": ("in_batch", "history", "transitions", "trend"),
        "in_batch": PairConfig(dimension=8, batch_size=64, epochs=15, learning_rate=0.02),
        "history": PairConfig(query=("history",), objective="softmax", dimension=8, batch_size=16, epochs=15),
    },
    "cascade": {"retrieval": RetrievalConfig(parts=("linear",))},
    "hybrid": {
        "prior": 1.0,
        "retrieval": RetrievalConfig(
            parts=("joint",),
            joint=JointConfig(
                retrieval=PairConfig(
                    query=("history",),
                    objective="softmax",
                    tied=False,
                    dimension=8,
                    batch_size=16,
                    learning_rate=0.02,
                    epochs=15,
                ),
                rating=RatingConfig(dimension=4),
            ),
        ),
    },
    "ranking": {"dimension": 4, "epochs": 2},
    "iddropout": {
        "pair": replace(IdDropoutConfig().pair, dimension=8, batch_size=16, learning_rate=0.02, epochs=15),
    },
}


@pytest.fixture(scope="module")
def fitted(planted, tmp_path_factory):
    """Every experiment, fitted on the planted train rows."""
    rows = Interactions.from_ratings(planted.train)
    movies = pl.DataFrame({"movie_id": rows.movies.ids, "movie_genres": [["Drama"]] * 10 + [["Comedy"]] * 10})
    users = pl.DataFrame({"user_id": rows.users.ids})
    dataset = Dataset("planted", planted.train, movies_table(movies), users, "a test")
    models = {}
    for name in NAMES:
        directory = tmp_path_factory.mktemp(name)
        context = FitContext(
            seed=0, checkpoints=directory / "checkpoints", tensorboard=directory / "tensorboard", dataset=dataset
        )
        config = specification(name).config(**CONFIGS.get(name, {}))
        models[name] = specification(name).fit(config, rows, context).recommender
    return models


@pytest.mark.parametrize("name", NAMES)
def test_it_is_a_recommender(fitted, name):
    model = fitted[name]
    assert isinstance(model, Recommender)
    scores = model.score(np.array([0, 5, -1], dtype=np.int32))
    assert scores.shape == (3, len(model.movies))
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()
    assert model.similarity(np.array([0, 1])).shape == (2, len(model.movies))


@pytest.mark.parametrize("name", LEARNED)
def test_it_finds_the_withheld_movie(fitted, planted, name):
    known = {"seen": planted.train, "ks": (2,), "bootstrap": 0}
    found = evaluate(fitted[name], planted.test, **known).metrics["recall@2"]
    popular = evaluate(fitted["popularity"], planted.test, **known).metrics["recall@2"]
    assert found > 0.8 > popular + 0.2


@pytest.mark.parametrize("name", LEARNED)
def test_it_serves_someone_it_has_never_seen(fitted, name):
    model = fitted[name]
    history = np.zeros((1, 20), dtype=np.float32)
    history[0, [10, 11, 12]] = 1.0  # movies of the second group
    scores = model.score_history(csr_matrix(history))[0]
    assert scores[13:].min() > scores[:10].max()


@pytest.mark.parametrize("name", ["ranking", "hybrid"])
def test_it_predicts_ratings_on_the_scale(fitted, planted, name):
    table = planted.test
    predicted = fitted[name].rating.predict(table["user_id"], table["movie_id"], table["timestamp"].to_numpy())
    assert predicted.shape == (len(table),)
    assert predicted.dtype == np.float32
    assert ((predicted >= 3) & (predicted <= 5)).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_fresh_process_gives_the_same_scores(fitted, name, tmp_path):
    model = fitted[name]
    write_arrays(tmp_path / "model.npz", model.state())
    code = (
        "import sys, numpy as np\n"
        "from tfrs_lab.data.storage import read_arrays\nfrom tfrs_lab.models.registry import specification\n"
        f"model = specification({name!r}).load(read_arrays(sys.argv[1]))\n"
        "np.save(sys.argv[2], model.score(np.array([3, -1], dtype=np.int32)))"
    )
    subprocess.run(
        [sys.executable, "-c", code, tmp_path / "model.npz", tmp_path / "scores.npy"], check=True, timeout=120
    )
    np.testing.assert_array_equal(np.load(tmp_path / "scores.npy"), model.score(np.array([3, -1], dtype=np.int32)))


def test_state_holds_no_python_objects(fitted, tmp_path):
    for name, model in fitted.items():
        write_arrays(tmp_path / f"{name}.npz", model.state())
        assert all(array.dtype != object for array in read_arrays(tmp_path / f"{name}.npz").values()), name
