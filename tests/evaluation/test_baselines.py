"""Baselines: planted structure, closed forms, unknown users, a round trip through .npz."""

from __future__ import annotations

import builtins
import dataclasses
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_matrix

from tfrs_lab.data.errors import DataError
from tfrs_lab.data.interactions import Interactions, Vocabulary
from tfrs_lab.evaluation import Recommender, evaluate
from tfrs_lab.models.baselines import (
    BASELINES,
    ContentKNNConfig,
    EaseConfig,
    FactorModel,
    IALSConfig,
    IALSRidgeConfig,
    ItemKNNConfig,
    LightFMConfig,
    MovieTable,
    RandomConfig,
    RecencyConfig,
    UserRidgeConfig,
)

LEARNED = ("itemknn", "ease", "ials", "contentknn", "userridge", "ialsridge")
# the defaults suit real data: on 60 users and 20 movies they would shrink everything to nothing
SMALL: dict[str, Any] = {
    "itemknn": ItemKNNConfig(neighbours=20, shrink=1.0),
    "ease": EaseConfig(regularization=5.0),
    "ials": IALSConfig(factors=2, regularization=1.0),
    "contentknn": ContentKNNConfig(neighbours=20),
    "userridge": UserRidgeConfig(regularization=1.0),
    "ialsridge": IALSRidgeConfig(factors=2, regularization=1.0, ridge=1.0),
}
# each movie's group, as a feature
TABLE = MovieTable(
    Vocabulary([f"m{movie:02}" for movie in range(20)]), np.repeat(np.eye(2, dtype=np.float32), 10, axis=0)
)

INSTALLED = [name for name in BASELINES if name != "lightfm" or importlib.util.find_spec("lightfm")]
names = pytest.mark.parametrize("name", INSTALLED)


@pytest.fixture
def train(planted: Any) -> Interactions:
    return Interactions.from_ratings(pl.concat([planted.train, planted.validation]))


def fit(name: str, interactions: Interactions) -> Any:
    return BASELINES[name].fit(interactions, SMALL.get(name), table=TABLE)


def ndcg(name: str, planted: Any) -> float:
    seen = pl.concat([planted.train, planted.validation])
    model = fit(name, Interactions.from_ratings(seen))
    return evaluate(model, planted.test, seen=seen, ks=(1,), bootstrap=0).metrics["ndcg@1"]


@pytest.mark.parametrize("name", LEARNED)
def test_learned_baselines_find_the_withheld_movie(name: str, planted: Any):
    assert ndcg(name, planted) == 1.0
    assert ndcg("popularity", planted) < 0.3
    assert ndcg("random", planted) < 0.3


@pytest.mark.parametrize("name", LEARNED)
def test_histories_are_scored_like_users(name: str, planted: Any, train: Interactions):
    model = fit(name, train)
    seen = train.matrix.toarray() > 0
    by_user, by_history = model.score(np.arange(len(train.users))), model.score_history(train.matrix)
    best = [np.where(seen, -np.inf, scores).argmax(axis=1) for scores in (by_user, by_history)]
    np.testing.assert_array_equal(*best)


@pytest.mark.parametrize("name", LEARNED)
def test_movies_of_one_group_are_alike(name: str, train: Interactions):
    similarity = fit(name, train).similarity(np.arange(20, dtype=np.int32))
    assert similarity.shape == (20, 20)
    np.fill_diagonal(similarity, np.nan)
    group = np.arange(20) < 10
    within, across = similarity[:10, group], similarity[:10, ~group]
    assert np.nanmean(within) > np.nanmean(across) + 0.05


@names
def test_shapes_and_unknown_users(name: str, train: Interactions):
    model = fit(name, train)
    assert isinstance(model, Recommender)
    users = np.array([3, -1, 0, -1], dtype=np.int32)
    scores = model.score(users)
    assert scores.shape == (4, 20)
    assert scores.dtype == np.float32
    np.testing.assert_array_equal(scores[1], model.popularity)
    np.testing.assert_array_equal(scores[1], scores[3])
    np.testing.assert_array_equal(model.score(users[::-1]), scores[::-1])
    empty = model.score_history(csr_matrix((2, 20)))
    np.testing.assert_array_equal(empty, scores[[1, 1]])
    histories = model.score_history(train.matrix[:3])
    assert (histories.shape, histories.dtype) == ((3, 20), np.float32)
    assert model.similarity(np.array([2, 5])).shape == (2, 20)
    assert model.score(np.zeros(0, dtype=np.int32)).shape == (0, 20)


