"""Small recommenders with known answers, and stored models of every kind that can be served."""

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_matrix

from tfrs_lab.data import Interactions, Vocabulary, generate
from tfrs_lab.data.storage import write_arrays, write_json, write_parquet
from tfrs_lab.evaluation.topk import top_k
from tfrs_lab.experiments.storage.stored_model import StoredModel
from tfrs_lab.models.baselines import IALSConfig, fit_ials
from tfrs_lab.models.cascade.recommender import CascadeRecommender
from tfrs_lab.models.closed_form.transitions import TransitionsConfig, fit_transitions
from tfrs_lab.models.content.config import ContentConfig
from tfrs_lab.models.content.fit import fit_content
from tfrs_lab.models.hybrid.calibration import Calibration
from tfrs_lab.models.hybrid.recommender import HybridRecommender
from tfrs_lab.models.retrieval.combine import Part
from tfrs_lab.models.retrieval.recommender import FactorRecommender
from tfrs_lab.models.retrieval.ridge import ridge_tower
from tfrs_lab.models.specification import FitContext
from tfrs_lab.serving.backend import tf
from tfrs_lab.serving.index import IndexSetting, build_index
from tfrs_lab.serving.module import RecommenderModule
from tfrs_lab.serving.queries import MeanQuery
from tfrs_lab.serving.servable import Servable

USERS, MOVIES, DIM = 20, 60, 8


def make_servable(**changed) -> Servable:
    """Random vectors; users have seen 0 to 19 movies; genres A, B; years 1990 to 1999, every tenth unknown."""
    random = np.random.default_rng(3)
    candidates = random.normal(size=(MOVIES, DIM)).astype(np.float32)
    candidates *= random.lognormal(size=(MOVIES, 1)).astype(np.float32)
    seen = [np.sort(random.choice(MOVIES, user, replace=False)) for user in range(USERS)]
    years = random.integers(1990, 2000, MOVIES).astype(np.int32)
    years[::10] = 0
    stranger = random.normal(size=DIM).astype(np.float32)
    fields = {
        "user_ids": np.array([f"u{user}" for user in range(USERS)]),
        "movie_ids": np.array([f"m{movie:02}" for movie in range(MOVIES)]),
        "titles": np.array([f"Title {movie}" for movie in range(MOVIES)]),
        "genre_names": ("A", "B"),
        "genres": random.random((MOVIES, 2)) < 0.4,
        "years": years,
        "queries": random.normal(size=(USERS, DIM)).astype(np.float32),
        "stranger": stranger,
        "candidates": candidates,
        "seen": (np.concatenate(seen).astype(np.int32), np.cumsum([0, *map(len, seen)])),
        "history": MeanQuery(candidates, empty=stranger),
    }
    return Servable(**{**fields, **changed})


def module_of(servable, kind="brute-force"):
    setting = IndexSetting(kind, leaves=6, leaves_to_search=6, reorder=MOVIES)
    return RecommenderModule(servable, build_index(servable.candidates[servable.rows], servable.rows, setting))


@pytest.fixture(scope="session")
def servable():
    return make_servable()


@pytest.fixture(scope="session")
def modules(servable):
    """Both kinds of index; ScaNN searches everything, so that both have to give the same."""
    return {kind: module_of(servable, kind) for kind in ("brute-force", "scann")}


@pytest.fixture(scope="session")
def dataset():
    return generate(60, 50, 1200, tastes=4, noise=0.1, seed=2)


@pytest.fixture(scope="session")
def known(dataset):
    """Rows of 50 users on 44 movies: ten people are known by their demographics only, six movies by content only."""
    users, movies = Vocabulary.from_ids(dataset.users["user_id"]), Vocabulary.from_ids(dataset.movies["movie_id"])
    inside = pl.col("user_id").is_in(users.ids[:50]) & pl.col("movie_id").is_in(movies.ids[:44])
    return dataset.ratings.filter(inside)


