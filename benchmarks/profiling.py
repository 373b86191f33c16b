"""What in-batch training spends its time on, by TensorFlow's own profiler.

    python -m benchmarks.profiling [--write]

MovieLens-100K's stratified split, the model of TFRS's tutorial as in ``benchmarks.training``. Milliseconds a step are
summed over threads. The profiler's own work is in them: shares are what to read. There is no target.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from tensorflow.tsl.profiler.protobuf import xplane_pb2

from benchmarks.contenders.training import tutorial_config
from benchmarks.shared.record import Record, command, cores, versions_here
from tfrs_lab.data import Interactions, load, split
from tfrs_lab.models.backend import tf
from tfrs_lab.models.training.data import TrainingData
from tfrs_lab.models.training.loop import compile_model
from tfrs_lab.models.two_tower.model import build_pair

BATCHES, EPOCHS = (1024, 8192), 4
OPERATION = re.compile(r"[^:]+:\w+")
BLOCKS = re.compile(r"/while/body/.*/while/body/|/while/while/")
VECTORS = re.compile(r"ResourceGather|Adagrad|UnsortedSegmentSum|Unique")
SOFTMAX = "softmax: scores, and gradients by them"
LOOKUP = "vectors: looked up, gradients added up, Adagrad"
OTHER, EXECUTOR = "other operations", "TensorFlow between operations"
INPUT, PYTHON = "input: shuffling and gathering rows", "Python and Keras between calls"
KINDS = (SOFTMAX, LOOKUP, OTHER, EXECUTOR, INPUT, PYTHON)


def kind(name: str) -> str:
    """What an operation "path:type" belongs to.

    >>> kind("while/body/_1/while/while/body/_111/while/while/MatMul:MatMul") == SOFTMAX
    True
    >>> kind("while/body/_1/while/query_tower/id_part_1/Gather:ResourceGather") == LOOKUP
    True
    """
    if BLOCKS.search(name):
        return SOFTMAX
    return LOOKUP if VECTORS.search(name) else OTHER


def busy(events: Any) -> float:
    """Milliseconds in which at least one of a thread's events runs; they may lie in each other."""
    total, end = 0.0, 0.0
    for event in sorted(events, key=lambda one: one.offset_ps):
        stop = event.offset_ps + event.duration_ps
        total += max(0, stop - max(end, event.offset_ps))
        end = max(end, stop)
    return total / 1e9


def by_kind(trace: Path, wall: float) -> dict[str, float]:
    """Milliseconds of each kind in a trace of training that took ``wall`` milliseconds."""
    space = xplane_pb2.XSpace()
    space.ParseFromString(trace.read_bytes())
    plane = next(plane for plane in space.planes if plane.name == "/host:CPU")
    found: dict[str, float] = defaultdict(float, {PYTHON: wall})
    for line in plane.lines:
        named = [(plane.event_metadata[event.metadata_id].name, event.duration_ps / 1e9) for event in line.events]
        if line.name.startswith("tf_data"):
            found[INPUT] += busy(line.events)
        elif line.name.startswith("tf_Compute"):
            operations = [(name, took) for name, took in named if OPERATION.fullmatch(name)]
            for name, took in operations:
                found[kind(name)] += took
            found[EXECUTOR] += busy(line.events) - sum(took for _, took in operations)
        found[PYTHON] -= sum(took for name, took in named if name.startswith("EagerLocalExecute: __inference_train"))
    return found


def profile(data: TrainingData, batch_size: int) -> dict[str, float]:
    """Milliseconds a step."""
    pair = build_pair(tutorial_config(batch_size), data, 0)
    compile_model(pair)
    steps = pair.steps_per_epoch

    def fit(epochs: int) -> float:
        started = time.perf_counter()
        pair.fit(pair.batches(0, 0, epochs), epochs=epochs, steps_per_epoch=steps, verbose=0)
        return 1e3 * (time.perf_counter() - started)

    for _ in range(2):  # the first calls also trace graphs
        fit(2)
    with tempfile.TemporaryDirectory() as folder:
        with tf.profiler.experimental.Profile(folder):
            wall = fit(EPOCHS)
        found = by_kind(next(Path(folder).rglob("*.xplane.pb")), wall)
    return {name: took / EPOCHS / steps for name, took in found.items()}


def measure() -> Record:
    """Profiles every batch size."""
    rows = Interactions.from_ratings(split(load("100k"), "stratified").train_and_validation)
    data = TrainingData.without_features(rows)
    found = {batch_size: profile(data, batch_size) for batch_size in BATCHES}
    table = []
    for name in KINDS:
        row: dict[str, Any] = {"spent on": name}
        for batch_size, one in found.items():
            row |= {f"{batch_size:,} rows, ms": one[name], f"{batch_size:,} rows": one[name] / sum(one.values())}
        table.append(row)
    columns = {title: "" if title == "spent on" else ".2f" if title.endswith("ms") else ".0%" for title in table[0]}
    conditions = ["MovieLens-100K, stratified split", "32 dimensions", "Adagrad", cores()]
    return Record("profiling", columns, table, conditions, versions_here("tensorflow", "tf-keras"), [])


main = command(__doc__, measure)


if __name__ == "__main__":
    sys.exit(main())
