"""TensorFlow and TensorFlow Recommenders, imported with the Keras that TFRS needs.

Every module that needs TensorFlow says ``from tfrs_lab.models.backend import tf, tfrs``.
"""

import os

# Level 3 hides "no CUDA" and the like, which look like errors and are none; real errors raise exceptions.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf


def require_keras_2() -> None:
    """Checks that ``tf.keras`` is Keras 2.

    Raises:
        ImportError: This process imported Keras 3 first.
    """
    if not tf.keras.layers.Layer.__module__.startswith("tf_keras"):
        raise ImportError(
            f"TensorFlow Recommenders needs Keras 2 (the package tf-keras), but this process has already loaded Keras "
            f"{tf.keras.__version__}. Start a new process or notebook kernel and either import `tfrs_lab` before "
            "tf.keras is used or set the environment variable TF_USE_LEGACY_KERAS=1."
        )


require_keras_2()

import tensorflow_recommenders as tfrs

__all__ = ["tf", "tfrs"]
