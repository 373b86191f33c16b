"""Histories in order of time, their windows, and batches of windows of like length."""

import numpy as np
import pytest

from tests.models.timed_rows import interactions, watched
from tfrs_lab.models.training.histories import Histories

LENGTHS = [1, 2, 5, 9, 23]


@pytest.fixture(scope="module")
def histories():
    """Of these lengths, one user each."""
    return Histories.from_interactions(watched(*(list(range(length)) for length in LENGTHS)))


@pytest.fixture(scope="module")
def many():
    """Of 400 users, most of them short, as in shops."""
    lengths = np.minimum(1 + np.random.default_rng(0).geometric(0.15, 400), 60)
    return Histories.from_interactions(watched(*(list(range(length)) for length in [60, *lengths])))


def batches(histories, length=4, positions=16, seed=0, epochs=range(1)):
    return list(histories.batches(length, positions, seed, epochs))


def targets(histories, batch, length):
    """[windows] how many movies each predicts."""
    return np.minimum(batch["end"] - histories.starts[batch["user"]], length)


def test_histories_are_in_order_of_time_then_of_rows_without_repetitions():
    first = [(0, 5, 3), (0, 6, 1), (0, 7, 1), (0, 5, 9), (0, 8, 3)]
    rows = [*first, (1, 1, 4), (1, 2, 4), *((2, movie, 0) for movie in range(9))]
    found = Histories.from_interactions(interactions(rows))
    assert found.movie[:6].tolist() == [6, 7, 5, 8, 1, 2]
    assert found.starts.tolist() == [0, 4, 6, 15]
    assert Histories.from_interactions(interactions(rows, timestamps=False)).movie[:6].tolist() == [5, 6, 7, 8, 1, 2]


def test_windows_cover_every_target_and_stay_within_the_user(histories):
    for epoch in range(20):
        users, ends = histories.windows(4, seed=0, epoch=epoch)
        assert sorted(users) == sorted(histories.window_users(4))
        covered = {(user, row) for user, end in zip(users, ends, strict=True) for row in range(end - 3, end + 1)}
        for user, start in enumerate(histories.starts[:-1]):
            assert {(user, row) for row in range(start + 1, start + LENGTHS[user])} <= covered
            assert all(start < end < start + LENGTHS[user] for u, end in zip(users, ends, strict=True) if u == user)


@pytest.mark.parametrize("positions", [1, 7, 16, 200, 10**6])
def test_every_window_comes_once_in_as_many_batches_as_said_none_of_them_empty(many, histories, positions):
    for one, length in ((many, 20), (many, 4), (histories, 20)):
        for epoch in range(3):
            found = batches(one, length, positions, epochs=range(epoch, epoch + 1))
            assert len(found) == one.steps(length, positions)
            assert min(len(batch["user"]) for batch in found) > 0
            together = {name: np.concatenate([batch[name] for batch in found]) for name in ("user", "end")}
            windows = np.stack(one.windows(length, seed=0, epoch=epoch), axis=1)
            assert sorted(map(tuple, np.stack(list(together.values()), axis=1))) == sorted(map(tuple, windows))


def test_batches_have_windows_of_like_length_and_about_as_many_positions_as_said(many):
    found = batches(many, length=20, positions=200)
    of_batches = [targets(many, batch, 20) for batch in found]
    used, padded = (sum(map(reach, of_batches)) for reach in (np.sum, lambda one: len(one) * one.max()))
    assert used / padded > 0.7
    assert all(100 <= one.sum() <= 220 for one in of_batches)
    drawn = np.random.default_rng(0).permutation(np.concatenate(of_batches))
    assert used / sum(len(one) * one.max() for one in np.array_split(drawn, len(found))) < 0.6


def test_batches_come_in_random_order_not_the_short_ones_first(many):
    longest = [[targets(many, batch, 20).max() for batch in batches(many, 20, 200, seed)] for seed in range(5)]
    assert all(one != sorted(one) for one in longest)


def test_batches_are_a_function_of_seed_and_epoch(many):
    def plain(**options):
        return [{name: value.tolist() for name, value in batch.items()} for batch in batches(many, **options)]

    both = plain(epochs=range(2))
    steps = many.steps(4, 16)
    assert len(both) == 2 * steps
    assert both[steps:] == plain(epochs=range(1, 2))
    assert both[:steps] != both[steps:]
    assert both != plain(seed=1, epochs=range(2))
    assert len({tuple(batch["seed"]) for batch in both}) == len(both)
