"""Batches from shards: a new order for each epoch, a function of (seed, epoch), in a window's worth of memory."""

from __future__ import annotations

from tfrs_lab.data import DataError
from tfrs_lab.models.backend import tf
from tfrs_lab.models.training.shards import RecordKind, ShardedRows, parsed

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
