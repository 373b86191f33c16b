"""Scoring anybody's lists: the same numbers as `evaluate`, and clear refusals."""

from __future__ import annotations

import polars as pl
import pytest

from tests.evaluation.cases import pairs, random_case
from tfrs_lab.data.errors import DataError
from tfrs_lab.evaluation import evaluate, score_topk
from tfrs_lab.evaluation.lists import doubts, mended_lists


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("columns", [("rank", "score"), ("rank",), ("score",)])
def test_same_numbers_as_evaluate(seed: int, columns: tuple[str, ...]):
    case = random_case(seed)
    expected = evaluate(case.recommender, case.test, seen=case.seen, ks=(1, 7), bootstrap=30)
    lists = expected.topk.select("user_id", "movie_id", *columns).sample(fraction=1, shuffle=True, seed=seed)
    result = score_topk(lists, case.test, case.seen, ks=(1, 7), bootstrap=30)
    assert result.metrics == {name: v for name, v in expected.metrics.items() if not name.startswith("factorized")}
    assert result.slices == expected.slices
    assert result.per_user.equals(expected.per_user)
    assert result.topk.drop("score").equals(expected.topk.drop("score"))
    for name, ends in result.confidence.items():
        assert ends == expected.confidence[name]


def test_seen_movies_are_removed_and_the_rest_moves_up():
    lists = pl.DataFrame({"user_id": ["u"] * 3, "movie_id": ["a", "b", "c"], "score": [0.9, 0.8, 0.7]})
    truth, seen = pairs([("u", "c")]), pairs([("u", "a"), ("v", "c")])
    result = score_topk(lists, truth, seen, ks=(2,))
    assert result.topk.rows() == [("u", "b", 1, pytest.approx(0.8)), ("u", "c", 2, pytest.approx(0.7))]
    assert result.metrics["mrr@2"] == 0.5
    assert score_topk(lists, truth, ks=(2,)).metrics["mrr@2"] == 0.0


def test_without_seen_there_is_no_catalogue():
    lists = pl.DataFrame({"user_id": ["u"], "movie_id": ["a"], "rank": [1]})
    result = score_topk(lists, pairs([("u", "a")]), ks=(1,))
    assert result.metrics == {
        **dict.fromkeys(("precision@1", "recall@1", "ndcg@1", "map@1", "mrr@1", "hit_rate@1"), 1.0),
        "users": 1,
    }
    assert result.slices == {}


def test_users_without_a_list_count_as_zero_and_others_not_at_all():
    lists = pl.DataFrame({"user_id": ["u", "stranger"], "movie_id": ["a", "a"], "rank": [1, 1]})
    result = score_topk(lists, pairs([("u", "a"), ("v", "a")]), ks=(1,))
    assert result.metrics["hit_rate@1"] == 0.5
    assert result.topk["user_id"].to_list() == ["u"]


def test_ties_go_to_the_lower_movie_id():
    lists = pl.DataFrame({"user_id": ["u"] * 2, "movie_id": ["b", "a"], "score": [1.0, 1.0]})
    assert score_topk(lists, pairs([("u", "a")]), ks=(1,)).metrics["hit_rate@1"] == 1.0


def test_integer_ids_are_taken_as_text():
    lists = pl.DataFrame({"user_id": [7], "movie_id": [12], "rank": [1]})
    truth = pl.DataFrame({"user_id": [7], "movie_id": [12]})
    assert score_topk(lists, truth, ks=(1,)).metrics["hit_rate@1"] == 1.0


