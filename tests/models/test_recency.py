"""The time part: planted trends and orders are found, and nothing breaks where there is no time."""

import numpy as np
import polars as pl
import pytest

from tfrs_lab.data import Interactions
from tfrs_lab.models.closed_form.recency import RecencyPart, fit_recency_part
from tfrs_lab.models.closed_form.recency_config import RecencyConfig, RecencyWeights
from tfrs_lab.models.closed_form.trends import trends

DAY = 86_400


def interactions(rows: list[tuple[int, int, float]], timestamps: bool = True) -> Interactions:
    """Rows of (user, movie, day)."""
    users, movies, days = zip(*rows, strict=True)
    table = pl.DataFrame({"user_id": [f"{user:04}" for user in users], "movie_id": [f"{movie:04}" for movie in movies]})
    if timestamps:
        table = table.with_columns(timestamp=pl.Series([round(day * DAY) for day in days], dtype=pl.Int64))
    return Interactions.from_ratings(table)


def drifting(users: int, movies: int = 12) -> Interactions:
    """User u comes on day u and rates three movies around movie u · movies / users: tastes move on with time."""
    rng = np.random.default_rng(5)
    rows = []
    for user in range(users):
        centre = user * (movies - 1) / users
        near = np.argsort(np.abs(np.arange(movies) - centre) + 0.3 * rng.random(movies))[:3]
        rows += [(user, int(movie), user + place / 100) for place, movie in enumerate(near)]
    return interactions(rows)


def shuffled_popularity() -> list[tuple[int, int, float]]:
    """Movie m is rated by 10 · (m + 1) of 60 users, whose days are drawn at random: popularity is constant in time."""
    rng = np.random.default_rng(0)
    return [
        (int(user), movie, float(user % 20) + movie / 100)
        for movie in range(5)
        for user in rng.choice(60, 10 * (movie + 1), replace=False)
    ]


def unknown_scores(part: RecencyPart) -> np.ndarray:
    return part.candidates @ part.unknown


def test_what_became_popular_lately_is_preferred_for_unknown_users() -> None:
    part = fit_recency_part(RecencyConfig(), drifting(120), seed=0)
    scores = unknown_scores(part)
    assert set(np.argsort(-scores)[:3]) == {9, 10, 11}
    assert scores[11] - scores[0] > 1


def test_constant_popularity_gives_popularity_order() -> None:
    part = fit_recency_part(RecencyConfig(), interactions(shuffled_popularity()), seed=0)
    assert np.argmax(unknown_scores(part)) == 4
    plain = fit_recency_part(RecencyConfig(snapshots=0), interactions(shuffled_popularity()), seed=0)
    assert np.argsort(-unknown_scores(plain)).tolist() == [4, 3, 2, 1, 0]


def test_without_timestamps_it_is_log_popularity() -> None:
    rows = interactions(shuffled_popularity(), timestamps=False)
    part = fit_recency_part(RecencyConfig(), rows, seed=0)
    logs = np.log(np.array([10, 20, 30, 40, 50]) + 0.5)
    expected = (logs - logs.mean()) / logs.std()
    np.testing.assert_allclose(unknown_scores(part), expected, rtol=1e-5)
    np.testing.assert_allclose(part.queries @ part.candidates.T, np.tile(expected, (len(rows.users), 1)), rtol=1e-5)


def test_the_decayed_count_is_as_computed_by_hand() -> None:
    # Users 0 and 1 are newcomers with every row. As of day 4, half-life 2: movie 0 counts 2^-2, movie 1 counts 1.
    rows = interactions([(0, 0, 0), (1, 1, 4)])
    columns = trends(RecencyConfig(half_lives_days=(2.0,), prior=1.0), rows, 4 * DAY)
    popularity = np.array([0.5, 0.5])
    decayed = (np.array([0.25, 1.0]) + popularity) / (1.25 + 1)
    np.testing.assert_allclose(columns[:, 0], np.log(popularity))
    np.testing.assert_allclose(columns[:, 2], np.log(decayed))
    np.testing.assert_allclose(columns[:, 4], np.log(popularity))  # no returning user: the prior alone
    np.testing.assert_allclose(columns[:, 5], np.log1p(np.array([4, 0]) / 30))


def test_trends_ignore_rows_after_the_moment() -> None:
    rows = [(0, 0, 0.0), (1, 1, 1.0), (1, 0, 5.0), (2, 1, 9.0)]
    early = interactions(rows[:2])
    full = trends(RecencyConfig(), interactions(rows), DAY)
    np.testing.assert_allclose(full, trends(RecencyConfig(), early, DAY))


def chain(users: int = 40, movies: int = 20) -> Interactions:
    """User u rates five movies in a row on a circle, beginning at movie u: movie m is followed by m + 1."""
    return interactions([(u, (u + step) % movies, u + step / 100) for u in range(users) for step in range(5)])


