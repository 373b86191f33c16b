"""Tables larger than a machine: cut in parts that lie on parameter servers, of which a step touches only some rows."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

SERVERS = """
import os
import socket

import numpy as np
import polars as pl

from tfrs_lab.data import Interactions
from tfrs_lab.models.backend import tf

os.environ["TF_GRPC_REUSE_PORT"] = "1"
held = [socket.socket() for _ in range(4)]  # bound and kept, so that nobody else is given the ports
for one in held:
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    one.bind(("127.0.0.1", 0))
ports = [f"127.0.0.1:{one.getsockname()[1]}" for one in held]
cluster = tf.train.ClusterSpec({"worker": ports[:2], "ps": ports[2:]})
threads = tf.compat.v1.ConfigProto(inter_op_parallelism_threads=4)  # with fewer, servers on few cores can block
servers = [tf.distribute.Server(cluster, job, number, config=threads) for job in ("worker", "ps") for number in (0, 1)]
rng = np.random.default_rng(0)
table = pl.DataFrame({"user_id": rng.integers(40, size=903), "movie_id": np.minimum(rng.geometric(0.03, 903), 99)})
rows = Interactions.from_ratings(table.unique().with_columns(pl.all().cast(pl.String)))
"""

CHECKS = """
where = {variable.device for variable in pair.trainable_variables}
assert where == {f"/job:ps/replica:0/task:{number}/device:CPU:0" for number in range(2)}, where
assert len(pair.trainable_variables) == 6  # users, movies, biases; each in two parts

batch = pair.objective.example(tf.range(100))
graph = tf.function(lambda: pair.compute_loss(batch)).get_concrete_function().graph
whole = [one.outputs[0].shape for one in graph.get_operations() if one.type == "ReadVariableOp"]
assert all(shape.rank == 0 for shape in whole), whole  # of tables, rows are gathered; none is read

losses = fitted.history["loss"]
assert losses[-1] < losses[0] - 0.3, losses
assert int(pair.steps.numpy()) == 12 * pair.steps_per_epoch
assert queries.shape == (data.users, 9) and candidates.shape == (data.movies, 9)
print("trained", flush=True)
os._exit(0)  # servers in a process with their coordinator have no orderly end
"""


@pytest.mark.slow
def test_a_pair_trains_with_its_tables_cut_over_two_parameter_servers():
    root = Path(__file__).parent.parent.parent
    page = (root / "docs" / "distributed.md").read_text(encoding="utf-8")
    code = SERVERS + re.findall(r"```python\n(.*?)```", page, re.DOTALL)[-1] + CHECKS
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=root)
    assert "trained" in done.stdout, done.stderr[-3000:]
