"""Processes and devices that train one model together, by ``tf.distribute``."""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tfrs_lab.data import DataError
from tfrs_lab.models.backend import tf

StrategyName = Literal["mirrored", "multi-worker"]

LOST = (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError)
"""Errors raised when a peer worker is lost."""

EXAMPLE = '{"cluster": {"worker": ["host-a:2222", "host-b:2222"]}, "task": {"type": "worker", "index": 0}}'


@dataclass(frozen=True)
class Cluster:
    """The processes that train together, as seen from one of them.

    Attributes:
        strategy: Creates the variables of a model in its scope, and reads its batches.
        index: Rank of this process; rank 0 is the chief and writes the run directory.
        workers: Number of processes.
    """

    strategy: tf.distribute.Strategy
    index: int = 0
    workers: int = 1

    @property
    def is_chief(self) -> bool:
        """Whether this process writes the run directory."""
        return self.index == 0

    def from_chief(self, content: bytes) -> bytes:
        """Collective broadcast: every process calls it and gets the chief's content."""
        if self.workers == 1:
            return content
        length = np.int32(len(content)).tobytes()
        words = np.frombuffer(length + content + bytes(-len(content) % 4), np.int32)
        received = self._first_of_all(tf.constant(words)).numpy()
        return received[1:].tobytes()[: received[0]]

    @cached_property
    def _first_of_all(self) -> Callable[[tf.Tensor], tf.Tensor]:
        """From words [n] int32 of each process to those of the chief."""

        def of_first(words: tf.Tensor) -> tf.Tensor:
            context = tf.distribute.get_replica_context()
            sent = tf.where(tf.equal(context.replica_id_in_sync_group, 0), tf.shape(words)[0], 0)
            return context.all_gather(words[:sent], axis=0)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.int32)])
        def of_all(words: tf.Tensor) -> tf.Tensor:
            return self.strategy.experimental_local_results(self.strategy.run(of_first, args=(words,)))[0]

        return of_all

    def object_from_chief(self, content: Any) -> Any:
        """The same for JSON values."""
        return json.loads(self.from_chief(json.dumps(content).encode()))

    def files_from_chief(self, directory: Path) -> None:
        """Copies the files of the chief's flat directory to the other processes' directories, which may be missing."""
        directory.mkdir(parents=True, exist_ok=True)
        packed = io.BytesIO()
        if self.is_chief:
            with tarfile.open(fileobj=packed, mode="w") as archive:
                for file in sorted(directory.iterdir()):
                    archive.add(file, file.name)
        content = self.from_chief(packed.getvalue())
        if not self.is_chief:
            with tarfile.open(fileobj=io.BytesIO(content)) as archive:
                archive.extractall(directory, filter="data")


def join(name: StrategyName) -> Cluster:
    """Joins those who train together; waits until all workers are there. To be called before TensorFlow is used.

    Raises:
        DataError: TF_CONFIG is missing or names something else.
    """
    if name == "mirrored":
        return Cluster(tf.distribute.MirroredStrategy())
    index, workers = _task(os.environ.get("TF_CONFIG", ""))
    return Cluster(tf.distribute.MultiWorkerMirroredStrategy(), index, workers)


def _task(config: str) -> tuple[int, int]:
    """This process's number among the workers, and how many there are, from TF_CONFIG."""
    wanted = f"--distribute multi-worker: expected the environment variable TF_CONFIG, such as '{EXAMPLE}'"
    try:
        content: Any = json.loads(config)
        workers, task = content["cluster"]["worker"], content["task"]
        index = int(task["index"])
    except (ValueError, KeyError, TypeError):
        raise DataError(f"{wanted}, got {config!r}") from None
    if set(content["cluster"]) != {"worker"} or task["type"] != "worker" or not 0 <= index < len(workers):
        raise DataError(f"{wanted}, with workers only and an index of one of them, got {config!r}")
    return index, len(workers)