@pytest.fixture(scope="session")
def stored(dataset, known, tmp_path_factory):
    """A stored model of every kind that has vectors."""
    rows = Interactions.from_ratings(known)
    home = tmp_path_factory.mktemp("fits")
    # of so few ratings the usual penalty leaves one direction, in which all movies are alike
    ials = fit_ials(rows, IALSConfig(factors=6, iterations=4, regularization=1.0), seed=0, now=None)
    tower = ridge_tower(rows.matrix, ials.user_factors, ials.movie_factors)
    vectors = Part(ials.user_factors, ials.movie_factors, tower)
    following = fit_transitions(TransitionsConfig(latest=3, neighbours=8), rows).times(2.0)
    factors = FactorRecommender.of(rows, vectors, ials.popularity * 3, following)
    content = fit_content(ContentConfig(), rows, FitContext(0, home, home, dataset=dataset)).recommender
    hybrid, cascade = hybrid_of(factors, content, rows), cascade_of(factors, rows)
    models = {"ials": ials, "retrieval": factors, "content": content, "hybrid": hybrid, "cascade": cascade}
    titles = dict(dataset.movies.select("movie_id", "movie_title").iter_rows())
    return {
        name: StoredModel(name, model, titles, known, known.clear(), dataset.movies) for name, model in models.items()
    }


def cascade_of(retrieval, rows):
    """A cascade whose ranker has drawn its scores, of lists that are shorter than what is kept."""
    scores = retrieval.score(np.arange(len(retrieval.users)))
    scores[csr_matrix(rows.matrix).nonzero()] = -np.inf
    candidates = top_k(scores, 15)[0]
    candidates[::7, 10:] = -1  # some had fewer
    ranks = np.random.default_rng(5).normal(size=candidates.shape).astype(np.float32)
    return CascadeRecommender(retrieval, candidates, ranks, depth=12, weight=0.8)


def hybrid_of(warm, content, rows):
    """A hybrid of both, put together without a search for its calibration."""
    features = content.people.queries.shape[0]
    affinity = np.random.default_rng(0).normal(0, 0.1, (features, len(warm.movies))).astype(np.float32)
    return HybridRecommender(warm, content, Calibration(), affinity, 3.0, np.diff(rows.matrix.indptr))


def write_run(model, directory, test):
    """As much of a run directory as the commands read."""
    write_arrays(directory / "checkpoints" / "model.npz", model.recommender.state())
    tables = {"movies": model.movies, "known": model.known, "test": test, "per_user": pl.DataFrame({"user_id": ["1"]})}
    for name, table in tables.items():
        write_parquet(directory / f"{name}.parquet", table)
    write_json(directory / "config.json", {"experiment": model.name, "settings": {}})
    write_json(directory / "metrics.json", {"test": {}})
    write_json(directory / "timing.json", {})
    return directory


def events(movies):
    """What a signature takes of movies [B, any]: with a rating of 1 each, in this order."""
    movies = tf.constant(movies)
    return movies, tf.ones(tf.shape(movies)), tf.zeros(tf.shape(movies), tf.int64)


def filtered(module, users, exclude, genres, first, last, k, include_seen=False, diversity=0.0):
    """What ``recommend_filtered`` answers."""
    return module.recommend_filtered(
        tf.constant(users), tf.constant(exclude), tf.constant(genres), tf.constant(first), tf.constant(last),
        tf.constant(diversity), tf.constant(include_seen), tf.constant(k),
    )  # fmt: skip


def seen_by(servable, user):
    """Rows of the movies that a user, by number, knows, oldest first."""
    values, starts = servable.seen
    return values[starts[user] : starts[user + 1]].tolist()


def assert_agree(ids, scores, table, k):
    """A list agrees with the model's own ranking of all movies, up to movies whose scores are equal in float32.

    Args:
        ids: [k] str, padded with "".
        scores: [k] floats.
        table: ``movie_id`` and ``score`` of every movie that may be recommended, best first.
        k: Length of the list.
    """
    own = dict(zip(table["movie_id"], table["score"], strict=True))
    real = [movie for movie in ids if movie]
    assert len(ids) == k
    assert len(set(real)) == len(real) == min(k, table.height)
    best = table["score"].to_numpy()[: len(real)]
    np.testing.assert_allclose([own[movie] for movie in real], best, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(scores[: len(real)], best, rtol=1e-3, atol=1e-4)
