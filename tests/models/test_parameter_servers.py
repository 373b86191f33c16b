"""Tables larger than a machine: cut in parts that lie on parameter servers, of which a step touches only some rows."""

import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import os
import socket

import numpy as np
import polars as pl

from data import Interactions
from models.backend import tf
from models.config import PairConfig
from models.pair import build_pair
from models.training_data import TrainingData

os.environ["TF_GRPC_REUSE_PORT"] = "1"
held = [socket.socket() for _ in range(4)]  # bound and kept, so that nobody else is given the ports
for one in held:
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    one.bind(("127.0.0.1", 0))
ports = [f"127.0.0.1:{one.getsockname()[1]}" for one in held]
cluster = tf.train.ClusterSpec({"worker": ports[:2], "ps": ports[2:]})
threads = tf.compat.v1.ConfigProto(inter_op_parallelism_threads=4)  # with fewer, servers on few cores can block
servers = [tf.distribute.Server(cluster, job, number, config=threads) for job in ("worker", "ps") for number in (0, 1)]
strategy = tf.distribute.ParameterServerStrategy(
    tf.distribute.cluster_resolver.SimpleClusterResolver(cluster, rpc_layer="grpc"),
    variable_partitioner=tf.distribute.experimental.partitioners.FixedShardsPartitioner(2),
)

rng = np.random.default_rng(0)
table = pl.DataFrame({"user_id": rng.integers(40, size=903), "movie_id": np.minimum(rng.geometric(0.03, 903), 99)})
data = TrainingData.without_features(Interactions.from_ratings(table.unique().with_columns(pl.all().cast(pl.String))))
config = PairConfig(dimension=8, batch_size=100, optimizer="adagrad", learning_rate=0.3, bias=True)
with strategy.scope():
    pair = build_pair(config, data, 0)
    pair.compile(optimizer=pair.new_optimizer())

where = {variable.device for variable in pair.trainable_variables}
assert where == {f"/job:ps/replica:0/task:{number}/device:CPU:0" for number in range(2)}, where
assert len(pair.trainable_variables) == 6  # users, movies, biases; each in two parts

batch = pair.objective.example(tf.range(100))
graph = tf.function(lambda: pair.compute_loss(batch)).get_concrete_function().graph
whole = [one.outputs[0].shape for one in graph.get_operations() if one.type == "ReadVariableOp"]
assert all(shape.rank == 0 for shape in whole), whole  # of tables, rows are gathered; none is read

fitted = pair.fit(pair.batches(0, 0, 12), epochs=12, steps_per_epoch=pair.steps_per_epoch, verbose=0)
losses = fitted.history["loss"]
assert losses[-1] < losses[0] - 0.3, losses
assert int(pair.steps.numpy()) == 12 * pair.steps_per_epoch
queries, candidates = pair.vectors()
assert queries.shape == (data.users, 9) and candidates.shape == (data.movies, 9)
print("trained", flush=True)
os._exit(0)  # servers in a process with their coordinator have no orderly end
"""


@pytest.mark.slow
def test_a_pair_trains_with_its_tables_cut_over_two_parameter_servers():
    root = Path(__file__).parent.parent.parent
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False, cwd=root)
    assert "trained" in done.stdout, done.stderr[-3000:]