@names
def test_round_trip_without_pickle(name: str, train: Interactions, tmp_path: Path):
    model = fit(name, train)
    np.savez(tmp_path / "model.npz", **model.state())
    with np.load(tmp_path / "model.npz", allow_pickle=False) as stored:
        restored = BASELINES[name].restore(dict(stored))
    users = np.array([0, 7, -1])
    np.testing.assert_array_equal(restored.score(users), model.score(users))
    np.testing.assert_array_equal(restored.score_history(train.matrix[:5]), model.score_history(train.matrix[:5]))
    in_order = train.matrix[:5].copy()
    in_order.data = np.arange(1, in_order.nnz + 1)
    np.testing.assert_array_equal(model.score_history(in_order), model.score_history(train.matrix[:5]))
    np.testing.assert_array_equal(restored.similarity(users[:2]), model.similarity(users[:2]))
    assert (restored.users.ids, restored.movies.ids) == (model.users.ids, model.movies.ids)


@names
def test_same_data_same_scores(name: str, train: Interactions):
    users = np.arange(-1, 10)
    np.testing.assert_array_equal(fit(name, train).score(users), fit(name, train).score(users))


@names
def test_refuses_an_empty_table(name: str, planted: Any):
    with pytest.raises(DataError, match="no rows"):
        fit(name, Interactions.from_ratings(planted.train.clear()))


NEW = MovieTable(Vocabulary.from_ids([*TABLE.movies.ids, "new"]), np.vstack([TABLE.features, [[0.0, 1.0]]]))


@pytest.mark.skipif("lightfm" not in INSTALLED, reason="lightfm is not installed")
def test_lightfm_gives_a_new_movie_to_those_who_like_its_kind(train: Interactions):
    scores = BASELINES["lightfm"].fit(train, table=NEW).score(np.arange(60))[:, -1].reshape(30, 2)
    assert scores[:, 1].min() > scores[:, 0].max()


@pytest.mark.parametrize("name", ["contentknn", "userridge", "ialsridge"])
def test_a_movie_without_ratings_goes_to_those_who_like_its_kind(name: str, train: Interactions):
    model = BASELINES[name].fit(train, SMALL[name], table=NEW)
    assert model.movies.ids[-1] == "new"
    scores = model.score(np.arange(60))[:, -1].reshape(30, 2)  # users of both groups take turns
    assert scores[:, 1].min() > scores[:, 0].max()
    folded = model.score_history(csr_matrix(np.eye(21, dtype=np.float32)[[3, 15]]))[:, -1]
    assert folded[1] > folded[0]
    with pytest.raises(DataError, match="expected movies with features"):
        BASELINES[name].fit(train, SMALL[name])


def test_user_ridge_equals_its_definition(train: Interactions):
    features = np.hstack([TABLE.features, np.ones((20, 1))])
    rows = train.matrix.toarray() - train.matrix.mean()
    weights = rows @ features @ np.linalg.inv(features.T @ features + np.eye(3))
    model = fit("userridge", train)
    np.testing.assert_allclose(model.score(np.arange(60)), weights @ features.T, atol=1e-5)
    np.testing.assert_allclose(model.score_history(train.matrix), weights @ features.T, atol=1e-5)


def test_content_knn_keeps_the_nearest_neighbours():
    table = MovieTable(Vocabulary(["a", "b", "c"]), np.array([[1, 0], [1, 1], [3, 1]], dtype=np.float32))
    known = rows(("u", "a", 0), ("v", "b", 0))
    model = BASELINES["contentknn"].fit(known, ContentKNNConfig(neighbours=1), table=table)
    half = 1 / np.sqrt(2)
    expected = [[0, half, 3 / np.sqrt(10)], [half, 0, 0]]  # c is more like a than like b
    np.testing.assert_allclose(model.weights.toarray()[:2], expected, rtol=1e-6)


def test_seeds_matter(train: Interactions):
    for name, config in (("random", RandomConfig), ("ials", IALSConfig)):
        first, second = (BASELINES[name].fit(train, config(), seed=seed).score(np.arange(5)) for seed in (0, 1))
        assert not np.array_equal(first, second)


