"""Shards: every row once an epoch, the same order again, parts that no two readers share."""

from types import SimpleNamespace

import numpy as np
import pytest

from tfrs_lab.data import DataError, Interactions, generate
from tfrs_lab.models.training.data import TrainingData
from tfrs_lab.models.training.shards import ShardedRows, sharded_batches, write_shards
from tfrs_lab.models.two_tower.config import PairConfig
from tfrs_lab.models.two_tower.model import build_pair


@pytest.fixture(scope="module")
def rows():
    return Interactions.from_ratings(generate(300, 200, 9_001).ratings)


@pytest.fixture(scope="module")
def stored(rows, tmp_path_factory):
    directory = tmp_path_factory.mktemp("shards") / "train"
    write_shards(rows, directory, 4, seed=1)
    return ShardedRows(directory)


def pairs(batches):
    found = [np.stack([batch["user"].numpy(), batch["movie"].numpy()], axis=1) for batch in batches]
    return [tuple(pair) for pair in np.concatenate(found).tolist()]


def reader(number, readers):
    return SimpleNamespace(num_input_pipelines=readers, input_pipeline_id=number, num_replicas_in_sync=readers)


def test_shards_hold_what_was_encoded(rows, stored):
    assert len(stored) == len(rows)
    assert stored.users == rows.users
    assert stored.movies == rows.movies
    assert (stored.movie_counts == rows.movie_counts).all()
    assert (stored.matrix != rows.matrix).nnz == 0


def test_an_epoch_has_every_row_once_in_an_order_of_its_own(rows, stored):
    epochs = [pairs(sharded_batches(stored, "rows", 512, 3, epoch, epoch + 1)) for epoch in (0, 1)]
    expected = sorted(zip(rows.user.tolist(), rows.movie.tolist(), strict=True))
    assert [sorted(epoch) for epoch in epochs] == [expected] * 2
    assert epochs[0] != epochs[1]
    assert pairs(sharded_batches(stored, "rows", 512, 3, 0, 2)) == epochs[0] + epochs[1]
    sizes = [len(batch["user"]) for batch in sharded_batches(stored, "rows", 512, 3, 0, 1)]
    assert sizes == [512] * 17 + [9_001 - 17 * 512]


def test_users_come_with_their_histories(rows, stored):
    seen = {}
    for batch in sharded_batches(stored, "users", 64, 0, 0, 1):
        seen |= dict(zip(batch["user"].numpy().tolist(), batch["history"].to_list(), strict=True))
    assert seen == {user: rows.matrix[user].indices.tolist() for user in range(len(rows.users))}


def test_two_readers_share_no_row_and_take_equally_many_steps(rows, stored):
    own = [list(sharded_batches(stored, "rows", 512, 3, 0, 1, reader(number, 2))) for number in (0, 1)]
    assert [len(batches) for batches in own] == [18, 18]
    read = [set(pairs(batches)) for batches in own]
    assert not read[0] & read[1]
    assert len(read[0] | read[1]) == len(rows)


def test_shards_that_the_readers_cannot_share_alike(stored):
    with pytest.raises(DataError, match=r"expected shards that 3 workers can share alike, .* got 4 shards"):
        sharded_batches(stored, "rows", 510, 0, 0, 1, reader(0, 3))


def test_rows_in_shards_are_not_in_memory(stored):
    with pytest.raises(DataError, match="expected rows in memory, got shards"):
        stored.movie.sum()


@pytest.mark.parametrize(("objective", "query"), [("in-batch", "id"), ("in-batch", "history"), ("softmax", "history")])
def test_training_from_shards_learns_what_training_in_memory_does(rows, stored, objective, query):
    config = PairConfig(
        query=(query,), objective=objective, dimension=8, batch_size=256, optimizer="adagrad", learning_rate=0.3
    )
    losses = []
    for source in (rows, stored):
        pair = build_pair(config, TrainingData.without_features(source), 0)
        pair.compile(optimizer=pair.new_optimizer())
        fitted = pair.fit(pair.batches(0, 0, 4), epochs=4, steps_per_epoch=pair.steps_per_epoch, verbose=0)
        losses.append(fitted.history["loss"])
        assert pair.vectors()[0].shape == (len(rows.users), 8)
    assert losses[1][-1] < losses[1][0] - 0.02
    np.testing.assert_allclose(losses[1][1:], losses[0][1:], rtol=0.02)  # the first is steep, in any order
