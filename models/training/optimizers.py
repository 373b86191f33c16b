"""The optimizers of all models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tfrs_lab.models.backend import tf


def adam(learning_rate: Any) -> tf.keras.optimizers.legacy.Adam:
    """Adam (Kingma and Ba, ICLR 2015) with Keras's defaults.

    Keras's older one updates a weight by one fused kernel. The newer one passes through memory a dozen times instead,
    which took half of the training time of a reconstruction; it gives the same weights to rounding.
    """
    return tf.keras.optimizers.legacy.Adam(learning_rate)


def adagrad(learning_rate: Any) -> tf.keras.optimizers.legacy.Adagrad:
    """Adagrad (Duchi et al., JMLR 2011) with Keras's defaults: only the vectors that were looked up are touched.

    A step of Adam changes every row of a table, since its means decay everywhere; for tables of millions of rows that
    takes longer than all else.
    """
    return tf.keras.optimizers.legacy.Adagrad(learning_rate)


OPTIMIZERS: dict[str, Callable[[Any], Any]] = {"adam": adam, "adagrad": adagrad}


def built(optimizer: tf.keras.optimizers.legacy.Optimizer, weights: Sequence[tf.Variable]) -> Any:
    """An optimizer that has its own variables for these weights.

    Keras makes them in the first step otherwise, for which TensorFlow traces the step a second time.
    """
    optimizer._create_all_weights(weights)
    return optimizer
