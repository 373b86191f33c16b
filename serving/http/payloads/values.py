"""One JSON value → one array, by the rules of TensorFlow Serving.

A list's first elements give the shape and every other list must agree; numbers are not converted between whole and
decimal except into floats; bytes come as ``{"b64": "..."}``.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import numpy as np

from tfrs_lab.serving.http.errors import invalid

_DEBUG_LENGTH = 256
_MAX_RANK = 8
_INTEGERS = {f"{sign}int{bits}": np.iinfo(f"{sign}int{bits}") for sign in ("", "u") for bits in (8, 16, 32, 64)}
_FLOATS = ("float32", "float64", "half")
_TYPE_NAMES = {"float32": "float", "float64": "double"}
_JSON_TYPES = {type(None): "Null", dict: "Object", list: "Array", str: "String", int: "Number", float: "Number"}


def to_array(value: Any, dtype: str) -> np.ndarray:
    """One JSON value as an array.

    Args:
        value: A scalar or nested lists.
        dtype: TensorFlow's name of the type.

    Returns:
        The array; strings as objects of type bytes.

    Raises:
        ApiError: The lists are ragged or a value has another type.

    >>> to_array([[1, 2.5], [3, 4]], "float32").tolist()
    [[1.0, 2.5], [3.0, 4.0]]
    """
    shape = _shape(value)
    flat: list[Any] = []
    _fill(value, 0, shape, _converter(dtype), flat)
    array = np.empty(len(flat), dtype=object if dtype == "string" else np.dtype(dtype))
    with np.errstate(over="ignore"):  # 1e39 becomes infinity, which is checked later
        array[:] = flat
    return array.reshape(shape)


def shown(value: Any) -> str:
    """The beginning of a JSON value, for messages.

    >>> shown({"a": [1, None]})
    '{"a": [1, null]}'
    """
    text = ""
    try:
        for piece in json.JSONEncoder(ensure_ascii=False).iterencode(value):
            text += piece[: _DEBUG_LENGTH + 1]
            if len(text) > _DEBUG_LENGTH:
                break
    except RecursionError:
        text += "..."
    return text if len(text) <= _DEBUG_LENGTH else text[:_DEBUG_LENGTH] + "..."


def is_base64(value: Any) -> bool:
    """Whether a JSON value stands for bytes."""
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("b64"), str)


def _shape(value: Any) -> tuple[int, ...]:
    shape: list[int] = []
    while isinstance(value, list):
        if len(shape) == _MAX_RANK:
            raise invalid(f"expected lists nested at most {_MAX_RANK} deep, got more")
        shape.append(len(value))
        value = value[0] if value else None
    return tuple(shape)


def _fill(value: Any, level: int, shape: tuple[int, ...], convert: Callable[[Any], Any], flat: list[Any]) -> None:
    """Appends the leaves of nested lists, all of which must have the given shape."""
    if not isinstance(value, list):
        if level != len(shape):
            raise invalid(
                f"JSON Value: {shown(value)} found at incorrect level: {level + 1} in the JSON DOM. Expected at level: "
                f"{len(shape)}"
            )
        flat.append(convert(value))
        return
    if level >= len(shape):
        raise invalid(f"Encountered list at unexpected level: {level} expected < {len(shape)}")
    if len(value) != shape[level]:
        raise invalid(
            f"Encountered list at unexpected size: {len(value)} at level: {level} expected size: {shape[level]}"
        )
    for item in value:
        _fill(item, level + 1, shape, convert, flat)


def _converter(dtype: str) -> Callable[[Any], Any]:
    if dtype == "string":
        return _to_bytes
    if dtype == "bool":
        return lambda value: value if type(value) is bool else _wrong_type(value, dtype)
    if dtype in _FLOATS:
        return lambda value: _to_float(value, dtype)
    if dtype in _INTEGERS:
        limits = _INTEGERS[dtype]
        fits = range(int(limits.min), int(limits.max) + 1)
        return lambda value: value if type(value) is int and value in fits else _wrong_type(value, dtype)
    raise invalid(f"Conversion of JSON values to type {dtype} is not supported")


def _to_float(value: Any, dtype: str) -> float:
    if type(value) not in (int, float):
        _wrong_type(value, dtype)
    try:
        return float(value)
    except OverflowError:
        return _wrong_type(value, dtype)


def _to_bytes(value: Any) -> bytes:
    if isinstance(value, dict):
        return _from_base64(value)
    if type(value) is not str:
        _wrong_type(value, "string")
    try:
        return value.encode()
    except UnicodeEncodeError:
        raise invalid(f"JSON Value: {json.dumps(value)} Type: String holds half of a surrogate pair") from None


def _from_base64(value: dict[str, Any]) -> bytes:
    if not is_base64(value):
        raise invalid(f"JSON Value: {shown(value)} not formatted correctly for base64 data")
    try:
        return base64.b64decode(value["b64"], validate=True)
    except ValueError:
        raise invalid("Unable to base64 decode") from None


def _wrong_type(value: Any, dtype: str) -> Any:
    json_type = str(value) if isinstance(value, bool) else _JSON_TYPES[type(value)]
    name = _TYPE_NAMES.get(dtype, dtype)
    raise invalid(f"JSON Value: {shown(value)} Type: {json_type} is not of expected type: {name}")
