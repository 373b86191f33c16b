"""The only module here that imports TensorFlow, and ScaNN before a model is loaded."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

# Level 3 hides "no CUDA" and the like, which look like errors and are none; real errors raise exceptions.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf
from google.protobuf import json_format
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import saved_model_pb2

ERRORS = tf.errors.OpError
BAD_INPUT = (tf.errors.InvalidArgumentError, tf.errors.FailedPreconditionError, tf.errors.OutOfRangeError)

_parameters = inspect.signature(json_format.MessageToDict).parameters
_PRINT_DEFAULTS = next(  # its name before and since protobuf 5; TensorFlow 2.16, on a Mac, comes with 4
    name for name in ("always_print_fields_with_no_presence", "including_default_value_fields") if name in _parameters
)


def load_graph(directory: Path) -> Any:
    """The graph for serving in ``saved_model.pb``, a ``MetaGraphDef``."""
    file = directory / "saved_model.pb"
    model = saved_model_pb2.SavedModel()
    try:
        model.ParseFromString(file.read_bytes())
    except DecodeError as error:
        raise ValueError(f"{file}: expected a SavedModel, got {error}") from None
    for graph in model.meta_graphs:
        if tf.saved_model.SERVING in graph.meta_info_def.tags:
            return graph
    raise ValueError(f"{file}: expected a SavedModel with the tag {tf.saved_model.SERVING!r}, got none")


def load_functions(directory: Path) -> tuple[Any, dict[str, Any]]:
    """Loads a SavedModel.

    Returns:
        What has to stay alive, and signature name → function of named tensors.

    Raises:
        ImportError: Its index needs ScaNN, which is not installed.
    """
    installed = importlib.util.find_spec("scann") is not None
    if installed if (kind := _index_kind(directory)) is None else kind == "scann":
        if not installed:
            raise ImportError(f"{directory}: expected the package scann, which its index needs, got none (Linux only)")
        importlib.import_module("scann")  # registers the operators that an index needs
    loaded = tf.saved_model.load(str(directory))
    return loaded, dict(loaded.signatures)


def _index_kind(directory: Path) -> str | None:
    """What ``assets.extra/index.json`` says of the index; None where it says nothing."""
    try:
        return str(json.loads((directory / "assets.extra" / "index.json").read_text(encoding="utf-8"))["kind"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def call(function: Any, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Calls a signature's function.

    Args:
        function: One of ``load_functions``.
        arrays: Input name → array of the right type; strings as an object array of bytes.

    Returns:
        Output name → array.
    """
    outputs = function(**{name: tf.constant(array) for name, array in arrays.items()})
    return {name: tensor.numpy() for name, tensor in outputs.items()}


def type_name(number: int) -> str:
    """TensorFlow's name of a ``DataType``."""
    return tf.as_dtype(number).name


def make_ndarray(proto: Any) -> np.ndarray:
    """A ``TensorProto``'s values."""
    return tf.make_ndarray(proto)


def to_dict(message: Any) -> dict[str, Any]:
    """A protocol buffer as TensorFlow Serving writes it in JSON."""
    return json_format.MessageToDict(message, preserving_proto_field_name=True, **{_PRINT_DEFAULTS: True})
