"""The protocol: who is averaged, what is masked, what is refused."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import polars as pl
import pytest

from tests.evaluation.cases import Case, FixedScores, ids, pairs, random_case
from tfrs_lab.data.errors import DataError
from tfrs_lab.data.interactions import Vocabulary
from tfrs_lab.evaluation import Evaluation, Recommender, evaluate
from tfrs_lab.evaluation.monitor import Monitor


def run(case: Case, **options: object) -> Evaluation:
    settings: dict[str, object] = {"ks": (3, 10), "bootstrap": 0}
    return evaluate(case.recommender, case.test, seen=case.seen, **(settings | options))  # type: ignore[arg-type]


@pytest.fixture
def case() -> Case:
    return random_case(seed=5)


def test_seen_movies_are_never_recommended(case: Case):
    topk = run(case).topk
    assert not len(topk.join(case.seen, on=["user_id", "movie_id"], how="semi"))
    assert set(topk["movie_id"]) <= set(case.recommender.movies.ids)


def test_every_other_candidate_is_recommended_in_order(case: Case):
    topk = run(case).topk
    movies = set(case.recommender.movies.ids)
    for (user,), rows in topk.group_by("user_id"):
        seen = set(case.seen.filter(pl.col("user_id") == user)["movie_id"])
        assert set(rows["movie_id"]) == movies - seen
        assert rows["rank"].to_list() == list(range(1, len(rows) + 1))
        order = list(zip((-rows["score"]).to_list(), rows["movie_id"].to_list(), strict=True))
        assert order == sorted(order)


def test_averages_over_users_with_something_relevant(case: Case):
    result = run(case)
    assert result.per_user["user_id"].to_list() == sorted(set(case.test["user_id"]))
    assert result.metrics["users"] == case.test["user_id"].n_unique() < len(case.recommender.users)
    assert result.metrics["ndcg@10"] == pytest.approx(result.per_user["ndcg@10"].mean())


def test_user_without_candidates_counts_as_zero(case: Case):
    result = run(case)
    last = case.recommender.users.ids[-1]
    assert result.topk.filter(pl.col("user_id") == last).is_empty()
    row = result.per_user.filter(pl.col("user_id") == last)
    assert row.drop("user_id").sum_horizontal().item() == 0


def test_relevant_movies_that_are_no_candidates_stay_in_the_denominator():
    recommender = FixedScores(Vocabulary(["u"]), Vocabulary(["a"]), np.ones((1, 1), dtype=np.float32))
    test, seen = pairs([("u", "a"), ("u", "new")]), pairs([("v", "a")])
    metrics = evaluate(recommender, test, seen=seen, ks=(1, 2), bootstrap=0).metrics
    assert metrics["recall@1"] == metrics["factorized_top_1"] == metrics["map@2"] == 0.5
    assert metrics["ndcg@2"] == pytest.approx(1 / (1 + 1 / np.log2(3)))
    assert metrics["ndcg@1"] == 1.0


def test_constant_scorer_gets_no_credit():
    movies = ids("m", 500)
    recommender = FixedScores(Vocabulary(["u"]), Vocabulary(movies), np.zeros((1, 500), dtype=np.float32))
    result = evaluate(recommender, pairs([("u", "m400")]), seen=pairs([("u", "m000")]), bootstrap=0)
    assert result.topk["movie_id"].to_list() == movies[1:101]
    zero = [name for name in result.metrics if "@" in name and not name.startswith(("coverage", "novelty", "gini"))]
    assert len(zero) == 18
    assert not any(result.metrics[name] for name in [*zero, "factorized_top_100"])


@pytest.mark.parametrize("options", [{"block": 1}, {"block": 7}, {"depth": 10}, {"depth": 1}])
def test_block_and_depth_change_no_metric(case: Case, options: dict[str, int]):
    assert run(case, **options).metrics == run(case).metrics
    assert run(case, **options).slices == run(case).slices


def test_order_of_rows_changes_nothing(case: Case):
    shuffled = dataclasses.replace(
        case, test=case.test.sample(fraction=1, shuffle=True, seed=1), seen=case.seen.reverse()
    )
    for field in ("metrics", "slices"):
        assert getattr(run(shuffled), field) == getattr(run(case), field)
    assert run(shuffled).topk.equals(run(case).topk)


def test_threshold_makes_low_ratings_irrelevant(case: Case):
    rated = case.test.with_columns(user_rating=pl.Series([4.0, 2.0] * len(case.test)).head(len(case.test)))
    high = rated.filter(pl.col("user_rating") >= 4)
    expected = run(dataclasses.replace(case, test=high)).per_user
    assert run(dataclasses.replace(case, test=rated), threshold=4.0).per_user.equals(expected)


def test_factorized_counts_interactions_and_does_not_mask():
    scores = np.array([[3, 2, 1], [1, 3, 2]], dtype=np.float32)
    recommender = FixedScores(Vocabulary(["u", "v"]), Vocabulary(["a", "b", "c"]), scores)
    test, seen = pairs([("u", "b"), ("v", "b"), ("v", "c")]), pairs([("u", "a")])
    metrics = evaluate(recommender, test, seen=seen, ks=(2,), bootstrap=0).metrics
    assert metrics["factorized_top_1"] == pytest.approx(1 / 3)  # of u's and v's three movies only (v, b) comes first
    assert metrics["factorized_top_2"] == pytest.approx(1.0)
    assert metrics["hit_rate@2"] == 1.0


class ByHistory(FixedScores):
    """Scores a history by counting up from its first movie."""

    def score_history(self, history: object, user_ids: object = None) -> np.ndarray:
        return np.asarray(history.toarray(), dtype=np.float32) @ self.scores  # type: ignore[attr-defined]


def test_unknown_users_with_a_history_are_scored_by_it():
    movies = Vocabulary(["a", "b", "c"])
    follows = np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]], dtype=np.float32)
    recommender = ByHistory(Vocabulary(["0", "1", "2"]), movies, follows)
    test, seen = pairs([("new", "c"), ("newer", "c")]), pairs([("new", "a")])
    per_user = evaluate(recommender, test, seen=seen, ks=(1,), bootstrap=0).per_user
    assert per_user["hit_rate@1"].to_list() == [1.0, 0.0]


@pytest.mark.parametrize("timed", [True, False])
def test_the_later_a_movie_was_seen_the_greater_its_value_in_the_history(timed):
    told = []

    class Asked(FixedScores):
        def score_history(self, history: object, user_ids: object = None) -> np.ndarray:
            told.append(history.toarray())  # type: ignore[attr-defined]
            return np.zeros(history.shape, np.float32)  # type: ignore[attr-defined]

    recommender = Asked(Vocabulary(["0"]), Vocabulary(["a", "b", "c", "d"]), np.zeros((1, 4), np.float32))
    seen = pairs([("new", "b"), ("new", "d"), ("new", "a")])
    if timed:
        seen = seen.with_columns(timestamp=pl.Series([20, 30, 20]))
    evaluate(recommender, pairs([("new", "c")]), seen=seen, ks=(1,), bootstrap=0)
    assert np.argsort(told[0][0], kind="stable").tolist()[1:] == ([1, 0, 3] if timed else [0, 1, 3])
    assert (len(set(told[0][0])) == 2) == (not timed)


def test_candidates_are_ranked_among_each_other_and_unknown_ones_come_last():
    scores = np.array([[9.0, 1.0, 5.0, -3.0]], dtype=np.float32)
    recommender = FixedScores(Vocabulary(["u"]), Vocabulary(["a", "b", "c", "d"]), scores)
    test, seen = pairs([("u", "d"), ("u", "new")]), pairs([("u", "c")])
    found = evaluate(recommender, test, seen=seen, candidates=["newer", "d", "new", "b", "c"], ks=(3,), bootstrap=0)
    assert found.topk["movie_id"].to_list() == ["b", "d", "new", "newer"]
    assert found.metrics["recall@3"] == 1.0
    ideal = 1 + 1 / np.log2(3)
    assert found.metrics["ndcg@3"] == pytest.approx((1 / np.log2(3) + 1 / np.log2(4)) / ideal)
    monitor = Monitor(test, seen, candidates=["newer", "d", "new", "b", "c"], k=3)
    assert monitor(recommender) == pytest.approx(found.metrics["ndcg@3"])


def test_a_monitor_of_many_users_scores_a_fixed_sample_of_them():
    rng = np.random.default_rng(0)
    users, movies = ([f"{letter}{number:03}" for number in range(size)] for letter, size in (("u", 400), ("m", 9)))
    recommender = FixedScores(Vocabulary(users), Vocabulary(movies), rng.normal(size=(400, 9)).astype(np.float32))
    test = pairs([(user, movies[number % 9]) for number, user in enumerate(users)])
    seen = pairs([(user, movies[(number + 1) % 9]) for number, user in enumerate(users)])
    everybody = Monitor(test, seen, k=3).per_user(recommender)
    some = Monitor(test, seen, k=3, max_users=100)
    sample = some.per_user(recommender)
    assert (len(everybody), len(sample)) == (400, 100)
    np.testing.assert_array_equal(sample, some.per_user(recommender))
    np.testing.assert_array_equal(sample, Monitor(test, seen, k=3, max_users=100).per_user(recommender))
    assert not np.array_equal(sample, everybody[:100])  # ids may grow with time
    for user, value in zip(some._tables.users, sample, strict=True):
        assert value == everybody[users.index(user)]
    assert sample.mean() == pytest.approx(everybody.mean(), abs=0.1)
    np.testing.assert_array_equal(Monitor(test, seen, k=3, max_users=400).per_user(recommender), everybody)


def test_a_large_catalogue_is_monitored_on_fewer_users_but_no_fewer_than_a_thousand():
    users = [f"{number:04}" for number in range(1_200)]
    recommender = FixedScores(Vocabulary(users), Vocabulary(["a", "b"]), np.tile(np.float32([2, 1]), (1_200, 1)))
    test, seen = pairs([(user, "a") for user in users]), pairs([(user, "b") for user in users])
    for most, scored in ((2_400, 1_200), (2_200, 1_100), (20, 1_000)):
        assert len(Monitor(test, seen, max_scores=most).per_user(recommender)) == scored


def test_histories_hold_movies_that_are_not_ranked():
    follows = np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]], dtype=np.float32)
    recommender = ByHistory(Vocabulary(["0", "1", "2"]), Vocabulary(["a", "b", "c"]), follows)
    test, seen = pairs([("new", "c")]), pairs([("new", "a")])
    found = evaluate(recommender, test, seen=seen, candidates=["b", "c"], ks=(1,), bootstrap=0)
    assert found.metrics["hit_rate@1"] == 1.0
    assert Monitor(test, seen, candidates=["b", "c"], k=1)(recommender) == 1.0


class ByName(FixedScores):
    """Knows who a new user is."""

    def score_history(self, history: object, user_ids: object = None) -> np.ndarray:
        return np.array([[0.0, 1.0] if name == "b's friend" else [1.0, 0.0] for name in user_ids])  # type: ignore[attr-defined]


def test_models_may_know_new_users_without_a_history():
    recommender = ByName(Vocabulary(["0"]), Vocabulary(["a", "b"]), np.zeros((1, 2), dtype=np.float32))
    test = pairs([("a's friend", "a"), ("b's friend", "b")])
    assert evaluate(recommender, test, seen=pairs([("0", "a")]), ks=(1,), bootstrap=0).metrics["hit_rate@1"] == 1.0


def test_refuses_a_planted_leak(case: Case):
    leaked = dataclasses.replace(case, seen=pl.concat([case.seen, case.test.head(1)]))
    user, movie = case.test.row(0)
    with pytest.raises(DataError, match=f"1 of .* also in the seen table.*{user}.*{movie}"):
        run(leaked)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"test": pairs([])}, "no rows: nothing is relevant"),
        ({"test": pl.DataFrame({"user_id": ["u"]})}, "test table needs a column movie_id"),
        ({"seen": pl.DataFrame({"user_id": ["u"], "movie_id": [None]})}, "seen table has 1 rows without a movie_id"),
    ],
)
def test_refuses_unusable_tables(case: Case, change: dict[str, pl.DataFrame], message: str):
    with pytest.raises(DataError, match=message):
        run(dataclasses.replace(case, **change))


@pytest.mark.parametrize("ratings", [None, [np.nan, 3.0], [None, 3.0], [1.0, 2.0]])
def test_refuses_a_threshold_without_usable_ratings(case: Case, ratings: list[float] | None):
    test = case.test.head(2)
    if ratings:
        test = test.with_columns(user_rating=pl.Series(ratings))
    with pytest.raises(DataError, match="user_rating"):
        run(dataclasses.replace(case, test=test), threshold=4.0)


def test_refuses_scores_that_cannot_be_ranked(case: Case):
    scores = case.recommender.scores
    with_nan = np.where(np.arange(scores.shape[1]) == 2, np.nan, scores)
    for bad, message in ((with_nan, "NaN for"), (scores[:, 1:], r"shape .* got \(\d+, 39\)")):
        with pytest.raises(ValueError, match=message):
            run(dataclasses.replace(case, recommender=dataclasses.replace(case.recommender, scores=bad)))


@pytest.mark.parametrize("options", [{"ks": ()}, {"ks": (0,)}, {"ks": (1.5,)}, {"block": 0}, {"depth": 0}])
def test_refuses_bad_settings(case: Case, options: dict[str, object]):
    with pytest.raises(ValueError, match="positive"):
        run(case, **options)


def test_as_dict_is_json_and_finite(case: Case):
    result = run(case, bootstrap=50)
    stored = json.loads(json.dumps(result.as_dict(), allow_nan=False))
    assert stored["ndcg@10"] == result.metrics["ndcg@10"]
    low, high = stored["confidence"]["ndcg@10"]
    assert low < stored["ndcg@10"] < high
    assert {"factorized_top_100", "recall@3"} <= stored["confidence"].keys()
    assert not {"coverage@3", "users"} & stored["confidence"].keys()


def test_same_call_same_result(case: Case):
    first, second = run(case, bootstrap=50), run(case, bootstrap=50)
    assert first.as_dict() == second.as_dict()


def test_protocol_class_is_checkable(case: Case):
    assert isinstance(case.recommender, Recommender)
