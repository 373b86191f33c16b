"""What the graph answers, against plain numpy; with brute force and with a ScaNN that searches everything."""

import numpy as np
import pytest

from tests.serving.conftest import DIM, MOVIES, USERS, events, filtered, make_servable, module_of, seen_by
from tfrs_lab.serving.backend import tf

KINDS = ("brute-force", "scann")


def texts(tensor):
    return [[value.decode() for value in row] for row in tensor.numpy()]


def expected(servable, queries, excluded, allowed, k):
    """Ids and scores [batch, k] by sorting everything."""
    scores = np.where(allowed, queries @ servable.candidates.T, -np.inf)
    for row, gone in enumerate(excluded):
        scores[row, gone] = -np.inf
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    values = np.take_along_axis(scores, order, axis=1)
    ids = [[str(servable.movie_ids[m]) if np.isfinite(v) else "" for m, v in zip(*pair, strict=True)]
           for pair in zip(order, values, strict=True)]  # fmt: skip
    return ids, values


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("k", [1, 7, MOVIES + 5])
def test_everybody_gets_the_best_of_what_they_have_not_seen(servable, modules, kind, k):
    ids = [*servable.user_ids, "stranger"]
    exclude = [["m03", "nonsense"]] * len(ids)
    answer = modules[kind].recommend(tf.constant(ids), tf.constant(exclude), tf.constant(k))
    queries = np.vstack([servable.queries, servable.stranger])
    gone = [[3, *seen_by(servable, user)] for user in range(USERS)] + [[3]]
    wanted, scores = expected(servable, queries, gone, True, min(k, MOVIES))
    padding = [""] * (k - min(k, MOVIES))
    assert texts(answer["movie_id"]) == [row + padding for row in wanted]
    np.testing.assert_allclose(answer["score"][:, :MOVIES], scores, rtol=1e-4, atol=1e-5)
    assert np.isneginf(answer["score"][:, MOVIES:]).all()
    titles = [["" if not movie else f"Title {int(movie[1:])}" for movie in row] for row in texts(answer["movie_id"])]
    assert texts(answer["movie_title"]) == titles


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(4))
def test_filters_let_nothing_through_and_withhold_nothing(servable, modules, kind, seed):
    random = np.random.default_rng(seed)
    users = random.integers(USERS, size=5)
    genres = random.choice(["", "A", "B", "C"], size=(5, 2))
    first, last = (random.choice([0, *range(1988, 2002)], size=5).astype(np.int32) for _ in range(2))
    exclude = random.choice(servable.movie_ids, size=(5, 4))
    allowed = np.ones((5, MOVIES), bool)
    for row in range(5):
        wanted = {"A": 0, "B": 1}
        if genres[row].any():
            allowed[row] = servable.genres[:, [wanted[name] for name in genres[row] if name in wanted]].any(axis=1)
        if first[row] or last[row]:
            years = servable.years
            allowed[row] &= (years >= first[row]) & (years <= (last[row] or 3000)) & (years > 0)
    for include_seen in (False, True):
        gone = [np.searchsorted(servable.movie_ids, row).tolist() for row in exclude]
        if not include_seen:
            gone = [[*row, *seen_by(servable, user)] for row, user in zip(gone, users, strict=True)]
        answer = filtered(
            modules[kind], [f"u{u}" for u in users], exclude.tolist(), genres.tolist(), first, last, 9, include_seen
        )
        assert texts(answer["movie_id"]) == expected(servable, servable.queries[users], gone, allowed, 9)[0]


@pytest.mark.parametrize("kind", KINDS)
def test_histories(servable, modules, kind):
    history = [["m05", "m07", "m05", "unknown"], ["", "", "", ""], ["m01", "", "m02", "m03"]]
    answer = modules[kind].recommend_for_history(*events(history), tf.constant(6))
    own = [[5, 7], [], [1, 2, 3]]
    queries = np.stack([servable.candidates[rows].mean(axis=0) if rows else servable.stranger for rows in own])
    assert texts(answer["movie_id"]) == expected(servable, queries, own, True, 6)[0]
    nothing = tf.fill([3, 1], "")
    anytime = tf.zeros([3], tf.int32)
    more = modules[kind].recommend_for_history_filtered(
        *events(history),
        tf.constant([["m00"]] * 3),
        nothing,
        anytime,
        anytime,
        0.0,
        tf.constant(6),
    )
    own = [[0, *rows] for rows in own]
    assert texts(more["movie_id"]) == expected(servable, queries, own, True, 6)[0]


