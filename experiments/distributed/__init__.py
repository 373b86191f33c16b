"""Several processes: tf.distribute and sharded datasets."""
