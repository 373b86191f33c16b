"""What all trained models share: data, loop, callbacks, optimizers, replicas, shards, warm start."""
