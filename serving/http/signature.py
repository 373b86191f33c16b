"""What a SavedModel takes and gives, read from its ``saved_model.pb``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tfrs_lab.serving.http.tensorflow import load_graph, make_ndarray, type_name

# What an instance of the row format and a request to /api may leave out, besides what the model itself gives a default.
# Values are those of one instance.
DEFAULTS: dict[str, Any] = {
    "k": 10,
    "exclude": [],
    "genres": [],
    "year_from": 0,
    "year_to": 0,
    "diversity": 0.0,
    "include_seen": False,
}


@dataclass(frozen=True)
class Tensor:
    """A named input or output.

    Attributes:
        dtype: TensorFlow's name of the type, for instance ``string``, ``float32``.
        shape: Sizes, None where free; None if the number of dimensions is free.
        default: The model's own default, if it has one.
    """

    dtype: str
    shape: tuple[int | None, ...] | None
    default: np.ndarray | None = None

    @property
    def is_scalar(self) -> bool:
        """Whether it is one value for the whole request, not one for each row."""
        return self.shape == ()


@dataclass(frozen=True)
class Signature:
    """One way to call a model.

    Attributes:
        name: Its name.
        method: TensorFlow Serving's method, for instance ``tensorflow/serving/predict``.
        inputs: Name → input, in alphabetical order as TensorFlow Serving names them.
        outputs: Name → output, in alphabetical order.
    """

    name: str
    method: str
    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Tensor]

    @property
    def width_is_free(self) -> bool:
        """Whether rows may be padded on the right: the length of results is k, not the length of an input."""
        return "k" in self.inputs


def read_signatures(directory: Path) -> tuple[dict[str, Signature], Any]:
    """Reads the signatures of a SavedModel without loading it.

    Args:
        directory: Holds ``saved_model.pb``.

    Returns:
        The signatures that can be called, and the map of ``SignatureDef`` protocol buffers as it stands in the file.

    Raises:
        ValueError: The file is not a SavedModel for serving.
    """
    definitions = load_graph(directory).signature_def
    signatures = {
        name: Signature(
            name=name,
            method=definition.method_name,
            inputs=_tensors(definition.inputs, definition.defaults),
            outputs=_tensors(definition.outputs, {}),
        )
        for name, definition in definitions.items()
        if definition.inputs and not name.startswith("__")
    }
    return signatures, definitions


def _tensors(infos: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Tensor]:
    return {
        name: Tensor(
            dtype=type_name(infos[name].dtype),
            shape=_shape(infos[name].tensor_shape),
            default=make_ndarray(defaults[name]) if name in defaults else None,
        )
        for name in sorted(infos)
    }


def _shape(proto: Any) -> tuple[int | None, ...] | None:
    if proto.unknown_rank:
        return None
    return tuple(None if dim.size < 0 else int(dim.size) for dim in proto.dim)
