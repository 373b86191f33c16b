"""JSON → arrays by the rules of TensorFlow Serving, with its words where something is wrong.

The rules and words are those of ``tensorflow_serving/util/json_tensor.cc``.

Where a signature takes the times of events, ``timestamp``, a request may leave them out: they
are 0, and the order alone counts.

The row format (``instances``) gives every input one value for each row. TensorFlow Serving cannot pass scalars such as
``k`` that way; here each instance may carry them and all must agree, and an instance may leave out what has a default.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tfrs_lab.serving.http.errors import ApiError, invalid
from tfrs_lab.serving.http.payloads.values import is_base64, shown, to_array
from tfrs_lab.serving.http.signature import DEFAULTS, Signature, Tensor

TIMES = "timestamp"


def parse_json(body: bytes) -> dict[str, Any]:
    """Reads a request's body: an object, ``NaN`` and ``Infinity`` allowed.

    Raises:
        ApiError: It is none.
    """
    if not body:
        raise invalid("JSON Parse error: The document is empty")
    try:
        document = json.loads(body)
    except json.JSONDecodeError as error:
        raise invalid(f"JSON Parse error: {error.msg} at offset: {error.pos}") from None
    except UnicodeDecodeError as error:
        raise invalid(f"JSON Parse error: Invalid encoding, expected UTF-8, at offset: {error.start}") from None
    except RecursionError:
        raise invalid("JSON Parse error: Lists or objects are nested too deeply") from None
    except ValueError as error:  # a whole number of thousands of digits
        raise invalid(f"JSON Parse error: {error}") from None
    if not isinstance(document, dict):
        raise invalid(f"JSON Value: {shown(document)} Is not object")
    return document


def read_inputs(document: Mapping[str, Any], signature: Signature) -> tuple[dict[str, np.ndarray], bool]:
    """The arrays of a request.

    Args:
        document: A request with ``instances`` or ``inputs``.
        signature: Which inputs there are.

    Returns:
        Input name → array, and whether the request is in row format.

    Raises:
        ApiError: They do not fit the signature.
    """
    if "instances" in document and "inputs" in document:
        problem = "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist"
        raise invalid(f"JSON Value: {shown(document)} {problem}")
    if "instances" in document:
        instances = document["instances"]
        if not isinstance(instances, list):
            raise invalid(f"JSON Value: {shown(document)} Expecting 'instances' to be an list/array")
        if not instances:
            raise invalid(f"JSON Value: {shown(document)} No values in 'instances' array")
        return _from_rows(instances, signature), True
    if "inputs" in document:
        return _from_columns(document["inputs"], signature), False
    raise invalid("Missing 'inputs' or 'instances' key")


def _from_columns(value: Any, signature: Signature) -> dict[str, np.ndarray]:
    inputs = signature.inputs
    if not isinstance(value, dict) or is_base64(value):
        if len(inputs) > 1:
            raise invalid(
                "inputs is a plain value/list, but expecting an object as multiple input tensors required as per "
                f"tensorinfo_map ({', '.join(inputs)})"
            )
        return {name: to_array(value, tensor.dtype) for name, tensor in inputs.items()}
    arrays: dict[str, np.ndarray] = {}
    for name, tensor in inputs.items():
        if name == TIMES and name not in value and "movie_id" in arrays:
            arrays[name] = np.zeros(arrays["movie_id"].shape, tensor.dtype)
            continue
        if name not in value:
            raise invalid(f"Missing named input: {name} in 'inputs' object.")
        arrays[name] = _read(value[name], tensor, "", f" (named input: {name} in 'inputs' object)")
    return arrays


def _from_rows(instances: Sequence[Any], signature: Signature) -> dict[str, np.ndarray]:
    inputs = signature.inputs
    if not _is_object(instances[0]):
        if len(inputs) > 1:
            raise invalid(
                "instances is a plain list, but expecting list of objects as multiple input tensors required as per "
                f"tensorinfo_map ({', '.join(inputs)})"
            )
        instances = [{next(iter(inputs)): _plain(position, item)} for position, item in enumerate(instances)]
    for position, item in enumerate(instances):
        if not _is_object(item):
            raise invalid(f"Expecting object but got list at item {position} of input list")
    if TIMES in inputs:
        instances = [{TIMES: _no_times(item.get("movie_id")), **item} for item in instances]
    for position, item in enumerate(instances):
        _check_keys(position, item, inputs)
    return {name: _column(name, tensor, instances) for name, tensor in inputs.items()}


def _no_times(movie_ids: Any) -> list[int]:
    """A 0 for each movie of an instance; what is no list is refused as ``movie_id``."""
    return [0] * len(movie_ids) if isinstance(movie_ids, list) else []


def _plain(position: int, item: Any) -> Any:
    if _is_object(item):
        raise invalid(f"Expecting value/list but got object at item {position} of input list")
    return item


def _check_keys(position: int, item: Mapping[str, Any], inputs: Mapping[str, Tensor]) -> None:
    for name in item:
        if name not in inputs:
            raise invalid(
                f"Failed to process element: {position} key: {name} of 'instances' list. Error: INVALID_ARGUMENT: JSON "
                f"object: does not have named input: {name}; expected {', '.join(inputs)}"
            )
    missing = [name for name, tensor in inputs.items() if name not in item and not _has_default(name, tensor)]
    if missing:
        raise invalid(
            f"Failed to process element: {position} of 'instances' list. JSON object: {shown(item)} keys must be equal "
            f"to: {','.join(inputs)}; missing: {','.join(missing)}"
        )


def _column(name: str, tensor: Tensor, instances: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """One input of all instances: stacked, or, of a scalar, the value on which they agree."""
    arrays: list[np.ndarray] = []
    for position, item in enumerate(instances):
        where = f"Failed to process element: {position} key: {name} of 'instances' list. Error: INVALID_ARGUMENT: "
        array = _read(item[name], tensor, where) if name in item else _default(name, tensor)
        if arrays and array.shape != arrays[0].shape:
            raise invalid(f"{where}Expecting shape {_text(arrays[0])} but got: {_text(array)}")
        if arrays and tensor.is_scalar and array.tobytes() != arrays[0].tobytes():
            raise invalid(
                f"{where}{name} is one value for the whole request: expected {arrays[0]} as in element 0, got {array}"
            )
        arrays.append(array)
    return arrays[0] if tensor.is_scalar else np.stack(arrays)


def _has_default(name: str, tensor: Tensor) -> bool:
    return tensor.default is not None or name in DEFAULTS


def _default(name: str, tensor: Tensor) -> np.ndarray:
    """The default of one instance."""
    if tensor.default is None:
        return to_array(DEFAULTS[name], tensor.dtype)
    return tensor.default if tensor.is_scalar else tensor.default[0]


def default_input(name: str, tensor: Tensor, rows: int) -> np.ndarray:
    """The default of an input for a request with so many rows.

    Raises:
        ApiError: It has none.
    """
    if not _has_default(name, tensor):
        raise invalid(f"Missing named input: {name}, a {tensor.dtype} tensor of shape {tensor.shape}")
    one = _default(name, tensor)
    return one if tensor.is_scalar else np.repeat(one[None], rows, axis=0)


def _read(value: Any, tensor: Tensor, before: str, after: str = "") -> np.ndarray:
    """Reads an input; an error says which one."""
    try:
        return to_array(value, tensor.dtype)
    except ApiError as error:
        raise invalid(f"{before}{error.message}{after}") from None


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and not is_base64(value)


def _text(array: np.ndarray) -> str:
    return "[" + ",".join(map(str, array.shape)) + "]"