GOOD = {"user_id": ["u", "u"], "movie_id": ["a", "b"], "rank": [1, 2], "score": [2.0, 1.0]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"movie_id": ["a", "a"]}, "movie 'a' to user 'u' more than once"),
        ({"rank": [1, 3]}, "column rank: user 'u' has rank 3 where 2 was expected"),
        ({"rank": [0, 1]}, "has rank 0 where 1 was expected"),
        ({"rank": [1, 1]}, "has rank 1 where 2 was expected"),
        ({"rank": [1.0, 1.5]}, "rank must hold whole numbers"),
        ({"rank": ["1", "second"]}, "rank must hold whole numbers"),
        ({"score": [1.0, float("nan")]}, "1 scores that are NaN"),
        ({"score": ["high", "low"]}, "score must hold numbers"),
        ({"score": [1.0, None]}, "column score: the top-k table has 1 rows without a value"),
        ({"user_id": ["u", None]}, "column user_id: .* 1 rows without a value"),
        ({"movie_id": None}, "needs a column movie_id, it has user_id, rank, score"),
        ({"rank": None, "score": None}, "needs a column rank or score, it has user_id, movie_id"),
    ],
)
def test_refuses_malformed_lists(change: dict[str, list | None], message: str):
    table = pl.DataFrame({name: values for name, values in (GOOD | change).items() if values is not None})
    with pytest.raises(DataError, match=message):
        score_topk(table, pairs([("u", "a")]))


def test_refuses_a_truth_that_was_seen():
    with pytest.raises(DataError, match="test and train must be disjoint"):
        score_topk(pl.DataFrame(GOOD), pairs([("u", "a")]), pairs([("u", "a")]))


def test_refuses_lists_and_truth_without_a_common_user():
    lists = pl.DataFrame({"user_id": ["1", "2"], "movie_id": ["a", "a"], "rank": [1, 1]})
    with pytest.raises(DataError, match="none of the 2 users of the lists is in the truth: '1' beside 'u1'"):
        score_topk(lists, pairs([("u1", "a")]))


def test_mended_lists_keep_the_best_place_and_are_ranked_anew():
    broken = {
        "zero-based, one twice": ({"movie_id": ["a", "b", "a", "c"], "rank": [0, 1, 2, 3]}, ["a", "b", "c"]),
        "negative, gaps, none": ({"movie_id": ["a", "b", None, "c"], "rank": [7, -1, 2, 3]}, ["b", "c", "a"]),
        "NaN and no score": ({"movie_id": ["a", "b", "c", "d"], "score": [1.0, float("nan"), None, 2.0]}, ["d", "a"]),
        "the rank decides": (
            {"movie_id": ["a", "b", "c", "d"], "rank": [4, 3, 2, 1], "score": [4.0, 3.0, 2.0, 1.0]},
            ["d", "c", "b", "a"],
        ),
    }
    for name, (columns, wanted) in broken.items():
        mended = mended_lists(pl.DataFrame({"user_id": ["u"] * 4, **columns}))
        assert mended["movie_id"].to_list() == wanted, name
        assert mended["rank"].to_list() == list(range(1, len(wanted) + 1)), name
        score_topk(mended, pairs([("u", "a")]))


def test_what_is_odd_about_lists_is_said():
    lists = pl.DataFrame({"user_id": ["u", "u", "x"], "movie_id": ["07", "08", "07"], "score": [1.0, 1.0, 0.5]})
    truth, seen = pairs([("u", "7"), ("v", "7")]), pairs([("U", "3")])
    assert doubts(lists, truth, seen) == [
        "1 of the 2 users of the truth have no list and count as 0",
        "1 of the 2 lists are of users without truth: not used",
        "none of the 2 movies of the lists is in the truth: '07' beside '7'; are they written alike?",
        "none of the 2 users of the truth has seen anything: 'u' beside 'U'; are they written alike?",
        "1 users have movies with equal scores: of these the lower id ranks first",
    ]
    both = lists.with_columns(rank=pl.Series([2, 1, 1]), score=pl.Series([9.0, 8.0, 0.5]))
    assert doubts(both, pairs([("u", "07"), ("x", "07")])) == [
        "the scores of 1 users are not in the order of their ranks: the ranks count"
    ]


def test_good_lists_leave_no_doubt():
    assert doubts(pl.DataFrame(GOOD), pairs([("u", "a")]), pairs([("u", "b")])) == []
