"""Encoded train rows on disk: written once in shuffled shards, read by tf.data without ever being in memory as a whole.

A directory holds ``users.parquet`` and ``movies.parquet``, the ids with how often each occurs, and shards of two kinds,
TFRecord files of ``tf.train.Example``. In ``rows-*`` the rows are dealt out at random, so that reading on is reading in
random order; a record is a block of them, ``user`` and ``movie`` [block]. In ``users-*`` a record is a user with all
their movies, ``user`` [1] and ``movie`` [(movies)].
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix

from tfrs_lab.data import DataError, Interactions, Vocabulary, read_table
from tfrs_lab.models.backend import tf

RecordKind = Literal["rows", "users"]
BLOCK = 1024
"""Rows of a record of ``rows-*``."""
_FIELDS = {name: tf.io.RaggedFeature(tf.int64, row_splits_dtype=tf.int64) for name in ("user", "movie")}


class ShardedRows(Interactions):
    """Train rows that stay on disk, for what is trained batch by batch.

    Raises:
        DataError: A table of ids is damaged.
    """

    def __init__(self, directory: Path) -> None:
        tables = {side: read_table(directory / f"{side}.parquet") for side in ("users", "movies")}
        found = {side: Vocabulary(table["id"].to_list()) for side, table in tables.items()}
        vars(self).update(directory=directory, **found, rating=None, timestamp=None)
        vars(self)["movie_counts"] = tables["movies"]["count"].to_numpy()

    directory: Path

    def __len__(self) -> int:
        return int(self.movie_counts.sum())

    @property
    def user(self) -> np.ndarray:
        """Not there."""
        raise DataError("expected rows in memory, got shards, which only training batch by batch can read")

    movie = user

    def files(self, kind: RecordKind) -> list[str]:
        """The shards of a kind, in their order."""
        return sorted(map(str, self.directory.glob(f"{kind}-*.tfrecord")))

    @cached_property
    def matrix(self) -> csr_matrix:
        """[users, movies] float32, 1 where the user has rated the movie: eight bytes a row, read when asked for."""
        records = tf.data.TFRecordDataset(self.files("users")).batch(4096).map(parsed)
        blocks = [(one["user"].flat_values, one["movie"].row_lengths(), one["movie"].flat_values) for one in records]
        user, lengths, movie = (np.concatenate([block[place] for block in blocks]) for place in range(3))
        rows = np.repeat(user.astype(np.int32), lengths)
        ones, shape = np.ones(len(rows), np.float32), (len(self.users), len(self.movies))
        return csr_matrix((ones, (rows, movie.astype(np.int32))), shape=shape)


def parsed(records: tf.Tensor) -> dict[str, tf.RaggedTensor]:
    """``user`` and ``movie``, [records, (values)] int64, of serialized records [records]."""
    return tf.io.parse_example(records, _FIELDS)


def write_shards(rows: Interactions, directory: Path, shards: int, seed: int) -> None:
    """Writes shards of both kinds; of rows, all have equally many, but for one."""
    directory.mkdir(parents=True)
    user_counts = np.bincount(rows.user, minlength=len(rows.users))
    for side, ids, counts in (("users", rows.users.ids, user_counts), ("movies", rows.movies.ids, rows.movie_counts)):
        table = pl.DataFrame({"id": ids, "count": counts}, schema={"id": pl.String, "count": pl.Int64})
        table.write_parquet(directory / f"{side}.parquet")
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(rows)).astype(np.int64)
    matrix = rows.matrix
    matrix.sort_indices()
    users = rng.permutation(len(rows.users))
    for shard in range(shards):
        own = order[shard::shards]
        blocks = (own[start : start + BLOCK] for start in range(0, len(own), BLOCK))
        _write(directory / _name("rows", shard, shards), ((rows.user[one], rows.movie[one]) for one in blocks))
        histories = ((np.array([user]), _history(matrix, user)) for user in users[shard::shards])
        _write(directory / _name("users", shard, shards), histories)


def _history(matrix: csr_matrix, user: int) -> np.ndarray:
    return matrix.indices[matrix.indptr[user] : matrix.indptr[user + 1]]


def _name(kind: RecordKind, shard: int, shards: int) -> str:
    return f"{kind}-{shard:05d}-of-{shards:05d}.tfrecord"


def _write(file: Path, records: Iterator[Sequence[np.ndarray]]) -> None:
    with tf.io.TFRecordWriter(str(file)) as writer:
        for values in records:
            features = {
                name: tf.train.Feature(int64_list=tf.train.Int64List(value=column.tolist()))
                for name, column in zip(_FIELDS, values, strict=True)
            }
            writer.write(tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString())


OPEN = 16
"""Files that are read at a time, by turns."""
WINDOW = {"rows": 256, "users": 8192}
"""Records that are shuffled at a time: as many rows as 256 blocks hold, or as many users."""


def sharded_batches(
    rows: ShardedRows,
    kind: RecordKind,
    batch_size: int,
    seed: int,
    first_epoch: int,
    epochs: int,
    reader: tf.distribute.InputContext | None = None,
) -> tf.data.Dataset:
    """Batches epoch after epoch, of all readers together; each reader has shards of its own.

    The shards come in a new order for each epoch and are read by turns; what was read in a window is shuffled. Since
    rows and users are dealt out to the shards at random, that comes close to shuffling all.

    Returns:
        Of rows, ``user`` and ``movie`` [batch] int32; of users, ``user`` [batch] int32 and ``history``
        [batch, (movies)] ragged int32.

    Raises:
        DataError: The shards or the batch cannot be divided among the readers.
    """
    readers, number, replicas = (
        (1, 0, 1)
        if reader is None
        else (reader.num_input_pipelines, reader.input_pipeline_id, reader.num_replicas_in_sync)
    )
    files = rows.files(kind)
    if len(files) % readers or batch_size % replicas:
        raise DataError(
            f"expected shards that {readers} workers can share alike, and batches for {replicas} replicas, got "
            f"{len(files)} shards and batches of {batch_size}"
        )
    own, share = tf.constant(files[number::readers]), batch_size // replicas
    examples = len(rows) if kind == "rows" else len(rows.users)
    batches = -(-examples // batch_size) * (replicas // readers)

    def one_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
        order = tf.stack([tf.constant(seed, tf.int64), epoch])
        shuffled = tf.random.experimental.stateless_shuffle(own, order)
        records = tf.data.Dataset.from_tensor_slices(shuffled).interleave(
            tf.data.TFRecordDataset, cycle_length=OPEN, block_length=1, num_parallel_calls=2, deterministic=True
        )
        windows = records.batch(WINDOW[kind]).enumerate()
        examples = _READ[kind](windows, order, share)
        # Of a reader whose shards hold a row less, the last batch is filled up, so that no other waits for it in vain.
        return (examples if readers == 1 else examples.repeat()).take(batches)

    return tf.data.Dataset.range(first_epoch, epochs).flat_map(one_epoch)


def _rows(windows: tf.data.Dataset, order: tf.Tensor, batch_size: int) -> tf.data.Dataset:
    def shuffled(number: tf.Tensor, records: tf.Tensor) -> dict[str, tf.Tensor]:
        columns = {name: tf.cast(values.flat_values, tf.int32) for name, values in parsed(records).items()}
        places = tf.range(tf.shape(columns["user"])[0])
        places = tf.random.experimental.stateless_shuffle(places, order + (number + 1) * _APART)
        return {name: tf.gather(column, places) for name, column in columns.items()}

    return windows.map(shuffled, num_parallel_calls=2, deterministic=True).rebatch(batch_size)


def _users(windows: tf.data.Dataset, order: tf.Tensor, batch_size: int) -> tf.data.Dataset:
    def shuffled(number: tf.Tensor, records: tf.Tensor) -> tf.Tensor:
        return tf.random.experimental.stateless_shuffle(records, order + (number + 1) * _APART)

    def batch(records: tf.Tensor) -> dict[str, tf.Tensor]:
        columns = parsed(records)
        return {"user": tf.cast(columns["user"].flat_values, tf.int32), "history": tf.cast(columns["movie"], tf.int32)}

    return windows.map(shuffled).rebatch(batch_size).map(batch, num_parallel_calls=2, deterministic=True)


_APART = 1_000_003
"""Between the seeds of two windows, so that they are no other epoch's."""
_READ = {"rows": _rows, "users": _users}