def test_a_history_needs_its_ratings_and_times(modules):
    movies, ones, times = events([["m01", "m02"]])
    with pytest.raises(tf.errors.InvalidArgumentError, match="expected a rating for each movie_id"):
        modules["brute-force"].recommend_for_history(movies, tf.ones((1, 1)), times, tf.constant(3))
    with pytest.raises(tf.errors.InvalidArgumentError, match="expected a timestamp, or 0, for each movie_id"):
        modules["brute-force"].recommend_for_history(movies, ones, times[:, :1], tf.constant(3))


class Told(tf.Module):
    """Keeps what it was asked."""

    def __call__(self, movies, rating):
        self.asked = movies.numpy().tolist()
        return tf.fill([tf.shape(movies)[0], DIM], 0.25)


@pytest.fixture
def eagerly():
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def in_order(asked):
    return [[row for row in rows if row >= 0] for rows in asked]


@pytest.mark.usefixtures("eagerly")
def test_a_query_sees_each_movie_once_where_it_was_last(servable):
    told = Told()
    module = module_of(make_servable(history=told))
    history = [["m05", "m07", "m05", "unknown", "m01"], ["m03", "", "m02", "", ""]]
    module.recommend_for_history(*events(history), tf.constant(3))
    assert in_order(told.asked) == [[7, 5, 1], [3, 2]]
    times = tf.constant([[30, 20, 10, 0, 20], [0, 0, 0, 0, 0]], tf.int64)
    module.recommend_for_history(*events(history)[:2], times, tf.constant(3))
    assert in_order(told.asked) == [[7, 1, 5], [3, 2]]


@pytest.mark.usefixtures("eagerly")
def test_what_was_disliked_is_neither_asked_with_nor_shown(servable):
    told = Told()
    module = module_of(make_servable(history=told, disliked_below=2.0))
    movies, _, times = events([["m05", "m07", "m01", "m02"], ["m03", "m03", "", ""]])
    rating = tf.constant([[1.0, 2.0, 0.0, 5.0], [5.0, 1.5, 1.0, 0.0]])
    answer = module.recommend_for_history(movies, rating, times, tf.constant(MOVIES))
    assert in_order(told.asked) == [[7, 1, 2], []]  # the second changed their mind; 0 is no rating
    assert not {"m05", "m07", "m01", "m02"} & set(texts(answer["movie_id"])[0])
    assert "m03" not in texts(answer["movie_id"])[1]
    module.recommend_since(tf.constant(["u02", "u00"]), movies, rating, times, tf.constant(3))
    assert [rows[-3:] for rows in in_order(told.asked)] == [[7, 1, 2], []]


@pytest.mark.usefixtures("eagerly")
def test_ratings_that_are_all_alike_say_no_more_than_none(servable):
    told = Told()
    module = module_of(make_servable(history=told, disliked_below=2.0))
    module.recommend_for_history(*events([["m05", "m07"]]), tf.constant(3))  # a 1 for each
    assert in_order(told.asked) == [[5, 7]]


@pytest.mark.usefixtures("eagerly")
def test_what_happened_since_follows_what_is_stored(servable):
    told = Told()
    module = module_of(make_servable(history=told))
    stored = seen_by(servable, 4)
    again = f"m{stored[1]:02}"
    new = sorted(set(range(MOVIES)) - set(stored))[:2]
    names = [f"m{movie:02}" for movie in new]
    since = [[*names, again], [names[0], "", ""], ["", "", ""], ["", "unknown", ""]]
    users = tf.constant(["u4", "who", "u4", "who"])
    answer = module.recommend_since(users, *events(since), tf.constant(MOVIES))
    kept = [movie for movie in stored if movie != stored[1]]
    assert in_order(told.asked) == [[*kept, *new, stored[1]], [new[0]], stored, []]
    grown = np.full(DIM, 0.25, np.float32)
    queries = np.stack([grown, grown, servable.queries[4], servable.stranger])
    gone = [[*stored, *new], [new[0]], stored, []]
    assert texts(answer["movie_id"]) == expected(servable, queries, gone, True, MOVIES)[0]
    backwards = tf.constant([[3, 2, 1]] + [[0, 0, 0]] * 3, tf.int64)
    module.recommend_since(users, *events(since)[:2], backwards, tf.constant(3))
    assert in_order(told.asked)[0] == [*kept, stored[1], *new[::-1]]


