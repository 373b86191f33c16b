"""A planted order of the first movies, against plain numpy; with brute force and with ScaNN."""

import numpy as np
import pytest

from tests.serving.conftest import MOVIES, USERS, events, make_servable, module_of
from tfrs_lab.serving.backend import tf
from tfrs_lab.serving.reranking import StoredOrder

KINDS = ("brute-force", "scann")
DEPTH = 8


@pytest.fixture(scope="module")
def planted():
    """Users' eight best unseen movies stand in the reverse order; user 3 has but two, user 19 is not known here."""
    servable = make_servable()
    products = servable.queries[: USERS - 1] @ servable.candidates.T
    mean, deviation = products.mean(axis=1), products.std(axis=1)
    final = (products - mean[:, None]) / deviation[:, None]
    lists = np.full((USERS - 1, DEPTH), -1, np.int32)
    for user in range(USERS - 1):
        unseen = np.setdiff1d(np.arange(MOVIES), seen_by(servable, user))
        best = unseen[np.argsort(-products[user, unseen])][: 2 if user == 3 else DEPTH]
        lists[user, : len(best)] = best
    stored = np.where(lists >= 0, 10 + np.arange(DEPTH), 99).astype(np.float32)
    for user, row in enumerate(lists):
        final[user, row[row >= 0]] = stored[user, row >= 0]
    final = np.vstack([final, servable.queries[-1:] @ servable.candidates.T])
    return make_servable(reranker=StoredOrder(lists, stored, mean, deviation)), final


@pytest.fixture(scope="module")
def modules(planted):
    return {kind: module_of(planted[0], kind) for kind in KINDS}


def seen_by(servable, user):
    values, starts = servable.seen
    return values[starts[user] : starts[user + 1]]


def rows_of(answer):
    return [[int(movie[1:]) if movie else -1 for movie in row] for row in answer["movie_id"].numpy().astype(str)]


def best_of(final, gone, k):
    """The k best rows by final scores [movies], without those that are gone."""
    scores = final.copy()
    scores[list(gone)] = -np.inf
    order = np.argsort(-scores, kind="stable")[:k]
    return [int(row) if np.isfinite(scores[row]) else -1 for row in order]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("k", [1, 5, DEPTH, 30, MOVIES])
def test_a_list_is_cut_after_it_is_ranked(planted, modules, kind, k):
    servable, final = planted
    asked = tf.constant([*servable.user_ids, "stranger"])
    answer = modules[kind].recommend(asked, tf.constant([["m03"]] * (USERS + 1)), tf.constant(k))
    for user, row in enumerate(rows_of(answer)[:USERS]):
        assert row == best_of(final[user], {3, *seen_by(servable, user)}, k)
    retriever = module_of(make_servable(), kind)
    plain = retriever.recommend(asked, tf.constant([["m03"]] * (USERS + 1)), tf.constant(k))
    assert rows_of(answer)[-2:] == rows_of(plain)[-2:]
    np.testing.assert_allclose(answer["score"][-2:], plain["score"][-2:], rtol=1e-5)
    scores = answer["score"].numpy()
    assert (scores[:, :-1] >= scores[:, 1:]).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("include_seen", [False, True])
def test_filters_come_before_and_seen_movies_do_not_crowd_out_the_list(planted, modules, kind, include_seen):
    servable, final = planted
    nothing, wanted = tf.fill([USERS, 1], ""), tf.fill([USERS, 1], "A")
    for genres, of_genre in ((nothing, np.ones(MOVIES, bool)), (wanted, servable.genres[:, 0])):
        answer = modules[kind].recommend_filtered(
            tf.constant(servable.user_ids.tolist()), nothing, genres, tf.zeros(USERS, tf.int32),
            tf.zeros(USERS, tf.int32), tf.constant(0.0), tf.constant(include_seen), tf.constant(4),
        )  # fmt: skip
        for user, row in enumerate(rows_of(answer)):
            gone = np.flatnonzero(~of_genre).tolist() + ([] if include_seen else seen_by(servable, user).tolist())
            assert row == best_of(final[user], gone, 4)


def test_diverse_lists_are_chosen_from_what_is_ranked(planted, modules):
    servable, final = planted
    nothing, anytime = tf.constant([[""]]), tf.constant([0])
    wish, fresh = tf.constant(0.3), tf.constant(False)
    asked = (tf.constant(["u7"]), nothing, nothing, anytime, anytime, wish, fresh, tf.constant(1))
    answer = modules["brute-force"].recommend_filtered(*asked)
    assert rows_of(answer) == [best_of(final[7], seen_by(servable, 7), 1)]


def test_rank_gives_the_score_of_the_list(planted, modules):
    servable, final = planted
    ids = servable.movie_ids.tolist()
    answer = modules["scann"].rank(tf.constant(servable.user_ids.tolist()), tf.constant([[*ids, "no"]] * USERS))
    np.testing.assert_allclose(answer["score"][:, :-1], final, rtol=1e-4, atol=1e-4)
    assert np.isneginf(answer["score"][:, -1]).all()


def test_histories_are_answered_by_the_retriever(modules):
    asked = *events([["m05", "m07"]]), tf.constant(9)
    retriever = module_of(make_servable())
    plain = rows_of(retriever.recommend_for_history(*asked))
    assert rows_of(modules["brute-force"].recommend_for_history(*asked)) == plain


def test_removed_movies_stay_out(planted):
    servable, final = planted
    best = best_of(final[5], seen_by(servable, 5), 3)
    listed = np.ones(MOVIES, bool)
    listed[best[0]] = False
    module = module_of(make_servable(reranker=servable.reranker, listed=listed))
    answer = module.recommend(tf.constant(["u5"]), tf.constant([[""]]), tf.constant(2))
    assert rows_of(answer) == [best[1:]]
