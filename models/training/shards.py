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
