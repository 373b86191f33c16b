"""The optimizer of all models."""

from __future__ import annotations

from typing import Any

from models.backend import tf


def adam(learning_rate: Any) -> tf.keras.optimizers.legacy.Adam:
    """Adam (Kingma and Ba, ICLR 2015) with Keras's defaults.

    Keras's older one updates a weight by one fused kernel. The newer one passes through memory a dozen times instead,
    which took half of the training time of a reconstruction; it gives the same weights to rounding.

    Args:
        learning_rate: A number, or a schedule from the step to one.
    """
    return tf.keras.optimizers.legacy.Adam(learning_rate)
