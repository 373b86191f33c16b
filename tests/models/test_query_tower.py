"""The query tower: from histories to the queries that the trained parts would have given."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tests.models.timed_rows import in_time
from tfrs_lab.data import Interactions, generate
from tfrs_lab.models.baselines.ials import IALSConfig, fit_ials
from tfrs_lab.models.multitask.config import JointConfig
from tfrs_lab.models.registry import specification
from tfrs_lab.models.retrieval.blend import Blend
from tfrs_lab.models.retrieval.combine import Part, sum_of
from tfrs_lab.models.retrieval.config import RetrievalConfig
from tfrs_lab.models.retrieval.part_towers import tower_of
from tfrs_lab.models.retrieval.query_tower import Bag, LeastSquares, QueryTower, in_order, side_by_side
from tfrs_lab.models.retrieval.recommender import FactorRecommender
from tfrs_lab.models.specification import FitContext

TASTE = ("history", "reconstruction", "linear", "ials")


@pytest.fixture(scope="module")
def rows():
    return Interactions.from_ratings(generate(60, 50, 1500, tastes=4, noise=0.1, seed=2).ratings)


def fitted(rows, directory, parts):
    """A retrieval model of few epochs whose groups count alike, the lengths of whose vectors are short."""
    config = RetrievalConfig(parts=parts, dimension=24)
    trained = [name for name in parts if name in ("id", "history", "reconstruction", "sequence")]
    few = {name: replace(getattr(config, name), dimension=12, epochs=3) for name in trained}
    blend = Blend(dict.fromkeys(("taste", "sequence", "transitions", "trend"), 1.0), 24, "trend")
    plan = {"epochs": dict.fromkeys(trained, 3), "regularization": 20.0, **blend.to_plan()}
    context = FitContext(0, directory, directory, plan=plan)
    return specification("retrieval").fit(replace(config, **few), rows, context).recommender


@pytest.fixture(scope="module")
def models(rows, tmp_path_factory):
    return {
        parts: fitted(rows, tmp_path_factory.mktemp("fit"), parts)
        for parts in (TASTE, (*TASTE, "trend"), (*TASTE, "sequence", "transitions", "trend"))
    }


def close(found, wanted, least=2e-4):
    np.testing.assert_allclose(found, wanted, atol=least * np.abs(wanted).max())


def test_for_training_histories_it_says_what_the_trained_parts_said(models, rows):
    for model in models.values():
        close(model.tower.queries(in_time(rows)), model.queries)
        close(model.score_history(in_time(rows)), model.score(np.arange(len(rows.users))), 1e-3)


def test_a_grown_history_changes_the_answer(models, rows):
    history = in_time(rows).tolil()
    new = int(np.flatnonzero(history[0].toarray()[0] == 0)[0])
    history[0, new] = 1000.0
    for model in models.values():
        assert np.abs(model.tower.queries(csr_matrix(history))[0] - model.queries[0]).max() > 1e-2


def test_order_counts_where_a_part_goes_by_it(models, rows):
    known = in_time(rows)
    backwards = known.copy()
    backwards.data = known.data.max() + 1 - known.data
    for parts, model in models.items():
        moved = np.abs(model.score_history(known) - model.score_history(backwards)).max()
        assert (moved > 1e-2) == ("sequence" in parts)


def test_it_is_stored_and_restored_with_its_recommender(models, rows):
    history = in_time(rows)
    for model in models.values():
        again = FactorRecommender.from_state(model.state())
        np.testing.assert_array_equal(again.tower.queries(history), model.tower.queries(history))


def test_folding_changes_nothing(rows):
    rng = np.random.default_rng(0)

    def table(*shape):
        return rng.normal(size=shape).astype(np.float32)

    bags = [
        Bag(table(50, 6), mean=True), Bag(table(50, 4), mean=True, halfway=20.0), Bag(table(50, 5), mean=True),
        Bag(table(50, 3), unit=True), Bag(table(50, 2), mean=True, halfway=20.0),
    ]  # fmt: skip
    tower = side_by_side([QueryTower.of(bag) for bag in bags]).turned(table(20, 3))
    folded = tower.folded()
    assert len(folded.bags) == 4
    np.testing.assert_allclose(folded.queries(in_time(rows)), tower.queries(in_time(rows)), rtol=1e-3, atol=1e-4)


def test_a_bag_by_hand():
    table = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 4.0]], np.float32)
    history = csr_matrix(np.array([[1.0, 0, 2.0], [0, 0, 7.0], [0, 0, 0]]))

    def said(**settings):
        return QueryTower.of(Bag(table, **settings)).queries(history)

    np.testing.assert_allclose(said(), [[4, 4], [3, 4], [0, 0]])
    np.testing.assert_allclose(said(mean=True), [[2, 2], [3, 4], [0, 0]])
    np.testing.assert_allclose(said(mean=True, halfway=2.0), [[1, 1], [1, 4 / 3], [0, 0]], rtol=1e-6)
    np.testing.assert_allclose(said(unit=True), [[0.5**0.5, 0.5**0.5], [0.6, 0.8], [0, 0]], rtol=1e-6)
    turn = np.array([[1.0], [1.0]], np.float32)
    np.testing.assert_allclose(said(turn=turn), [[8], [7], [0]])


def test_holes_and_padding_do_not_count():
    tower = QueryTower.of(Bag(np.eye(3, dtype=np.float32), mean=True))
    found = tower.module(np.array([[0, -1, -1, 2, -1], [-1, -1, 0, 2, -1]], np.int32)).numpy()
    np.testing.assert_allclose(found, [[0.5, 0, 0.5]] * 2)


def test_histories_in_order():
    movies, known = in_order(csr_matrix(np.array([[3.0, 1.0, 2.0], [1.0, 0, 1.0], [0, 5.0, 0], [0, 0, 0]])))
    assert movies.tolist() == [[1, 2, 0], [0, 2, -1], [1, -1, -1], [-1, -1, -1]]
    assert known.tolist() == [True, False, True, True]


def test_parts_that_are_no_function_of_the_history_are_regressed_on_it(rows, tmp_path):
    model = fitted(rows, tmp_path, ("id", "trend"))
    found = model.score_history(rows.matrix)
    alike = [np.corrcoef(one, other)[0, 1] for one, other in zip(found, model.score(np.arange(60)), strict=True)]
    assert np.mean(alike) > 0.7


def test_the_tower_of_the_multitask_network(rows, tmp_path):
    from tfrs_lab.models.multitask.model import build_joint
    from tfrs_lab.models.training.data import TrainingData

    features = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    data = TrainingData(rows, np.zeros((60, 0), np.float32), features)
    for tasks in (("retrieval", "rating"), ("content",)):
        model = build_joint(replace(JointConfig(), tasks=tasks), data, 0)
        close(tower_of(model).queries(rows.matrix), model.vectors()[0])


def test_a_sum_of_parts_has_the_sum_of_their_towers(rows):
    rng = np.random.default_rng(1)
    tables = [rng.normal(size=(50, 4)).astype(np.float32) for _ in range(2)]
    parts = [Part(rows.matrix @ table, table, QueryTower.of(Bag(table))).standardised() for table in tables]
    together = sum_of([parts[0], parts[1].times(0.5)])
    close(together.tower.queries(rows.matrix), together.queries)
    short = together.shortened(3)
    close(short.tower.queries(rows.matrix), short.queries)


def test_least_squares_folds_in_like_matrix_factorisation(rows):
    model = fit_ials(rows, IALSConfig(factors=6), seed=0, now=None)
    turn = np.random.default_rng(0).standard_normal((6, 9)).astype(np.float32)
    movies = model.movie_factors
    tower = QueryTower.of(LeastSquares(movies, turn, model.alpha, model.regularization, movies.T @ movies))
    history = in_time(rows)[:20]
    wanted = model.score_history(history)
    scores = tower.queries(history) @ np.linalg.pinv(turn) @ movies.T
    close(scores, wanted)
    stored = QueryTower.from_state(tower.state())
    np.testing.assert_array_equal(stored.queries(history), tower.queries(history))
    assert not tower.queries(csr_matrix((1, len(rows.movies)))).any()
