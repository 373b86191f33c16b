"""Several replicas train as one does; on processor cores that TensorFlow takes for devices, in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tfrs_lab.models.backend import tf
from tfrs_lab.models.training.data import shuffled_batches
from tfrs_lab.models.training.replicas import own_shares

ROOT = Path(__file__).parent.parent.parent
CODE = """
import json, sys
import numpy as np
import polars as pl
from tfrs_lab.data import Interactions
from tfrs_lab.models.backend import tf
from tfrs_lab.models.two_tower.config import PairConfig
from tfrs_lab.models.two_tower.model import build_pair
from tfrs_lab.models.training.data import TrainingData

core = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(core, [tf.config.LogicalDeviceConfiguration()] * 3)
rng = np.random.default_rng(0)
table = pl.DataFrame({"user_id": rng.integers(40, size=903), "movie_id": np.minimum(rng.geometric(0.03, 903), 99)})
table = table.unique().sort("user_id", "movie_id").with_columns(pl.all().cast(pl.String))
data = TrainingData.without_features(Interactions.from_ratings(table))


def trained(config, strategy):
    with strategy.scope():
        pair = build_pair(config, data, 0)
        pair.compile(optimizer=pair.new_optimizer())
    fitted = pair.fit(pair.batches(0, 0, 3), epochs=3, steps_per_epoch=pair.steps_per_epoch, verbose=0)
    return fitted.history["loss"], *pair.vectors(), int(pair.steps.numpy())


alone, mirrored = tf.distribute.get_strategy(), tf.distribute.MirroredStrategy(["cpu:0", "cpu:1", "cpu:2"])
for fields in json.loads(sys.argv[1]):
    config = PairConfig(dimension=8, bias=True, **fields)
    one = trained(config, alone)
    three = trained(config, mirrored)
    np.testing.assert_allclose(three[0], one[0], rtol=1e-5)
    np.testing.assert_allclose(three[1], one[1], atol=1e-3)
    np.testing.assert_allclose(three[2], one[2], atol=1e-3)
    assert three[3] == one[3] > 0
    assert one[0][2] < one[0][0]
print(len(data.rows))
"""


CONFIGS = [
    {"batch_size": 100, "learning_rate": 0.01},
    # the last batch of an epoch has one row, so that two replicas have none
    {"batch_size": 146, "optimizer": "adagrad", "learning_rate": 0.3, "uniform_negatives": 20, "logq": False},
    {"batch_size": 100, "query": ["id", "history"], "history_dropout": 0.0, "remove_accidental_hits": False},
]


@pytest.mark.slow
def test_three_replicas_take_the_steps_of_one():
    words = [sys.executable, "-c", CODE, json.dumps(CONFIGS)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) % CONFIGS[1]["batch_size"] == 1


@pytest.mark.parametrize(("pipelines", "replicas"), [(1, 3), (2, 2), (2, 4)])
def test_readers_share_every_batch_between_them(pipelines, replicas):
    batches = shuffled_batches(23, 10, seed=0, first_epoch=0, epochs=2)
    readers = [tf.distribute.InputContext(pipelines, number, replicas) for number in range(pipelines)]
    here = replicas // pipelines
    shares = [iter(own_shares(batches, reader)) for reader in readers]
    for batch in batches:
        parts = [next(share) for share in shares for _ in range(here)]
        assert tf.reduce_all(tf.concat(parts, axis=0) == batch)
        sizes = [len(part) for part in parts]
        assert max(sizes) - min(sizes) <= 1
