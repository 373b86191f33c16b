"""What a model needs to train on several replicas as on one: devices, or processes on several machines.

A replica has its rows of each batch. What the others hold is told by ``tf.distribute``; without a strategy there is
one replica, and nothing here does anything.
"""

from __future__ import annotations

from tfrs_lab.models.backend import tf


def gathered(ids: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The ids of the whole batch, in its order, and where this replica's are among them.

    Ids are all that goes over the network: tables are mirrored, so that each replica looks vectors up for itself, and
    the gradients of all are summed in any case.

    Args:
        ids: [rows] int32, of this replica.

    Returns:
        [batch] int32, and [rows] int32 places in it.
    """
    context = tf.distribute.get_replica_context()
    if context.num_replicas_in_sync == 1:
        return ids, tf.range(tf.shape(ids)[0])
    replica = tf.cast(context.replica_id_in_sync_group, ids.dtype)
    every = context.all_gather(tf.stack([ids, tf.fill(tf.shape(ids), replica)], axis=1), axis=0)
    return every[:, 0], tf.cast(tf.where(every[:, 1] == replica)[:, 0], tf.int32)


def over_replicas(values: tf.Tensor) -> tf.Tensor:
    """The sum of what all replicas have, of any shape."""
    context = tf.distribute.get_replica_context()
    return values if context.num_replicas_in_sync == 1 else context.all_reduce(tf.distribute.ReduceOp.SUM, values)


def replica_seed(seed: tf.Tensor) -> tf.Tensor:
    """[2] int32 for what is random row by row, so that no two replicas draw the same; the first keeps the seed."""
    replica = tf.cast(tf.distribute.get_replica_context().replica_id_in_sync_group, tf.int32)
    return seed + tf.stack([replica * 1_000_003, 0])


def own_shares(batches: tf.data.Dataset, reader: tf.distribute.InputContext) -> tf.data.Dataset:
    """Of each batch, the rows of the replicas that this process feeds, one after the other.

    Batches stay as they are and are cut in equal parts, the last batch of an epoch too, so that a step on many replicas
    is the step that one would make.

    Args:
        batches: Elements [batch].
        reader: Who reads.

    Returns:
        Elements [rows], without end: ``tf.distribute`` would else ask all processes, before each step, for the end.
    """
    here = reader.num_replicas_in_sync // reader.num_input_pipelines
    replicas = tf.range(reader.input_pipeline_id * here, (reader.input_pipeline_id + 1) * here)

    def cut(batch: tf.Tensor) -> tf.data.Dataset:
        ends = tf.stack([replicas, replicas + 1]) * tf.shape(batch)[0] // reader.num_replicas_in_sync
        return tf.data.Dataset.from_tensor_slices((ends[0], ends[1])).map(lambda start, end: batch[start:end])

    endless = tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY)
    return batches.flat_map(cut).repeat().apply(endless)
