"""Scores to which the latest movies of a history add, against plain numpy; with brute force and with a full ScaNN."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from tests.serving.conftest import MOVIES, USERS, events, filtered, make_servable, module_of, seen_by
from tests.serving.transitions import (
    Transitions,
    assert_best,
    best_of,
    of_history,
    rows_of,
    score,
    stored,
    with_following,
)
from tfrs_lab.experiments.export import servable_check
from tfrs_lab.experiments.export.export import exact_lists, list_recall
from tfrs_lab.serving.backend import tf
from tfrs_lab.serving.diversity import POOL, diversify
from tfrs_lab.serving.export import export
from tfrs_lab.serving.reranking import StoredOrder

KINDS = ("brute-force", "scann")


@pytest.fixture(scope="module")
def servable():
    return with_following()


@pytest.fixture(scope="module")
def modules(servable):
    return {kind: module_of(servable, kind) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("k", [1, 7, 50, MOVIES + 5])
def test_everybody_gets_the_best_by_product_and_by_what_follows(servable, modules, kind, k):
    answer = modules[kind].recommend(
        tf.constant([*servable.user_ids, "stranger"]), tf.constant([["m03", "nonsense"]] * (USERS + 1)), tf.constant(k)
    )
    gone = [[3, *seen_by(servable, user)] for user in range(USERS)] + [[3]]
    assert_best(answer, stored(servable, [*range(USERS), -1]), gone, k)


@pytest.mark.parametrize("kind", KINDS)
def test_strangers_alone_ask_as_before(servable, modules, kind):
    answer = modules[kind].recommend(tf.constant(["who", "what"]), tf.fill([2, 1], ""), tf.constant(5))
    assert_best(answer, stored(servable, [-1, -1]), [[], []], 5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(4))
def test_conditions_hold_for_both_and_short_rows_are_completed(servable, modules, kind, seed):
    random = np.random.default_rng(seed)
    users = random.integers(USERS, size=8)
    genres = random.choice(["", "A", "B", "C"], size=(8, 2))
    first, last = (random.choice([0, *range(1988, 2002)], size=8).astype(np.int32) for _ in range(2))
    exclude = random.choice(servable.movie_ids, size=(8, 4))
    gone = [np.searchsorted(servable.movie_ids, row).tolist() for row in exclude]
    for row in range(8):
        named = [{"A": 0, "B": 1}[name] for name in genres[row] if name in "AB" and name]
        if genres[row].any():
            gone[row] += np.flatnonzero(~servable.genres[:, named].any(axis=1)).tolist()
        if first[row] or last[row]:
            years = servable.years
            gone[row] += np.flatnonzero((years < max(first[row], 1)) | (years > (last[row] or 3000))).tolist()
    for include_seen in (False, True):
        for k in (2, 9):
            answer = filtered(
                modules[kind], [f"u{u}" for u in users], exclude.tolist(), genres.tolist(), first, last, k, include_seen
            )
            seen = [[] if include_seen else seen_by(servable, user) for user in users]
            assert_best(answer, stored(servable, users), [a + b for a, b in zip(gone, seen, strict=True)], k)


@pytest.mark.parametrize("kind", KINDS)
def test_what_follows_does_not_pass_for_what_the_index_missed(kind):
    candidates = np.zeros_like(make_servable().candidates)
    candidates[:, 0] = np.arange(MOVIES, 0, -1)
    queries = np.zeros((USERS, candidates.shape[1]), np.float32)
    queries[:, [0, -1]] = 1
    rows = np.full((MOVIES, 1), MOVIES - 1)  # the worst follows all, and is not the best of its genre for that
    servable = with_following(
        candidates=candidates, queries=queries, following=Transitions(rows, np.full(rows.shape, 0.5)),
        genres=np.repeat([[False, False], [True, False]], MOVIES // 2, axis=0),
    )  # fmt: skip
    user = next(user for user in range(1, USERS) if not {30, MOVIES - 1} & set(seen_by(servable, user)))
    answer = filtered(module_of(servable, kind), [f"u{user}"], [[""]], [["A"]], [0], [0], 1)
    assert rows_of(answer) == [[30]]


@pytest.mark.parametrize("kind", KINDS)
def test_histories(servable, modules, kind):
    history = [["m05", "m07", "m05", "unknown", "m09", "m11"], [""] * 6, ["m01", "", "m02", "m03", "", ""]]
    own = [[7, 5, 9, 11], [], [1, 2, 3]]
    scores = [score(servable, of_history(servable, rows), rows) for rows in own]
    assert_best(modules[kind].recommend_for_history(*events(history), tf.constant(6)), scores, own, 6)
    nothing, anytime = tf.fill([3, 1], ""), tf.zeros([3], tf.int32)
    answer = modules[kind].recommend_for_history_filtered(
        *events(history), tf.constant([["m00"]] * 3), nothing, anytime, anytime, 0.0, tf.constant(6)
    )
    assert_best(answer, scores, [[0, *rows] for rows in own], 6)


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_a_history_counts(servable, modules, kind):
    movies, ones, _ = events([["m05", "m07", "m09", "m11"]] * 2)
    times = tf.constant([[1, 2, 3, 4], [4, 3, 2, 1]], tf.int64)
    own = [[5, 7, 9, 11], [11, 9, 7, 5]]
    scores = [score(servable, of_history(servable, sorted(rows)), rows) for rows in own]
    answer = modules[kind].recommend_for_history(movies, ones, times, tf.constant(10))
    assert_best(answer, scores, own, 10)
    assert rows_of(answer)[0] != rows_of(answer)[1]


@pytest.mark.parametrize("kind", KINDS)
def test_what_happened_since_comes_after_what_is_stored(servable, modules, kind):
    seen = seen_by(servable, 9)
    new = [row for row in range(MOVIES) if row not in seen][:2]
    names = [f"m{row:02}" for row in (*new, seen[1])]
    since = [names, [names[0], "", ""], ["", "", ""], ["", "unknown", ""]]
    answer = modules[kind].recommend_since(tf.constant(["u9", "who", "u9", "who"]), *events(since), tf.constant(MOVIES))
    own = [[seen[0], *seen[2:], *new, seen[1]], [new[0]], seen, []]
    queries = [of_history(servable, own[0]), of_history(servable, own[1]), servable.queries[9], servable.stranger]
    scores = [score(servable, query, rows) for query, rows in zip(queries, own, strict=True)]
    assert_best(answer, scores, own, MOVIES)


def test_diverse_lists_are_chosen_from_the_union(servable, modules):
    scores, seen = stored(servable, [12])[0], seen_by(servable, 12)
    rows, values = best_of(scores, seen, POOL * 4)
    blocks = [tf.constant(block, tf.float32) for block in servable.alike]
    pool = tf.constant([values], tf.float32), tf.constant([rows], tf.int32)
    wanted = diversify(blocks, *pool, tf.constant(0.4), tf.constant(4))[1]
    for module in modules.values():
        answer = filtered(module, ["u12"], [[""]], [[""]], [0], [0], 4, diversity=0.4)
        assert rows_of(answer) == wanted.numpy().tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_removed_movies_are_followed_and_never_shown(servable, kind):
    following = servable.following.rows.numpy()[[seen_by(servable, 15)[-1]]]
    listed = np.ones(MOVIES, bool)
    listed[following[following >= 0]] = False
    listed[seen_by(servable, 15)[-2:]] = False
    fewer = with_following(listed=listed)
    module, gone = module_of(fewer, kind), np.flatnonzero(~listed).tolist()
    everybody, scores = tf.constant(fewer.user_ids), stored(fewer, range(USERS))
    for k in (5, MOVIES):
        answer = module.recommend(everybody, tf.fill([USERS, 1], ""), tf.constant(k))
        assert_best(answer, scores, [gone + seen_by(fewer, user) for user in range(USERS)], k)
    answer = module.rank(everybody, tf.constant([fewer.movie_ids] * USERS))
    np.testing.assert_allclose(answer["score"], scores, rtol=1e-4, atol=1e-5)


def test_of_equal_scores_the_lower_row_is_first(servable):
    rows = np.array([[40, 20, 2]] * MOVIES)
    nowhere = replace(
        servable,
        candidates=np.zeros_like(servable.candidates),
        queries=np.ones_like(servable.queries),
        following=Transitions(rows, np.tile([1.0, 1.0, 0.0], (MOVIES, 1))),
    )
    module = module_of(nowhere)
    answer = module.recommend(tf.constant(["u1"]), tf.constant([["m03"]]), tf.constant(8))
    left = [row for row in (20, 40, *range(MOVIES)) if row not in (3, *seen_by(nowhere, 1))]
    assert rows_of(answer)[0] == list(dict.fromkeys(left))[:8]


def test_rank_gives_the_score_of_the_list(servable, modules):
    asked = tf.constant([*servable.user_ids, "who"])
    movies = [*servable.movie_ids, "no", "m07"]
    found = modules["scann"].rank(asked, tf.constant([movies] * (USERS + 1)))["score"].numpy()
    scores = np.array(stored(servable, [*range(USERS), -1]))
    np.testing.assert_allclose(found[:, :MOVIES], scores, rtol=1e-4, atol=1e-5)
    assert np.isneginf(found[:, MOVIES]).all()
    np.testing.assert_array_equal(found[:, -1], found[:, 7])
    assert modules["scann"].rank(asked, tf.fill([USERS + 1, 0], ""))["score"].shape == (USERS + 1, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_reranker_sees_sums(servable, kind):
    sums = np.array(stored(servable, range(USERS)))
    lists = np.array([best_of(sums[user], seen_by(servable, user), 8)[0] for user in range(USERS)])
    final = (sums - 0.5) / 2
    np.put_along_axis(final, lists, 100.0 + np.arange(8), axis=1)  # the best eight are turned round
    order = StoredOrder(lists, np.tile(100.0 + np.arange(8), (USERS, 1)), np.full(USERS, 0.5), np.full(USERS, 2.0))
    ranked = replace(servable, reranker=order)
    module, everybody = module_of(ranked, kind), tf.constant(servable.user_ids)
    answer = module.recommend(everybody, tf.fill([USERS, 1], ""), tf.constant(12))
    assert_best(answer, final, [seen_by(servable, user) for user in range(USERS)], 12)
    found = module.rank(everybody, tf.constant([servable.movie_ids] * USERS))["score"]
    np.testing.assert_allclose(found, final, rtol=1e-4, atol=1e-4)
    assert list_recall(module, ranked, 5) == 1.0


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_model_answers_as_its_module(servable, modules, kind, tmp_path):
    graphs = tf.saved_model.load(str(export(modules[kind], tmp_path))).signatures
    everybody, k = tf.constant(servable.user_ids), tf.constant(7)
    answer = graphs["recommend"](user_id=everybody, exclude=tf.fill([USERS, 1], ""), k=k)
    assert_best(answer, stored(servable, range(USERS)), [seen_by(servable, user) for user in range(USERS)], 7)
    movies, ones, times = events([["m05", "m07", "m09", "m11"]])
    since = graphs["recommend_since"](user_id=everybody[:1], movie_id=movies, rating=ones, timestamp=times, k=k)
    history = graphs["recommend_for_history"](movie_id=movies, rating=ones, timestamp=times, k=k)
    own = [5, 7, 9, 11]
    for found in (since, history):  # the first user has seen nothing
        assert_best(found, [score(servable, of_history(servable, own), own)], [own], 7)


@pytest.mark.parametrize("kind", KINDS)
def test_recall_is_measured_with_what_follows(servable, modules, kind):
    users = np.arange(USERS)
    scores = stored(servable, users)
    wanted = [best_of(scores[user], seen_by(servable, user), 10)[0] for user in users]
    np.testing.assert_array_equal(exact_lists(servable, users, 10), wanted)
    assert list_recall(modules[kind], servable, 10) == 1.0
    assert list_recall(module_of(replace(servable, following=None), kind), servable, 10) < 0.9


def test_the_check_before_an_export_compares_sums(servable, monkeypatch):
    compared = {}
    monkeypatch.setattr(servable_check, "_same", lambda what, graph, model: compared.setdefault(what, (graph, model)))
    recommender = SimpleNamespace(
        users=servable.user_ids, movies=servable.movie_ids, score=lambda users: users, similarity=lambda rows: rows
    )
    servable_check.check(servable, recommender, SimpleNamespace(of_histories=lambda matrix, users: matrix))
    found, asked = compared["scores"]
    assert len(asked) == servable_check.SOME + 1
    np.testing.assert_allclose(found, stored(servable, asked), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "number", "message"),
    [
        ("candidates", 0.25, r"candidates: expected 0 as the last number of each, got 0\.25"),
        ("queries", -0.5, r"queries: expected 0 or more as the last number, got -0\.5"),
    ],
)
def test_the_last_numbers_are_checked(servable, name, number, message):
    table = getattr(servable, name).copy()
    table[4, -1] = number
    with pytest.raises(ValueError, match=message):
        replace(servable, **{name: table})
    replace(servable, following=None, **{name: table})
