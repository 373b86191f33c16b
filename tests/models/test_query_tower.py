"""The query tower: from histories to the queries that the trained parts would have given."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tfrs_lab.data import Interactions, generate
from tfrs_lab.models.closed_form.recency import fit_recency_part
from tfrs_lab.models.closed_form.recency_config import RecencyConfig, RecencyWeights
from tfrs_lab.models.multitask.config import JointConfig
from tfrs_lab.models.registry import specification
from tfrs_lab.models.retrieval.blend import Blend
from tfrs_lab.models.retrieval.combine import PartSum
from tfrs_lab.models.retrieval.config import RetrievalConfig
from tfrs_lab.models.retrieval.part_towers import recency_tower, tower_of
from tfrs_lab.models.retrieval.query_tower import Bag, QueryTower, in_order, side_by_side
from tfrs_lab.models.retrieval.recommender import FactorRecommender
from tfrs_lab.models.specification import FitContext

PARTS = ("history", "reconstruction", "linear", "recency")


@pytest.fixture(scope="module")
def rows():
    return Interactions.from_ratings(generate(60, 50, 1500, tastes=4, noise=0.1, seed=2).ratings)


def in_time(rows):
    """[users, movies]: the places of the movies in the users' histories."""
    order = np.lexsort((rows.timestamp, rows.user))
    lengths = np.bincount(rows.user)
    place = np.arange(len(order)) - (np.cumsum(lengths) - lengths)[rows.user[order]] + 1
    return csr_matrix((place.astype(np.float32), (rows.user[order], rows.movie[order])), rows.matrix.shape)


def fitted(rows, directory, session, **changed):
    """A retrieval model of few epochs whose session weighs so much, with sessions that go on at any time."""
    config = RetrievalConfig(parts=PARTS, dimension=24)
    few = {name: replace(getattr(config, name), dimension=12, epochs=3) for name in ("history", "reconstruction", "id")}
    config = replace(config, **few, **changed)
    weights = dict.fromkeys(config.parts, 1.0)
    blend = Blend(weights, 24, RecencyWeights(trend=1.0, session=session, now="user"), "trend")
    plan = {"epochs": dict.fromkeys(config.parts, 3), "regularization": 20.0, **blend.to_plan()}
    return specification("retrieval").fit(config, rows, FitContext(0, directory, directory, plan=plan)).recommender


@pytest.fixture(scope="module")
def models(rows, tmp_path_factory):
    return {session: fitted(rows, tmp_path_factory.mktemp("fit"), session) for session in (0.0, 1.0)}


def close(found, wanted, least=2e-4):
    np.testing.assert_allclose(found, wanted, atol=least * np.abs(wanted).max())


@pytest.mark.parametrize("session", [0.0, 1.0])
def test_for_training_histories_it_says_what_the_trained_parts_said(models, rows, session):
    model = models[session]
    close(model.tower.queries(in_time(rows)), model.queries)
    close(model.score_history(in_time(rows)), model.score(np.arange(len(rows.users))), 1e-3)


def test_a_grown_history_changes_the_answer(models, rows):
    history = in_time(rows).tolil()
    new = int(np.flatnonzero(history[0].toarray()[0] == 0)[0])
    history[0, new] = 1000.0
    for model in models.values():
        assert np.abs(model.tower.queries(csr_matrix(history))[0] - model.queries[0]).max() > 1e-2


def test_order_counts_where_a_session_does_and_only_where_it_is_known(models, rows):
    known = in_time(rows)
    shuffled, without = known.copy(), known.copy()
    shuffled.data = known.data.max() + 1 - known.data
    without.data[:] = 1.0
    for session, model in models.items():
        in_order_, backwards, anyhow = (model.tower.queries(each) for each in (known, shuffled, without))
        assert (np.abs(in_order_ - backwards).max() > 1e-2) == (session > 0)
        assert (np.abs(in_order_ - anyhow).max() > 1e-2) == (session > 0)
    left_out = QueryTower(tuple(bag for bag in models[1.0].tower.bags if not bag.needs_order), model.tower.constant)
    np.testing.assert_allclose(anyhow, left_out.queries(known), atol=1e-5)


def test_it_is_stored_and_restored_and_cut_like_its_recommender(models, rows):
    model, history = models[1.0], in_time(rows)
    again = FactorRecommender.from_state(model.state())
    np.testing.assert_array_equal(again.tower.queries(history), model.tower.queries(history))
    some = np.arange(0, 50, 2)
    emptied = history.toarray()
    emptied[:, 1::2] = 0
    np.testing.assert_allclose(
        model.among(some).score_history(history[:, some]),
        model.score_history(csr_matrix(emptied))[:, some],
        atol=1e-4,
    )


def test_folding_changes_nothing(rows):
    rng = np.random.default_rng(0)

    def table(*shape):
        return rng.normal(size=shape).astype(np.float32)

    bags = [
        Bag(table(50, 6), mean=True), Bag(table(50, 4), mean=True, halfway=20.0), Bag(table(50, 5), mean=True),
        Bag(table(50, 3), latest=4, decay=0.5, unit=True, spread=table(3, 3)), Bag(table(50, 2), latest=2),
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
    np.testing.assert_allclose(said(latest=1), [[3, 4], [3, 4], [0, 0]])
    np.testing.assert_allclose(said(decay=0.5), [[3.5, 4], [3, 4], [0, 0]])
    np.testing.assert_allclose(said(latest=1, unit=True), [[0.6, 0.8], [0.6, 0.8], [0, 0]], rtol=1e-6)
    turn = np.array([[1.0], [1.0]], np.float32)
    np.testing.assert_allclose(said(turn=turn), [[8], [7], [0]])
    np.testing.assert_allclose(said(unit=True, spread=np.array([[0.0], [0.5]], np.float32)), [[2, 2], [1.5, 2], [0, 0]])


def test_holes_and_padding_do_not_count():
    tower = QueryTower.of(Bag(np.eye(3, dtype=np.float32), latest=2, decay=0.5))
    found = tower.module(np.array([[0, -1, 1, -1, 2, -1], [-1, -1, 0, 1, 2, -1]], np.int32)).numpy()
    np.testing.assert_allclose(found, [[0, 0.5, 1]] * 2)


def test_histories_in_order():
    movies, known = in_order(csr_matrix(np.array([[3.0, 1.0, 2.0], [1.0, 0, 1.0], [0, 5.0, 0], [0, 0, 0]])))
    assert movies.tolist() == [[1, 2, 0], [0, 2, -1], [1, -1, -1], [-1, -1, -1]]
    assert known.tolist() == [True, False, True, True]


def test_parts_that_are_no_function_of_the_history_are_regressed_on_it(rows, tmp_path):
    model = fitted(rows, tmp_path, 0.0, parts=("id", "recency"))
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


def test_a_recency_part_asked_right_after_the_latest_row(rows):
    part = fit_recency_part(RecencyConfig(), rows, 0).weighted(RecencyWeights(trend=2.0, session=0.5, now="user"))
    close(recency_tower(part).queries(in_time(rows)), part.queries)


def test_a_sum_of_parts_has_the_sum_of_their_towers(rows):
    rng = np.random.default_rng(1)
    tables = {name: rng.normal(size=(50, 4)).astype(np.float32) for name in "ab"}
    parts = {name: (rows.matrix @ table, rng.normal(size=(50, 4)).astype(np.float32)) for name, table in tables.items()}
    together = PartSum.of(parts, {name: QueryTower.of(Bag(table)) for name, table in tables.items()})
    queries, _, tower = together.weighted({"a": 1.0, "b": 0.5})
    close(tower.queries(rows.matrix), queries)
