from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tfrs_lab import data
from tfrs_lab.data import Interactions
from tfrs_lab.models.closed_form.linear import (
    LinearConfig,
    _weighted_pairs,
    item_weights,
    item_weights_by_users,
    linear_vectors,
    participants,
    solve_linear,
)


@pytest.fixture(scope="module")
def rows():
    return Interactions.from_ratings(data.generate(users=60, movies=40, ratings=900, seed=1).ratings)


def test_weights_solve_ease(rows):
    x = rows.matrix.toarray().astype(np.float64)
    for penalty in (np.full(x.shape[1], 7.0), np.linspace(2.0, 9.0, x.shape[1])):
        p = np.linalg.inv(x.T @ x + np.diag(penalty))
        expected = -p / np.diag(p)
        np.fill_diagonal(expected, 0)
        np.testing.assert_allclose(item_weights(rows.matrix.T @ rows.matrix, penalty), expected, atol=1e-5)


@pytest.fixture(scope="module")
def scores(rows):
    """What whole weights give, with penalties by the root of what is rated."""
    counts = rows.movie_counts
    return rows.matrix @ item_weights(rows.matrix.T @ rows.matrix, 2.0 * np.sqrt(counts * counts.mean()))


def test_enough_dimensions_give_eases_scores(rows, scores):
    queries, candidates = linear_vectors(LinearConfig(regularization=2.0, apart=1.0), rows, seed=0)
    np.testing.assert_allclose(queries @ candidates.T, scores, atol=1e-4)


def test_fewer_dimensions_lose_as_little_as_a_truncated_svd(rows, scores):
    queries, candidates = linear_vectors(LinearConfig(regularization=2.0, apart=1.0, dimension=6), rows, seed=0)
    assert queries.shape[1] == candidates.shape[1] == 6
    least = (np.linalg.svd(scores, compute_uv=False)[6:] ** 2).sum()
    assert ((scores - queries @ candidates.T) ** 2).sum() < 1.01 * least


def test_movies_rated_in_one_stay_count_more_as_a_pair():
    """Of two movies that are as often in a history with the first, that which was rated right beside it is nearer."""
    movies = ["near", "first", *(f"other-{n}" for n in range(10)), "far"]
    random = np.random.default_rng(0)
    lists = [[movie for movie in movies if movie[0] != "o" or random.random() < 0.8] for _ in range(30)]
    table = pl.DataFrame(
        [(f"u{user:02}", movie, 100 + place) for user, chosen in enumerate(lists) for place, movie in enumerate(chosen)]
        + [(f"v{number}", movie, 100) for number, movie in enumerate(movies)],
        schema=["user_id", "movie_id", "timestamp"],
        orient="row",
    )
    rows = Interactions.from_ratings(table.with_columns(user_rating=pl.lit(5.0)))
    near, first, far = rows.movies.encode(["near", "first", "far"])
    pairs, weight = _weighted_pairs(LinearConfig(stay=4), rows, rows.matrix, np.arange(len(rows.movies)))
    assert pairs[near, first] == pytest.approx(30 * (0.1 + 0.9 * 3 / 4))  # three of four stays hold both
    assert pairs[far, first] == pytest.approx(30 * 0.1, rel=0.1)  # hardly a list is short enough
    assert 0.1 < weight < 1
    queries, candidates = linear_vectors(LinearConfig(regularization=5.0, stay=4), rows, seed=0)
    stranger = rows.users.encode(["v1"])[0]  # knows the first movie only
    scores = candidates @ queries[stranger]
    assert scores[near] > scores[far]


def test_without_times_there_are_no_stays(rows):
    timeless = replace(rows, timestamp=None)
    plain = linear_vectors(LinearConfig(apart=1.0), rows, seed=0)
    np.testing.assert_array_equal(linear_vectors(LinearConfig(), timeless, seed=0)[0], plain[0])


def test_equal_seeds_give_equal_vectors(rows):
    one, other = (linear_vectors(LinearConfig(dimension=6), rows, seed=3) for _ in range(2))
    np.testing.assert_array_equal(one[0], other[0])


def test_in_large_catalogues_only_the_most_rated_movies_take_part(rows):
    _, candidates = linear_vectors(LinearConfig(max_movies=10), rows, seed=0)
    used = np.flatnonzero(np.abs(candidates).sum(axis=1))
    assert len(used) == 10
    assert rows.movie_counts[used].min() >= np.delete(rows.movie_counts, used).max()


def test_with_fewer_users_as_many_movies_take_part_as_the_same_memory_allows(rows):
    few = replace(rows.take(np.flatnonzero(rows.user < 10)), timestamp=None)
    config = LinearConfig(max_movies=20)
    assert len(few.movies) > 35
    assert participants(config, few) == int(np.sqrt(4 * 20**2 + 5**2) - 5)
    assert participants(config, replace(rows, timestamp=None)) == 20  # no fewer users than movies


@pytest.mark.parametrize("field", ["regularization", "stay", "apart", "dimension", "max_movies"])
def test_nonsense_is_refused(field):
    with pytest.raises(ValueError, match=f"{field}: expected .* got 0"):
        LinearConfig(**{field: 0})


def test_fewer_users_than_movies_give_the_same_weights(rows):
    few = rows.matrix[:25]
    for penalty in (7.0, np.linspace(2.0, 9.0, few.shape[1])):
        expected = item_weights(few.T @ few, penalty)
        np.testing.assert_allclose(item_weights_by_users(few, penalty), expected, atol=1e-5)


def test_float32_is_precise_enough(rows, monkeypatch):
    pairs = rows.matrix.T @ rows.matrix
    expected = item_weights(pairs, 7.0)
    monkeypatch.setattr("tfrs_lab.models.closed_form.linear._PRECISE", 10)
    np.testing.assert_allclose(item_weights(pairs, 7.0), expected, atol=1e-5)


def test_the_largest_weights_stand_for_the_map(rows, scores):
    solved = solve_linear(LinearConfig(regularization=2.0, apart=1.0), rows)
    histories = rows.matrix.astype(bool).astype(np.float32)  # in no order
    every = solved.nearest(rows, 100)
    assert every.weights.nnz == 40 * 40
    np.testing.assert_allclose(every.scores(histories).toarray(), scores, atol=1e-4)
    few = solved.nearest(rows, 3)
    for row in range(40):
        kept = few.weights[row].tocoo()
        assert set(kept.col) == set(np.argsort(-np.abs(solved.weights[row]))[:3])
        np.testing.assert_array_equal(kept.data, solved.weights[row, kept.col])


def test_movies_without_a_row_score_zero(rows):
    kept = rows.movie != 3
    bare = replace(rows, user=rows.user[kept], movie=rows.movie[kept], timestamp=None, rating=None)
    queries, candidates = linear_vectors(LinearConfig(), bare, seed=0)
    scores = queries @ candidates.T
    assert np.isfinite(scores).all()
    np.testing.assert_allclose(scores[:, 3], 0.0, atol=1e-6)
