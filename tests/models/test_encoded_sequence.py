"""A trained sequence encoder in the query tower says what the trained model says, of any history."""

import numpy as np
import pytest

from tests.models.timed_rows import in_time, places, ring, watched
from tfrs_lab.models.backend import tf
from tfrs_lab.models.retrieval.part_towers import tower_of
from tfrs_lab.models.retrieval.query_tower import Bag, QueryTower, side_by_side
from tfrs_lab.models.sequential.config import SequenceConfig
from tfrs_lab.models.sequential.model import build_sequence


@pytest.fixture(scope="module")
def rows():
    return watched(*ring(), [3], [5, 1])


@pytest.fixture(scope="module", params=["gru", "attention"])
def model(request, rows):
    """Histories are of eight movies, of which the encoder sees six."""
    config = SequenceConfig(request.param, dimension=8, max_length=6, blocks=2, dropout=0.1, positions=128, epochs=2)
    tf.keras.utils.set_random_seed(0)
    model = build_sequence(config, rows, 0)
    model.compile(optimizer=model.new_optimizer())
    model.fit(model.batches(0, 0, 2), epochs=2, steps_per_epoch=model.steps_per_epoch, verbose=0)
    return model


@pytest.fixture(scope="module")
def tower(model):
    return tower_of(model)


def test_for_training_histories_it_says_what_the_model_said(model, tower, rows):
    np.testing.assert_allclose(tower.queries(in_time(rows)), model.vectors()[0], atol=1e-5)


def test_of_other_histories_too(model, tower):
    histories = [[4, 2, 9], [], list(range(15)), [7]]
    wanted = model.encode_histories([np.array(one, np.int32) for one in histories])
    np.testing.assert_allclose(tower.queries(places(20, *histories)), wanted, atol=1e-5)


def test_a_shuffled_and_a_grown_history_are_others(tower):
    known, shuffled, grown = tower.queries(places(20, [1, 2, 3, 4], [3, 1, 4, 2], [1, 2, 3, 4, 5]))
    assert np.abs(known - shuffled).max() > 1e-2
    assert np.abs(known - grown).max() > 1e-2


def test_only_the_end_of_a_history_counts_and_holes_do_not(tower):
    end = np.array([[6, 5, 4, 3, 2, 1]], np.int32)
    longer = np.array([[9, 8, -1, 6, 5, -1, 4, 3, 2, -1, 1, -1]], np.int32)
    np.testing.assert_allclose(tower.module(longer).numpy(), tower.module(end).numpy(), atol=1e-6)


def test_it_is_scaled_turned_and_put_beside_others(tower, rows):
    history = in_time(rows)
    plain, bag = tower.queries(history), QueryTower.of(Bag(np.eye(20, 3, dtype=np.float32)))
    turn = np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32)
    np.testing.assert_allclose(tower.times(0.5).turned(turn).queries(history), 0.5 * plain @ turn, atol=1e-4)
    together = side_by_side([bag, tower]).folded().queries(history)
    np.testing.assert_allclose(together, np.hstack([bag.queries(history), plain]), atol=1e-5)


def test_it_is_stored_and_restored(tower, rows):
    state = tower.state()
    assert all(array.dtype != object for array in state.values())
    again = QueryTower.from_state(state)
    assert again.bags[0].config == tower.bags[0].config
    np.testing.assert_array_equal(again.queries(in_time(rows)), tower.queries(in_time(rows)))


def test_a_saved_model_says_the_same(tower, tmp_path):
    served = tf.Module()
    served.tower = QueryTower.from_state(tower.state()).module
    served.ask = tf.function(served.tower, input_signature=[tf.TensorSpec((None, None), tf.int32)])
    tf.saved_model.save(served, str(tmp_path))
    movies = np.array([[1, 2, 3, -1], [9, -1, 4, 0], [-1, -1, -1, -1]], np.int32)
    loaded = tf.saved_model.load(str(tmp_path))
    np.testing.assert_allclose(loaded.ask(tf.constant(movies)).numpy(), tower.module(movies).numpy(), atol=1e-6)