def test_popularity_counts(train: Interactions):
    scores = fit("popularity", train).popularity
    np.testing.assert_allclose(scores * train.movie_counts.max(), train.movie_counts, rtol=1e-6)


def rows(*triples: tuple[str, str, int]) -> Interactions:
    schema = {"user_id": pl.String, "movie_id": pl.String, "timestamp": pl.Int64}
    return Interactions.from_ratings(pl.DataFrame(list(triples), schema=schema, orient="row"))


DAY = 86_400


def test_recency_decays_by_half_each_half_life():
    table = rows(("u", "a", 0), ("u", "b", 6 * DAY), ("v", "b", 3 * DAY), ("v", "c", 0), ("w", "c", 0))
    scores = BASELINES["recency"].fit(table, RecencyConfig(half_life_days=3)).popularity
    np.testing.assert_allclose(2.0**scores, [0.25, 1.5, 0.5], rtol=1e-6)


def test_recency_keeps_the_order_of_decades_and_knows_nothing_later_than_now():
    table = rows(("u", "a", 0), ("v", "b", DAY), ("u", "c", 20_000 * DAY))
    scores = BASELINES["recency"].fit(table).popularity
    assert scores[0] < scores[1] < scores[2]
    before = BASELINES["recency"].fit(table, now=DAY).popularity
    assert before[2] < before[0] < before[1]
    with pytest.raises(DataError, match="later"):
        BASELINES["recency"].fit(table, now=-1)
    with pytest.raises(DataError, match="needs timestamps"):
        BASELINES["recency"].fit(dataclasses.replace(table, timestamp=None))


def test_ease_equals_its_closed_form(train: Interactions):
    x = train.matrix.toarray().astype(np.float64)
    p = np.linalg.inv(x.T @ x + 5.0 * np.eye(20))
    expected = -p / np.diag(p)
    np.fill_diagonal(expected, 0.0)
    model = fit("ease", train)
    np.testing.assert_allclose(model.weights, expected, atol=1e-6)
    np.testing.assert_allclose(model.score(np.arange(60)), x @ expected, atol=1e-5)


def test_ease_refuses_what_does_not_fit_into_memory(train: Interactions):
    with pytest.raises(DataError, match=r"EASE of 20 movies takes about .* memory_gb is 1e-06;"):
        BASELINES["ease"].fit(train, EaseConfig(memory_gb=1e-6))


def test_large_catalogues_are_explained_by_near_movies_and_say_so(train: Interactions):
    exact = BASELINES["ease"].fit(train, EaseConfig(regularization=5.0))
    near = BASELINES["ease"].fit(train, EaseConfig(regularization=5.0, max_exact=19, neighbours=19))
    assert not exact.notes
    assert near.notes[0].startswith("each movie is explained by its 19 nearest; all would take")
    assert isinstance(near.weights, csr_matrix)
    np.testing.assert_allclose(near.weights.toarray(), exact.weights, atol=0.05)  # movies without common raters are far
    few = BASELINES["ease"].fit(train, EaseConfig(regularization=5.0, max_exact=19, neighbours=2))
    assert few.weights.nnz <= 2 * 20


def test_ease_is_exact_where_users_are_few(train: Interactions):
    few = train.take(np.flatnonzero(train.user < 15))
    assert len(few.users) < len(few.movies)
    x = few.matrix.toarray().astype(np.float64)
    p = np.linalg.inv(x.T @ x + 5.0 * np.eye(x.shape[1]))
    expected = -p / np.diag(p)
    np.fill_diagonal(expected, 0.0)
    model = BASELINES["ease"].fit(few, EaseConfig(regularization=5.0, max_exact=15))
    np.testing.assert_allclose(model.weights, expected, atol=1e-5)


@pytest.mark.parametrize(("name", "config"), [("ease", EaseConfig(5.0)), ("itemknn", ItemKNNConfig(4, 1.0))])
def test_fits_that_share_counts_are_the_same(name: str, config: Any, train: Interactions):
    baseline = BASELINES[name]
    assert baseline.prepare is not None
    shared = baseline.prepare(train)
    for _ in range(2):
        found = baseline.fit(train, config, shared=shared).score(np.arange(60))
        np.testing.assert_array_equal(found, baseline.fit(train, config).score(np.arange(60)))


