"""What is rising: planted trends are found, and nothing breaks where there is no time."""

import numpy as np
import pytest

from tests.models.timed_rows import DAY, interactions
from tfrs_lab.models.closed_form.trends import TrendConfig, fit_trend, trends


def drifting(users, movies=12):
    """User u comes on day u and rates three movies around movie u · movies / users: tastes move on with time."""
    rng = np.random.default_rng(5)
    rows = []
    for user in range(users):
        centre = user * (movies - 1) / users
        near = np.argsort(np.abs(np.arange(movies) - centre) + 0.3 * rng.random(movies))[:3]
        rows += [(user, int(movie), user + place / 100) for place, movie in enumerate(near)]
    return interactions(rows)


def constant():
    """Movie m is rated by 10 · (m + 1) of 60 users, whose days are drawn at random."""
    rng = np.random.default_rng(0)
    return [
        (int(user), movie, float(user % 20) + movie / 100)
        for movie in range(5)
        for user in rng.choice(60, 10 * (movie + 1), replace=False)
    ]


def test_what_became_popular_lately_is_preferred():
    for scores in fit_trend(TrendConfig(), drifting(120)):
        assert set(np.argsort(-scores)[:3]) == {9, 10, 11}
        assert scores[11] - scores[0] > 1


def test_known_and_unknown_users_have_trends_of_their_own():
    """On its first day a user rates movie 0 or 1, later ones of the others."""
    rows = [(user, user % 2, float(user)) for user in range(80)]
    rows += [(user, 2 + (user + later) % 6, user + 2.0 + later) for user in range(80) for later in range(3)]
    known, unknown = fit_trend(TrendConfig(), interactions(rows))
    assert set(np.argsort(-unknown)[:2]) == {0, 1}
    assert known[:2].max() < known[2:].max()


def test_constant_popularity_gives_popularity_order():
    assert np.argmax(fit_trend(TrendConfig(), interactions(constant()))[1]) == 4
    for scores in fit_trend(TrendConfig(snapshots=0), interactions(constant())):
        assert np.argsort(-scores).tolist() == [4, 3, 2, 1, 0]


def test_without_timestamps_it_is_log_popularity():
    logs = np.log(np.array([10, 20, 30, 40, 50]) + 0.5)
    for scores in fit_trend(TrendConfig(), interactions(constant(), timestamps=False)):
        np.testing.assert_allclose(scores, (logs - logs.mean()) / logs.std(), rtol=1e-5)


def test_the_decayed_count_is_as_computed_by_hand():
    # Users 0 and 1 are newcomers with every row. As of day 4, half-life 2: movie 0 counts 2^-2, movie 1 counts 1.
    rows = interactions([(0, 0, 0), (1, 1, 4)])
    columns = trends(TrendConfig(half_lives_days=(2.0,), prior=1.0), rows, 4 * DAY)
    popularity = np.array([0.5, 0.5])
    decayed = (np.array([0.25, 1.0]) + popularity) / (1.25 + 1)
    np.testing.assert_allclose(columns[:, 0], np.log(popularity))
    np.testing.assert_allclose(columns[:, 2], np.log(decayed))
    np.testing.assert_allclose(columns[:, 4], np.log(popularity))  # no returning user: the prior alone
    np.testing.assert_allclose(columns[:, 5], np.log1p(np.array([4, 0]) / 30))


def test_rows_after_the_moment_do_not_count():
    rows = [(0, 0, 0.0), (1, 1, 1.0), (1, 0, 5.0), (2, 1, 9.0)]
    full = trends(TrendConfig(), interactions(rows), DAY)
    np.testing.assert_allclose(full, trends(TrendConfig(), interactions(rows[:2]), DAY))


def test_scores_are_standardised_and_the_same_again():
    first, again = fit_trend(TrendConfig(), drifting(120)), fit_trend(TrendConfig(), drifting(120))
    for scores, same in zip(first, again, strict=True):
        np.testing.assert_array_equal(scores, same)
        assert scores.dtype == np.float32
        assert [scores.mean(), scores.std()] == pytest.approx([0, 1], abs=1e-5)


@pytest.mark.parametrize("timestamps", [True, False])
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
def test_tiny_data(rows, timestamps):
    known = interactions(rows, timestamps)
    for scores in fit_trend(TrendConfig(), known):
        assert scores.shape == (len(known.movies),)
        assert np.isfinite(scores).all()


@pytest.mark.parametrize(
    "values", [{"half_lives_days": ()}, {"half_lives_days": (3.0, -1.0)}, {"horizon": 1.0}, {"prior": 0.0}]
)
def test_bad_settings_are_refused(values):
    with pytest.raises(ValueError, match=next(iter(values))):
        TrendConfig(**values)
