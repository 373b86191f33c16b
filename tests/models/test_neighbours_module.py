"""Neighbours in the graph are those of the table, also in a SavedModel."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse import random as random_matrix

from tests.models.timed_rows import places
from tfrs_lab.models.backend import tf
from tfrs_lab.models.closed_form.neighbours import NeighbourTable
from tfrs_lab.models.latest_movies import latest_movies

MOVIES = 30


@pytest.fixture(scope="module")
def table():
    weights = random_matrix(MOVIES, MOVIES, 0.2, format="csr", random_state=0, dtype=np.float32)
    return NeighbourTable(weights, latest=4, decay=0.7)


@pytest.fixture(scope="module")
def histories():
    random = np.random.default_rng(0)
    return [random.choice(MOVIES, length, replace=False).tolist() for length in (9, 4, 2, 1, 0)]


def padded(histories, random):
    """[histories, any] int32 with -1 anywhere."""
    rows = np.full((len(histories), 14), -1, np.int32)
    for row, history in zip(rows, histories, strict=True):
        row[np.sort(random.choice(14, len(history), replace=False))] = history
    return rows


def added(found):
    """[batch, movies] of movies and values [batch, n]."""
    movies, values = (tensor.numpy() for tensor in found)
    row, column = np.nonzero(movies >= 0)
    entries = (values[row, column], (row, movies[row, column]))
    return csr_matrix(entries, (len(movies), MOVIES)).toarray()


def test_the_latest_movies_are_right_aligned():
    movies = np.array([[5, -1, 6, 7, -1], [-1, -1, -1, -1, -1], [-1, 8, -1, -1, -1], [1, 2, 3, 4, 5]], np.int32)
    found = latest_movies(tf.constant(movies), 3).numpy()
    assert found.tolist() == [[5, 6, 7], [-1, -1, -1], [-1, -1, 8], [3, 4, 5]]
    assert latest_movies(tf.constant(movies), 7).numpy()[3].tolist() == [-1, -1, 1, 2, 3, 4, 5]
    assert latest_movies(tf.zeros((2, 0), tf.int32), 2).numpy().tolist() == [[-1, -1]] * 2


@pytest.mark.parametrize("latest", [1, 4, 20])
def test_it_adds_what_the_table_adds(table, histories, latest):
    table = replace(table, latest=latest)
    wanted = table.scores(places(MOVIES, *histories)).toarray()
    assert (np.count_nonzero(wanted, axis=1)[:-1] > 0).all()
    movies = padded(histories, np.random.default_rng(1))
    np.testing.assert_allclose(added(table.module(tf.constant(movies))), wanted, rtol=1e-5)


def test_a_table_without_entries_adds_nothing(histories):
    empty = NeighbourTable(csr_matrix((MOVIES, MOVIES), dtype=np.float32), latest=3, decay=0.5)
    movies = padded(histories, np.random.default_rng(1))
    assert not added(empty.module(tf.constant(movies))).any()


def test_a_saved_model_adds_the_same(table, histories, tmp_path):
    served = tf.Module()
    served.neighbours = replace(table).module
    served.ask = tf.function(served.neighbours, input_signature=[tf.TensorSpec((None, None), tf.int32)])
    tf.saved_model.save(served, str(tmp_path))
    movies = tf.constant(padded(histories, np.random.default_rng(1)))
    loaded = tf.saved_model.load(str(tmp_path))
    np.testing.assert_array_equal(added(loaded.ask(movies)), added(table.module(movies)))