@pytest.mark.parametrize("k", [0, -1])
def test_no_less_than_one_movie(modules, k):
    with pytest.raises(tf.errors.InvalidArgumentError, match="k: expected at least 1"):
        modules["scann"].recommend(tf.constant(["u1"]), tf.constant([[""]]), tf.constant(k))


def test_a_wish_for_diversity_is_between_0_and_1(modules):
    with pytest.raises(tf.errors.InvalidArgumentError, match="diversity: expected"):
        filtered(modules["brute-force"], ["u1"], [[""]], [[""]], [0], [0], 3, diversity=1.5)


def test_removed_movies_count_in_histories_and_are_never_shown():
    listed = np.ones(MOVIES, bool)
    listed[[5, 6]] = False
    servable = make_servable(listed=listed)
    for kind in KINDS:
        module = module_of(servable, kind)
        answer = module.recommend_for_history(*events([["m05"]]), tf.constant(MOVIES))
        found = texts(answer["movie_id"])[0]
        wanted = expected(servable, servable.candidates[[5]], [[5, 6]], True, MOVIES)[0][0]
        assert found == wanted
        everything = filtered(module, ["u1"], [[""]], [["A"]], [0], [0], MOVIES, include_seen=True)
        assert not {"m05", "m06"} & set(texts(everything["movie_id"])[0])
        alike = texts(module.similar_movies(tf.constant(["m00"]), tf.constant(MOVIES))["movie_id"])[0]
        assert not {"m05", "m06"} & set(alike)


def test_rank_scores_what_it_is_given(servable, modules):
    answer = modules["scann"].rank(tf.constant(["u4", "who"]), tf.constant([["m09", ""], ["m00", "no"]]))
    first, second = servable.queries[4] @ servable.candidates[9], servable.stranger @ servable.candidates[0]
    np.testing.assert_allclose(answer["score"], [[first, -np.inf], [second, -np.inf]], rtol=1e-5)
    assert np.isnan(answer["rating"]).all()


class Head(tf.Module):
    """Rates by number of user and movie."""

    def __call__(self, users, movies):
        return tf.cast(100 * users[:, None] + movies, tf.float32)


def test_a_rating_head_predicts_ratings():
    module = module_of(make_servable(rating=Head()))
    answer = module.rank(tf.constant(["u4", "u0"]), tf.constant([["m09", "m01"], ["", "m02"]]))
    np.testing.assert_array_equal(answer["rating"], [[409, 401], [np.nan, 2]])


def test_similar_movies_by_the_first_likeness_that_knows_both(servable):
    random = np.random.default_rng(1)
    first, second = random.normal(size=(MOVIES, 3)), random.normal(size=(MOVIES, 4))
    first[30:] = 0
    module = module_of(make_servable(likeness=(first.astype(np.float32), second.astype(np.float32))))
    unit = [block / np.maximum(np.linalg.norm(block, axis=1, keepdims=True), 1e-12) for block in (first, second)]
    for movie in (4, 40):
        scores = unit[1] @ unit[1][movie]
        if movie < 30:
            scores[:30] = unit[0][:30] @ unit[0][movie]
        scores[movie] = -np.inf
        order = np.argsort(-scores, kind="stable")[:8]
        answer = module.similar_movies(tf.constant([f"m{movie:02}", "none"]), tf.constant(8))
        assert texts(answer["movie_id"]) == [[f"m{m:02}" for m in order], [""] * 8]
        np.testing.assert_allclose(answer["score"][0], scores[order], rtol=1e-4)


def test_embeddings_of_users(servable, modules):
    answer = modules["scann"].embed_user(tf.constant(["u3", "who"]))["embedding"]
    np.testing.assert_array_equal(answer, np.stack([servable.queries[3], servable.stranger]))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"years": np.zeros(3, np.int32)}, r"years: expected shape \(60,\), got \(3,\)"),
        ({"stranger": np.full(8, np.nan, np.float32)}, "stranger: expected finite numbers"),
        ({"listed": np.zeros(MOVIES, bool)}, "at least one movie"),
        ({"movie_ids": np.array(["m"] * MOVIES)}, "distinct ids in ascending order"),
    ],
)
def test_a_servable_is_checked(changed, message):
    with pytest.raises(ValueError, match=message):
        make_servable(**changed)
