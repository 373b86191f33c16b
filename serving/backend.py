"""TensorFlow, TFRS's top-k layers and ScaNN's ops, imported with the Keras that TFRS needs."""

import importlib.util
import os
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # hides "no CUDA" and the like; real errors raise exceptions

import tensorflow as tf

tf.get_logger().setLevel("WARNING")  # less would tell where assets of a SavedModel are, twice, under a temporary name

if not tf.keras.layers.Layer.__module__.startswith("tf_keras"):
    raise ImportError(
        f"TensorFlow Recommenders needs Keras 2 (the package tf-keras), but this process has already loaded Keras "
        f"{tf.keras.__version__}. Start a new process and either import `tfrs_lab` before tf.keras is used or set the "
        "environment variable TF_USE_LEGACY_KERAS=1."
    )

from tensorflow_recommenders.layers import factorized_top_k

HAS_SCANN = importlib.util.find_spec("scann") is not None
"""ScaNN has wheels for Linux only; elsewhere brute force does everything."""


class Untracked:
    """Keeps a value out of sight of TensorFlow's bookkeeping, so that a SavedModel does not try to store it.

    Args:
        value: A Keras layer whose resources are kept elsewhere, or something that is no TensorFlow object.
    """

    def __init__(self, value: Any) -> None:
        self.value = value


__all__ = ["HAS_SCANN", "Untracked", "factorized_top_k", "tf"]