def test_itemknn_by_blocks_is_the_same(train: Interactions, monkeypatch: pytest.MonkeyPatch):
    expected = BASELINES["itemknn"].fit(train, ItemKNNConfig(4, 1.0)).weights
    monkeypatch.setattr("tfrs_lab.models.baselines.itemknn._PRODUCTS_AT_ONCE", 50)
    monkeypatch.setattr("tfrs_lab.models.baselines.itemknn._PRODUCTS_KEPT", 0)
    found = BASELINES["itemknn"].fit(train, ItemKNNConfig(4, 1.0)).weights
    np.testing.assert_array_equal(found.toarray(), expected.toarray())


def test_itemknn_equals_its_definition(train: Interactions):
    x = train.matrix.toarray().astype(np.float64)
    norms = np.sqrt(x.sum(axis=0))
    similarity = x.T @ x / (np.outer(norms, norms) + 1.0)
    np.fill_diagonal(similarity, 0.0)
    for movie in range(20):
        order = np.argsort(-similarity[:, movie], kind="stable")
        similarity[order[4:], movie] = 0.0
    model = BASELINES["itemknn"].fit(train, ItemKNNConfig(neighbours=4, shrink=1.0))
    np.testing.assert_allclose(model.weights.toarray(), similarity, atol=1e-6)
    assert model.weights.nnz <= 4 * 20


def test_ials_folds_in_the_minimum_of_its_objective(train: Interactions):
    model = fit("ials", train)
    assert isinstance(model, FactorModel)
    history = train.matrix[4].toarray().ravel()
    y, alpha, regularization = model.movie_factors.astype(np.float64), model.alpha, model.regularization

    def objective(user: np.ndarray) -> float:
        confidence = np.where(history > 0, alpha, 1.0)
        return float(confidence @ (history - y @ user) ** 2 + regularization * user @ user)

    folded = np.linalg.lstsq(y, model.score_history(train.matrix[4])[0].astype(np.float64), rcond=None)[0]
    for step in np.concatenate([np.eye(2), -np.eye(2)]):
        assert objective(folded) <= objective(folded + 1e-3 * step)


def test_ials_does_not_depend_on_threads(train: Interactions, monkeypatch: pytest.MonkeyPatch):
    import implicit.als

    one_thread = implicit.als.AlternatingLeastSquares
    expected = fit("ials", train).score(np.arange(60))
    monkeypatch.setattr(implicit.als, "AlternatingLeastSquares", lambda **kw: one_thread(num_threads=1, **kw))
    np.testing.assert_array_equal(fit("ials", train).score(np.arange(60)), expected)


def test_missing_implicit_says_what_to_install(train: Interactions, monkeypatch: pytest.MonkeyPatch):
    original: Callable[..., Any] = builtins.__import__

    def without_implicit(name: str, *rest: Any, **kw: Any) -> Any:
        if name.startswith("implicit"):
            raise ImportError(f"No module named {name!r}")
        return original(name, *rest, **kw)

    monkeypatch.setattr(builtins, "__import__", without_implicit)
    with pytest.raises(ImportError, match=r"pip install 'tfrs-lab\[baselines\]'"):
        fit("ials", train)


@pytest.mark.parametrize(
    ("config", "field", "value"),
    [
        (EaseConfig, "regularization", 0.0),
        (EaseConfig, "regularization", float("nan")),
        (EaseConfig, "max_exact", -1),
        (ItemKNNConfig, "neighbours", 0),
        (ItemKNNConfig, "shrink", -1.0),
        (RecencyConfig, "half_life_days", 0.0),
        (IALSConfig, "factors", 0),
        (IALSConfig, "alpha", 0.0),
        (IALSConfig, "iterations", 0),
        (IALSConfig, "regularization", -1.0),
        (ContentKNNConfig, "neighbours", 0),
        (UserRidgeConfig, "regularization", 0.0),
        (IALSRidgeConfig, "ridge", 0.0),
        (IALSRidgeConfig, "factors", 0),
        (LightFMConfig, "epochs", 0),
    ],
)
def test_configs_are_validated_and_frozen(config: type, field: str, value: float):
    with pytest.raises(ValueError, match=field):
        config(**{field: value})
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(config(), field, value)


def test_refuses_the_config_of_another_baseline(train: Interactions):
    with pytest.raises(TypeError, match="expected EaseConfig, got IALSConfig"):
        BASELINES["ease"].fit(train, IALSConfig())
