"""What each group counts: chosen on validation, and only for a gain beyond its noise."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_matrix

from tfrs_lab.data import Interactions, Vocabulary
from tfrs_lab.evaluation.monitor import Monitor
from tfrs_lab.models.closed_form.neighbours import NeighbourTable
from tfrs_lab.models.retrieval.blend import PRIOR, Blend, Groups, choose_blend, choose_weights
from tfrs_lab.models.retrieval.combine import Part, sum_of
from tfrs_lab.models.retrieval.query_tower import QueryTower

USERS, MOVIES = 300, 40


def names(prefix, number):
    return [f"{prefix}{place:03}" for place in range(number)]


@pytest.fixture(scope="module")
def rows():
    """Each user knows the movie with its own number, modulo their number, and then the next one."""
    user = np.repeat(np.arange(USERS, dtype=np.int32), 2)
    movie = ((user + np.tile([0, 1], USERS)) % MOVIES).astype(np.int32)
    users, movies = Vocabulary(names("u", USERS)), Vocabulary(names("m", MOVIES))
    return Interactions(users, movies, user, movie, timestamp=np.tile([1, 2], USERS))


def part(scores):
    """With these scores of all users and movies."""
    tower = QueryTower.mean_of(np.eye(MOVIES, dtype=np.float32))
    return Part(scores.astype(np.float32), np.eye(MOVIES, dtype=np.float32), tower).standardised()


def table(random):
    weights = random.random((MOVIES, MOVIES)) * (random.random((MOVIES, MOVIES)) < 0.2)
    return NeighbourTable(csr_matrix(weights.astype(np.float32)), latest=2, decay=0.5)


@pytest.fixture(scope="module")
def random_scores():
    random = np.random.default_rng(0)
    return [random.normal(size=(USERS, MOVIES)) for _ in range(4)]


def wanting(rows, scores):
    """Validation in which each user wants the two best unseen movies by these scores."""
    scores = np.where(rows.matrix.toarray() > 0, -np.inf, scores)
    best = np.argsort(-scores, axis=1)[:, :2]
    wanted = {"user_id": np.repeat(rows.users.ids, 2), "movie_id": np.array(rows.movies.ids)[best.ravel()]}
    seen = {"user_id": rows.users.decode(rows.user), "movie_id": rows.movies.decode(rows.movie)}
    return Monitor(pl.DataFrame(wanted), pl.DataFrame(seen))


def test_a_complement_is_found_and_noise_is_not(rows, random_scores):
    taste, order, noise, _ = random_scores
    groups = Groups({"taste": part(taste), "sequence": part(order), "trend": part(noise)})
    monitor = wanting(rows, taste + 0.5 * order)
    weights = choose_weights(groups, rows, monitor)
    assert weights["taste"] == 1
    assert weights["sequence"] in (0.3, 0.5, 0.7)
    assert weights["trend"] == 0
    alone = groups.weighted({"taste": 1.0}, rows, None)
    assert monitor(groups.weighted(weights, rows, None)) > monitor(alone) + 0.1


def test_neighbours_that_complete_taste_are_found(rows, random_scores):
    transitions = table(np.random.default_rng(1))
    groups = Groups.of(rows, {"linear": part(random_scores[0])}, transitions, None)
    added = groups.weighted({"transitions": 0.5}, rows, None).score(np.arange(USERS))
    weights = choose_weights(groups, rows, wanting(rows, scores_of(groups.dense["taste"]) + added))
    assert weights["taste"] == 1
    assert weights["transitions"] in (0.3, 0.5, 0.7)


def test_noise_beside_taste_counts_next_to_nothing_and_costs_as_much(rows):
    """Of so many weights tried, one of noise may well seem better; it is small then."""
    random = np.random.default_rng(3)
    taste, noise, more, chance, other = (random.normal(size=(USERS, MOVIES)) for _ in range(5))
    groups = Groups({"taste": part(taste), "sequence": part(noise), "trend": part(more)}, table(random))
    weights = choose_weights(groups, rows, wanting(rows, taste + chance))
    assert weights.pop("taste") == 1
    assert max(weights.values()) <= 0.1
    fresh = wanting(rows, taste + other)
    alone, found = (groups.weighted({"taste": 1.0, **more}, rows, None) for more in ({}, weights))
    assert fresh(found) > 0.99 * fresh(alone)


def test_where_taste_is_best_the_others_begin_with_nothing(rows, random_scores):
    """What says nothing keeps what it begins with, since nothing is gained by another weight."""
    silent = part(np.zeros((USERS, MOVIES)))
    groups = Groups({"taste": part(random_scores[0]), "sequence": silent, "trend": silent})
    weights = choose_weights(groups, rows, wanting(rows, random_scores[0]))
    assert weights == {"taste": 1.0, "sequence": 0.0, "trend": 0.0}


@pytest.mark.parametrize("best", ["sequence", "transitions"])
def test_where_order_is_best_the_others_begin_with_a_little(rows, random_scores, best):
    silent, transitions = part(np.zeros((USERS, MOVIES))), table(np.random.default_rng(1))
    dense = {"taste": silent} | ({"sequence": part(random_scores[0])} if best == "sequence" else {})
    groups = Groups.of(rows, {}, None if best == "sequence" else transitions, None)
    groups = replace(groups, dense=dense)
    monitor = wanting(rows, groups.weighted({best: 1.0}, rows, None).score(np.arange(USERS)))
    assert choose_weights(groups, rows, monitor) == {"taste": PRIOR, best: 1.0}


def scores_of(one):
    return one.queries @ one.candidates.T


@pytest.fixture(scope="module")
def groups(rows, random_scores):
    """All of them; what is rising among unknown users goes by the number."""
    random = np.random.default_rng(2)
    parts = {name: part(scores) for name, scores in zip(("id", "linear", "sequence"), random_scores, strict=False)}
    trends = (random.normal(size=MOVIES).astype(np.float32), np.arange(MOVIES, dtype=np.float32))
    return Groups.of(rows, parts, table(random), trends)


def test_parts_that_learn_taste_are_one_group_and_all_have_one_scale(groups, rows, random_scores):
    assert groups.names == ["taste", "sequence", "trend", "transitions"]
    taste = sum_of([part(random_scores[0]), part(random_scores[1])]).standardised()
    np.testing.assert_allclose(scores_of(groups.dense["taste"]), scores_of(taste), atol=1e-5)
    everybody = np.arange(USERS, dtype=np.int32)
    for name in ("taste", "sequence", "transitions"):
        scores = groups.weighted({name: 1.0}, rows, None).score(everybody)
        assert scores.std() == pytest.approx(1, abs=0.01)


def test_a_table_without_entries_is_no_group(rows):
    nothing = NeighbourTable(csr_matrix((MOVIES, MOVIES), dtype=np.float32), 2, 0.5)
    assert Groups.of(rows, {}, nothing, None).names == []


def test_a_blend_is_the_weighted_sum_of_its_groups(groups, rows):
    blend = Blend({"taste": 1.0, "sequence": 0.5, "trend": 0.0, "transitions": 2.0}, None)
    model = blend.recommender(groups, rows)
    dense = scores_of(groups.dense["taste"]) + 0.5 * scores_of(groups.dense["sequence"])
    np.testing.assert_allclose(model.queries @ model.candidates.T, dense, atol=1e-4)
    added = 2 * groups.table.scores(model.recent).toarray()
    np.testing.assert_allclose(model.score(np.arange(USERS)), dense + added, atol=1e-4)
    assert Blend.from_plan(blend.to_plan()) == blend
    assert replace(blend, dimension=4).recommender(groups, rows).queries.shape == (USERS, 4)


def test_a_blend_without_neighbours_stores_none(groups, rows):
    model = Blend({"taste": 1.0, "transitions": 0.0}, 8).recommender(groups, rows)
    assert (model.neighbours, model.recent) == (None, None)


def test_neighbours_alone_are_a_blend(groups, rows):
    model = Blend({"transitions": 1.0}, 8).recommender(groups, rows)
    added = groups.table.scores(model.recent).toarray()
    np.testing.assert_allclose(model.score(np.arange(USERS)), added, atol=1e-6)


def chosen(groups, rows, monkeypatch, worth):
    """What is chosen where validation says that a blend is worth ``worth(blend)``."""
    monkeypatch.setattr(Blend, "recommender", lambda blend, *arguments: blend)
    monkeypatch.setattr(Monitor, "__call__", lambda monitor, blend: np.mean(worth(blend)))
    monkeypatch.setattr(Monitor, "per_user", lambda monitor, blend: worth(blend) + np.zeros(100))
    monkeypatch.setattr("tfrs_lab.models.retrieval.blend.choose_weights", lambda *arguments: {"taste": 1.0})
    return choose_blend(groups, rows, 16, Monitor(pl.DataFrame(), pl.DataFrame()))


def test_new_users_get_the_trend_for_any_gain_and_popularity_at_a_tie(groups, rows, monkeypatch):
    assert chosen(groups, rows, monkeypatch, lambda blend: 1.0).new_users == "popularity"
    slightly = chosen(groups, rows, monkeypatch, lambda blend: 1 + 1e-4 * (blend.new_users == "trend"))
    assert slightly.new_users == "trend"


def test_what_new_users_get(groups, rows):
    for new_users, wanted in (("popularity", rows.movie_counts), ("trend", np.arange(MOVIES))):
        model = Blend({"taste": 1.0}, 8, new_users).recommender(groups, rows)
        np.testing.assert_array_equal(model.score(np.array([-1]))[0], wanted)


@pytest.mark.parametrize("best", [64, 32, 16, 8, 4])
def test_the_length_that_validates_best_is_taken(groups, rows, monkeypatch, best):
    assert chosen(groups, rows, monkeypatch, lambda blend: float(blend.dimension == best)).dimension == best


def test_more_numbers_must_be_better_by_more_than_a_standard_error(groups, rows, monkeypatch):
    noise = np.resize([2.1, -1.9], 100)  # a gain of .1
    assert chosen(groups, rows, monkeypatch, lambda blend: noise * (blend.dimension == 32)).dimension == 16
    assert chosen(groups, rows, monkeypatch, lambda blend: (noise + 0.2) * (blend.dimension == 32)).dimension == 32


def test_without_validation_time_and_order_stay_out_beside_taste(groups, rows):
    assert choose_blend(groups, rows, 16, None) == Blend({"taste": 1.0}, 16)
    without = replace(groups, dense={name: groups.dense[name] for name in ("sequence", "trend")})
    assert choose_blend(without, rows, 16, None) == Blend({"sequence": 1.0}, 16)
    timed = replace(groups, dense={"trend": groups.dense["trend"]})
    assert choose_blend(timed, rows, 16, None) == Blend({"trend": 1.0, "transitions": 1.0}, 16)
