"""What follows what: counted by hand, chosen, and the same in the graph."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse import random as random_matrix

from tests.models.timed_rows import interactions, places, ring, watched
from tfrs_lab.models.closed_form.neighbours import NeighbourTable, add_to, recent_places, strongest
from tfrs_lab.models.closed_form.transitions import TransitionsConfig, choose_transitions, fit_transitions

PLAIN = TransitionsConfig(reach=2, reach_decay=0.5, backward=0.0, row_power=0.0, column_power=0.0, shrink=1.0)
"""Counts as they are."""


def weights(config, *histories, **options):
    return fit_transitions(config, watched(*histories, **options)).weights.toarray()


def test_counts_by_hand():
    """0, 1, 2 and 0, 1: 1 comes after 0 twice, 2 after 1 once, and 2 two places after 0, which counts half."""
    np.testing.assert_allclose(weights(PLAIN, [0, 1, 2], [0, 1]), [[0, 2, 0.5], [0, 0, 1], [0, 0, 0]])
    np.testing.assert_allclose(weights(replace(PLAIN, reach=1), [0, 1, 2], [0, 1]), [[0, 2, 0], [0, 0, 1], [0, 0, 0]])
    reach = replace(PLAIN, reach=99)  # further than any history
    np.testing.assert_allclose(weights(reach, [0, 1, 2], [0, 1]), [[0, 2, 0.5], [0, 0, 1], [0, 0, 0]])


def test_what_comes_before_counts_as_much_as_said():
    both = weights(replace(PLAIN, backward=0.25), [0, 1, 2], [0, 1])
    np.testing.assert_allclose(both, [[0, 2, 0.5], [0.5, 0, 1], [0.125, 0.25, 0]])


def test_weights_are_the_formula():
    config = replace(PLAIN, backward=0.25, row_power=0.5, column_power=0.3, shrink=10.0)
    counts = np.array([[0, 2, 0.5], [0.5, 0, 1], [0.125, 0.25, 0]])
    before, after = counts.sum(axis=1) + 10, counts.sum(axis=0) + 10
    np.testing.assert_allclose(
        weights(config, [0, 1, 2], [0, 1]), counts / (before[:, None] ** 0.5 * after**0.3), rtol=1e-5
    )


def test_one_users_movies_do_not_follow_anothers_and_time_is_the_order():
    assert weights(PLAIN, [0], [1], [2]).sum() == 0
    backwards = interactions([(0, 0, 2.0), (0, 1, 1.0), (0, 2, 0.0)])
    np.testing.assert_allclose(fit_transitions(PLAIN, backwards).weights.toarray()[2], [0.5, 1, 0])
    rows_alone = weights(PLAIN, [0, 1, 2], timestamps=False)
    np.testing.assert_allclose(rows_alone, weights(PLAIN, [0, 1, 2]))


def test_only_the_strongest_followers_are_kept():
    few = weights(replace(PLAIN, neighbours=1), [0, 1, 2], [0, 1])
    np.testing.assert_allclose(few, [[0, 2, 0], [0, 0, 1], [0, 0, 0]])
    table = random_matrix(30, 30, 0.5, format="csr", random_state=0, dtype=np.float32)
    kept = strongest(table, 4).toarray()
    for row, whole in zip(kept, table.toarray(), strict=True):
        np.testing.assert_array_equal(np.sort(row)[-4:], np.sort(whole)[-4:])
        assert np.count_nonzero(row) == 4


def test_the_latest_movies_count_most_and_only_so_many():
    table = NeighbourTable(csr_matrix(np.eye(4, dtype=np.float32)), latest=2, decay=0.5)
    history = places(4, [3, 0, 1], [2], [])
    np.testing.assert_allclose(table.scores(history).toarray(), [[0.5, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]])
    long = replace(table, latest=9).times(2.0)
    np.testing.assert_allclose(long.scores(history).toarray()[0], [1, 2, 0, 0.5])


def test_a_history_of_unknown_order_adds_nothing():
    table = NeighbourTable(csr_matrix(np.ones((3, 3), np.float32)), latest=2, decay=0.5)
    history = csr_matrix(np.array([[1.0, 1, 0], [0, 5, 0], [1, 2, 0]]))
    assert table.scores(history).sum(axis=1).ravel().tolist() == [[0.0, 3.0, 4.5]]


def test_recent_places_say_what_the_whole_histories_say():
    histories = [[0, 1, 2, 3], [3], [2, 0, 1]]
    table = fit_transitions(replace(PLAIN, latest=2), watched(*histories))
    recent = recent_places(watched(*histories), table.latest)
    assert np.diff(recent.indptr).tolist() == [2, 1, 2]
    np.testing.assert_allclose(table.scores(recent).toarray(), table.scores(places(4, *histories)).toarray())


def test_what_is_added_lands_where_it_belongs():
    scores = np.zeros((2, 3), np.float32)
    add_to(scores, csr_matrix(([1.0, 2.0, 4.0], ([0, 0, 1], [2, 2, 0])), shape=(2, 3)))
    np.testing.assert_array_equal(scores, [[0, 0, 3], [4, 0, 0]])


def far_apart(users=80, pairs=10, between=14):
    """Movie p is followed by movie p + pairs, but so many others, drawn at random, come between."""
    random = np.random.default_rng(0)
    fillers = np.arange(2 * pairs, 100)
    drawn = [random.choice(fillers, between, replace=False).tolist() for _ in range(users)]
    return watched(*([user % pairs, *drawn[user], user % pairs + pairs] for user in range(users)))


def test_the_search_finds_a_longer_reach_where_partners_are_far_apart():
    rows, first = far_apart(), np.arange(10)
    asked = places(len(rows.movies), *([movie] for movie in first))

    def share(table):
        return float((table.scores(asked).toarray().argmax(axis=1) == first + 10).mean())

    start = TransitionsConfig()
    chosen = choose_transitions(start, rows, share)
    assert share(fit_transitions(start, rows)) == 0
    assert share(fit_transitions(chosen, rows)) == 1
    assert (chosen.reach, chosen.reach_decay) == (40, 0.95)


def test_the_search_changes_nothing_where_nothing_is_better():
    start = TransitionsConfig(latest=3, neighbours=7)
    assert choose_transitions(start, watched(*ring()), lambda table: 1.0) == start
    memory = choose_transitions(start, watched(*ring()), lambda table: table.decay)
    assert memory == replace(start, latest_decay=0.9)


def test_what_comes_next_on_a_ring_is_found():
    table = fit_transitions(TransitionsConfig(backward=0.0, reach=3, latest_decay=0.2), watched(*ring()))
    asked = places(20, *([(start + step) % 20 for step in range(4)] for start in range(20)))
    scores = table.scores(asked).toarray()
    scores[asked.nonzero()] = -np.inf
    assert scores.argmax(axis=1).tolist() == [(start + 4) % 20 for start in range(20)]


@pytest.mark.parametrize("rows", [[(0, 0, 0.0)], [(0, 0, 0.0), (1, 1, 1.0)], [(0, 0, 0.0), (0, 1, 0.0)]])
def test_tiny_data(rows):
    known = interactions(rows)
    table = fit_transitions(TransitionsConfig(), known)
    assert table.weights.shape == (len(known.movies), len(known.movies))
    assert np.isfinite(table.scores(recent_places(known, 5)).toarray()).all()


@pytest.mark.parametrize("values", [{"latest_decay": 0.0}, {"reach_decay": 1.1}, {"reach": 0}, {"backward": -0.1}])
def test_bad_settings_are_refused(values):
    with pytest.raises(ValueError, match=next(iter(values))):
        TransitionsConfig(**values)