def test_the_session_knows_what_comes_next() -> None:
    part = fit_recency_part(RecencyConfig(shrink=1.0), chain(), seed=0)
    part = part.weighted(RecencyWeights(trend=0.0, session=1.0, now="user"))
    scores = part.queries @ part.candidates.T
    for user in range(40):
        rated = [(user + step) % 20 for step in range(5)]
        scores[user, rated] = -np.inf
    assert np.argmax(scores, axis=1).tolist() == [(user + 5) % 20 for user in range(40)]


def test_an_ended_session_counts_less_at_the_latest_row() -> None:
    part = fit_recency_part(RecencyConfig(), chain(), seed=0).weighted(RecencyWeights(trend=0.0, session=1.0))
    deviation = (part.queries @ part.candidates.T).std(axis=1)
    idle_days = 39.0 - np.arange(40)
    np.testing.assert_allclose(deviation, np.exp2(-idle_days / 3), rtol=1e-4)


def test_blocks_are_standardised() -> None:
    part = fit_recency_part(RecencyConfig(), drifting(120), seed=0)
    np.testing.assert_allclose(part.candidates.mean(axis=0), 0, atol=1e-5)
    for weights in (RecencyWeights(1.0, 0.0), RecencyWeights(0.0, 1.0, "user")):
        scores = part.weighted(weights).queries @ part.candidates.T
        np.testing.assert_allclose(scores.std(axis=1), 1, rtol=1e-3)


def test_weights_of_zero_leave_nothing_for_known_users_and_all_for_unknown_ones() -> None:
    part = fit_recency_part(RecencyConfig(), drifting(120), seed=0)
    none = part.weighted(RecencyWeights(trend=0.0, session=0.0))
    assert not none.queries.any()
    np.testing.assert_array_equal(none.unknown, part.unknown)
    assert part.unknown.any()


def test_the_same_seed_gives_the_same_vectors() -> None:
    first, second = (fit_recency_part(RecencyConfig(), drifting(60), seed=3) for _ in range(2))
    np.testing.assert_array_equal(first.queries, second.queries)
    np.testing.assert_array_equal(first.candidates, second.candidates)


def test_sparse_and_dense_counting_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    dense = fit_recency_part(RecencyConfig(), drifting(60), seed=0)
    monkeypatch.setattr("tfrs_lab.models.closed_form.transitions._DENSE_CELLS", 0)
    sparse = fit_recency_part(RecencyConfig(), drifting(60), seed=0)
    np.testing.assert_allclose(sparse.queries @ sparse.candidates.T, dense.queries @ dense.candidates.T, atol=1e-4)


@pytest.mark.parametrize(
    "rows",
    [
        [(0, 0, 0.0)],
        [(0, 0, 0.0), (0, 1, 0.0)],
        [(0, 0, 0.0), (1, 0, 1.0), (2, 0, 2.0)],
        [(user, movie, 0.0) for user in range(4) for movie in range(3)],
    ],
    ids=["one row", "one user", "one movie", "one moment"],
)
def test_tiny_data(rows: list[tuple[int, int, float]]) -> None:
    for timestamps in (True, False):
        known = interactions(rows, timestamps)
        part = fit_recency_part(RecencyConfig(), known, seed=0)
        assert part.queries.shape == (len(known.users), part.candidates.shape[1])
        assert part.unknown.shape == part.candidates.shape[1:]
        assert part.candidates.dtype == part.queries.dtype == part.unknown.dtype == np.float32
        assert np.isfinite(part.queries @ part.candidates.T).all()
        assert np.isfinite(unknown_scores(part)).all()


def test_no_rows_are_refused() -> None:
    none = Interactions.from_ratings(pl.DataFrame(schema={"user_id": pl.String, "movie_id": pl.String}))
    with pytest.raises(ValueError, match="rows: expected at least one row, got 0"):
        fit_recency_part(RecencyConfig(), none, seed=0)


@pytest.mark.parametrize(
    ("config", "values", "message"),
    [
        (RecencyConfig, {"half_lives_days": ()}, "half_lives_days"),
        (RecencyConfig, {"half_lives_days": (3.0, -1.0)}, "half_lives_days"),
        (RecencyConfig, {"horizon": 1.0}, "horizon"),
        (RecencyConfig, {"latest_decay": 0.0}, "latest_decay"),
        (RecencyConfig, {"session_dimension": 0}, "session_dimension"),
        (RecencyWeights, {"trend": -1.0}, "trend"),
        (RecencyWeights, {"now": "soon"}, "now"),
    ],
)
def test_bad_settings_are_refused(config: type, values: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        config(**values)
